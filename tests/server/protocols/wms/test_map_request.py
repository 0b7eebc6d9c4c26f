"""GetMap's parameters become the request of exportImage, styles too: server.protocols.wms.styles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.errors import RequestError
from engine.request_parts import RenderingRule
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.parameters import Parameters
from server.protocols.wms.map_request import map_request
from server.protocols.wms.styles import drawing, style_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary
    from server.protocols.wms.operations.base import Question

_MAP = {
    "LAYERS": "hills",
    "CRS": "EPSG:3857",
    "BBOX": "0,0,20,10",
    "WIDTH": "200",
    "HEIGHT": "50",
    "FORMAT": "image/png",
    "TRANSPARENT": "TRUE",
}


def test_both_ways_of_asking_are_one_question(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    shared = {
        "mosaicRule": '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[1]}',
        "renderingRule": '{"rasterFunction":"NDVI"}',
        "bandIds": "2,1",
        "interpolation": "RSP_NearestNeighbor",
    }
    export = {"bbox": "0,0,20,10", "bboxSR": "3857", "imageSR": "3857", "size": "200,50"}
    export |= {"format": "png", "adjustAspectRatio": "false"}
    wms = map_request(ask(**_MAP, **shared))
    rest = image_request(Parameters.from_mapping(export | shared), mosaic, "demo/hills")
    # Byte for byte, so that both share what is kept and what is under way.
    assert msgspec.msgpack.encode(wms) == msgspec.msgpack.encode(rest)


def test_the_layer_may_be_named_twice_and_in_full(ask: Callable[..., Question]) -> None:
    once = map_request(ask(**_MAP))
    for layers in ("hills,hills", "demo/hills", "hills, demo/hills"):
        assert map_request(ask(**{**_MAP, "LAYERS": layers, "STYLES": ","})) == once
    with pytest.raises(RequestError):
        map_request(ask(**{**_MAP, "LAYERS": ",".join(["hills"] * 20)}))


def test_styles_are_found_in_any_case(ask: Callable[..., Question]) -> None:
    assert style_names(ask()) == ["default", "High <&>"]
    assert drawing(ask(STYLES="DEFAULT")).rule is None
    styled = drawing(ask(STYLES="high <&>")).rule
    assert isinstance(styled, RenderingRule)
    assert drawing(ask(STYLES="default,High <&>")).rule == styled


def test_templates_named_default_or_with_commas_are_found(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    (template,) = ask().summary.templates
    names = ("Default", "Near infrared, red, green")
    templates = tuple(msgspec.structs.replace(template, name=name) for name in names)
    own = msgspec.structs.replace(mosaic, templates=templates)
    assert style_names(ask(summary=own)) == ["default", names[1]]
    for name in names:
        assert drawing(ask(summary=own, STYLES=name)).rule is not None
    assert drawing(ask(summary=own)).rule is None
