"""exportImage: what is asked, and the JSON about the picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.errors import RequestError
from engine.extent import Extent
from engine.request import ImageRequest, PictureInfoRequest
from engine.request_parts import Encoding, View
from engine.results import PictureInfoResult
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import export_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question

_PARAMETERS = {"bbox": "0,0,1,1", "size": "80,60", "f": "json", "token": "secret", "callback": "cb"}


def test_f_image_asks_for_pixels(ask: Callable[..., Question]) -> None:
    asked = export_image.parse(ask({"bbox": "0,0,1,1"}, f="image"))
    assert isinstance(asked.request, ImageRequest)
    assert asked.is_final


def test_f_json_asks_what_the_picture_would_be(ask: Callable[..., Question]) -> None:
    asked = export_image.parse(ask(_PARAMETERS))
    assert isinstance(asked.request, PictureInfoRequest)
    assert not asked.is_final


def test_the_page_shows_the_same_picture_without_the_token(ask: Callable[..., Question]) -> None:
    url = export_image.picture_url(ask(_PARAMETERS))
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert query == {"bbox": ["0,0,1,1"], "size": ["80,60"], "f": ["image"]}


def test_the_answer_states_the_extent_that_was_made(mosaic: ServiceSummary) -> None:
    context = AnswerContext(
        service="demo/hills",
        summary=mosaic,
        request=PictureInfoRequest(image=_image()),
        options={"href": "http://host/x", "f": "json"},
    )
    result = PictureInfoResult(width=80, height=60, extent=Extent(0, 1, 2, 3), crs="EPSG:3857")
    media_type, body = export_image.answer(result, context)
    assert media_type.startswith("application/json")
    assert json.loads(body) == {
        "href": "http://host/x",
        "width": 80,
        "height": 60,
        "extent": {
            "xmin": 0,
            "ymin": 1,
            "xmax": 2,
            "ymax": 3,
            "spatialReference": {"wkid": 102100, "latestWkid": 3857},
        },
        "scale": 0,
    }


def test_a_picture_that_is_too_large_is_refused_before_it_is_asked(
    ask: Callable[..., Question],
) -> None:
    with pytest.raises(RequestError, match="15000"):
        export_image.parse(ask({"size": "1000000,1000000"}, f="image"))


def _image() -> ImageRequest:
    return ImageRequest(view=View(extent=Extent(0, 0, 1, 1)), encoding=Encoding(format="png"))
