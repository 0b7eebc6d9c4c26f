"""OpenLayers draws an image service as pictures, as pictures a tile, and as tiles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.asked import asked, numbers
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import MARBLE, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (512, 384)
_JPEG = 4.0
_LEVEL_5_M = 4891.969810251278
_MIDDLE = "[2000000, -1000000]"


@pytest.fixture
def ol(client_page: Callable[[str], Page]) -> Page:
    """The page of OpenLayers."""
    return client_page("ol")


def _show(page: Page, kind: str, resolution: float, source: str, **options: Any) -> list[float]:
    # Pictures are loaded with CORS, as applications do that read pixels.
    made = json.dumps({"crossOrigin": "anonymous", **options})
    layer = f"new ol.layer.{kind}({{ source: new ol.source.{source}({made}) }})"
    return list(page.evaluate(f"client.show({layer}, {_MIDDLE}, {resolution})"))


@pytest.mark.drives("ol", "ImageArcGISRest")
def test_image_arcgis_rest_draws(ol: Page, server: RunningServer, engine: EngineRoom) -> None:
    box = _show(ol, "Image", 8000, "ImageArcGISRest", url=server.rest(MARBLE), ratio=1)
    assert_alike(ol.picture("#map"), engine.picture(MARBLE, box, _SIZE), mean=0.5)
    (query,) = asked(ol.requests, "/exportImage")
    assert (query["f"], query["format"], query["transparent"]) == ("image", "png32", "true")
    assert (query["bboxSR"], query["imageSR"], query["dpi"]) == ("3857", "3857", "90")
    assert query["size"] == "512,384"
    assert numbers(query["bbox"]) == pytest.approx(box)


@pytest.mark.drives("ol", "ImageArcGISRest")
def test_image_arcgis_rest_asks_for_more_than_it_shows(
    ol: Page, server: RunningServer, engine: EngineRoom
) -> None:
    box = _show(ol, "Image", 7777.7, "ImageArcGISRest", url=server.rest(MARBLE) + "/")
    (query,) = asked(ol.requests, "/exportImage")
    assert query["size"] == "768,576"
    # It cuts its view out of the greater picture.
    assert_alike(ol.picture("#map"), engine.picture(MARBLE, box, _SIZE), mean=2.0)


@pytest.mark.drives("ol", "ImageArcGISRest, rendering rule, mosaic rule")
def test_image_arcgis_rest_draws_rules_by_names_in_capitals(
    ol: Page, server: RunningServer, engine: EngineRoom
) -> None:
    mosaic = {"mosaicMethod": "esriMosaicAttribute", "sortField": "Name", "ascending": False}
    rules = {"RENDERINGRULE": '{"rasterFunction":"Negative"}', "MOSAICRULE": json.dumps(mosaic)}
    params = {**rules, "FORMAT": "jpgpng", "TIME": "1083369600000,1088369600000"}
    url = server.rest(TEMPLATED)
    box = _show(ol, "Image", 8000, "ImageArcGISRest", url=url, ratio=1, params=params)
    expected = engine.picture(TEMPLATED, box, _SIZE, **params)
    assert_alike(ol.picture("#map"), expected, mean=0.5)


@pytest.mark.drives("ol", "TileArcGISRest")
def test_tile_arcgis_rest_draws(ol: Page, server: RunningServer, engine: EngineRoom) -> None:
    source = {"url": server.rest(MARBLE), "transition": 0}
    box = _show(ol, "Tile", _LEVEL_5_M, "TileArcGISRest", **source)
    assert_alike(ol.picture("#map"), engine.tiles(MARBLE, 5, box), mean=1.5)
    queries = asked(ol.requests, "/exportImage")
    assert len(queries) >= 6
    assert {query["size"] for query in queries} == {"256,256"}


@pytest.mark.drives("ol", "XYZ tiles")
@pytest.mark.parametrize("own", [True, False], ids=["of the service", "short address"])
def test_xyz_draws(ol: Page, server: RunningServer, engine: EngineRoom, own: bool) -> None:
    url = f"{server.rest(MARBLE)}/tile/{{z}}/{{y}}/{{x}}"
    if not own:
        url = f"{server.base}/tiles/{MARBLE}/{{z}}/{{x}}/{{y}}.png"
    box = _show(ol, "Tile", _LEVEL_5_M, "XYZ", url=url, transition=0)
    assert_alike(ol.picture("#map"), engine.tiles(MARBLE, 5, box), mean=_JPEG)
