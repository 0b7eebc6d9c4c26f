"""Esri Leaflet draws, identifies and queries an image service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.asked import asked, numbers, paths
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import MARBLE, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (512, 384)
_JPEG = 4.0
_INLAND = "[-8, 24], 5"
_COAST = "[-8, 12], 4"


@pytest.fixture
def leaflet(client_page: Callable[[str], Page]) -> Page:
    """The page of Leaflet with Esri Leaflet."""
    return client_page("leaflet")


def _show(page: Page, kind: str, where: str, **options: Any) -> list[float]:
    return list(page.evaluate(f"client.show(L.esri.{kind}({json.dumps(options)}), {where})"))


@pytest.mark.drives("esri-leaflet", "imageMapLayer, f=image")
@pytest.mark.parametrize("where", [_INLAND, _COAST], ids=["as JPEG", "as PNG"])
def test_image_map_layer_draws(
    leaflet: Page, server: RunningServer, engine: EngineRoom, where: str
) -> None:
    box = _show(leaflet, "imageMapLayer", where, url=server.rest(MARBLE))
    made = engine.picture(MARBLE, box, _SIZE, format="jpgpng")
    assert_alike(leaflet.picture("#map"), made, mean=1.0)
    (query,) = asked(leaflet.requests, "/exportImage")
    assert (query["f"], query["format"], query["size"]) == ("image", "jpgpng", "512,384")
    assert (query["bboxSR"], query["imageSR"], query["transparent"]) == ("3857", "3857", "true")
    # It names the top first.
    x, high, right, low = numbers(query["bbox"])
    assert [x, low, right, high] == pytest.approx(box)
    assert any(path.endswith("/ImageServer/?f=json") for path in leaflet.requests)


@pytest.mark.drives("esri-leaflet", "imageMapLayer, f=json")
def test_image_map_layer_follows_the_address_of_a_picture(
    leaflet: Page, server: RunningServer, engine: EngineRoom
) -> None:
    box = _show(leaflet, "imageMapLayer", _COAST, url=server.rest(MARBLE), f="json")
    assert_alike(leaflet.picture("#map"), engine.picture(MARBLE, box, _SIZE), mean=0.5)
    (query,) = asked(leaflet.requests, "/exportImage")
    assert query["f"] == "json"
    (picture,) = [address for address in leaflet.requests if address.endswith((".png", ".jpg"))]
    assert picture.startswith(server.base)


@pytest.mark.drives("esri-leaflet", "imageMapLayer, f=json")
def test_image_map_layer_may_add_a_token_to_that_address(
    leaflet: Page, server: RunningServer, engine: EngineRoom
) -> None:
    options = {"url": server.rest(MARBLE), "f": "json", "token": "not-needed"}
    box = _show(leaflet, "imageMapLayer", _COAST, **options)
    assert_alike(leaflet.picture("#map"), engine.picture(MARBLE, box, _SIZE), mean=0.5)
    assert leaflet.requests[-1].endswith("?token=not-needed")


@pytest.mark.drives("esri-leaflet", "imageMapLayer, rendering rule, mosaic rule, time")
def test_image_map_layer_draws_rules(
    leaflet: Page, server: RunningServer, engine: EngineRoom
) -> None:
    rendering = {"rasterFunction": "Negative"}
    mosaic = {"mosaicMethod": "esriMosaicCenter", "mosaicOperation": "MT_MIN"}
    rules = {"renderingRule": rendering, "mosaicRule": mosaic, "bandIds": "2,1,0"}
    first, last = 1_083_369_600_000, 1_088_369_600_000
    times = f"from: new Date({first}), to: new Date({last})"
    options = json.dumps({"url": server.rest(TEMPLATED), "format": "png32", **rules})
    made = f"L.esri.imageMapLayer(Object.assign({options}, {{ {times} }}))"
    box = leaflet.evaluate(f"client.show({made}, {_COAST})")
    (query,) = asked(leaflet.requests, "/exportImage")
    assert query["time"] == f"{first},{last}"
    same = {key: query[key] for key in ("renderingRule", "mosaicRule", "bandIds", "time")}
    expected = engine.picture(TEMPLATED, box, _SIZE, **same)
    assert_alike(leaflet.picture("#map"), expected, mean=0.5)
    assert (expected != engine.picture(TEMPLATED, box, _SIZE)).mean() > 0.5


@pytest.mark.drives("esri-leaflet", "tiledMapLayer")
def test_tiled_map_layer_draws(leaflet: Page, server: RunningServer, engine: EngineRoom) -> None:
    box = _show(leaflet, "tiledMapLayer", _INLAND, url=server.rest(MARBLE))
    assert_alike(leaflet.picture("#map"), engine.tiles(MARBLE, 5, box), mean=_JPEG)
    assert "/tile/5/16/18" in paths(leaflet.requests, MARBLE)


@pytest.mark.drives("esri-leaflet", "copyright in the attribution")
def test_copyright_is_shown(leaflet: Page, server: RunningServer) -> None:
    leaflet.evaluate("void client.attribution.addTo(client.map)")
    _show(leaflet, "imageMapLayer", _INLAND, url=server.rest(TEMPLATED))
    shown = "document.querySelector('.leaflet-control-attribution').textContent"
    leaflet.wait_for(f"{shown}.includes('NASA Earth Observatory')")
    leaflet.evaluate("void client.attribution.remove()")


@pytest.mark.drives("esri-leaflet", "identifyImage")
def test_identify_image(leaflet: Page, server: RunningServer, engine: EngineRoom) -> None:
    task = f"L.esri.identifyImage({{ url: '{server.rest(MARBLE)}' }}).at(L.latLng(-8, 24))"
    found = leaflet.evaluate(f"client.run({task})")["result"]
    x, y = 2_671_667.78, -893_463.75
    half = engine.service(MARBLE).summary.pixel_size_x / 2
    nearest = {"interpolation": "RSP_NearestNeighbor"}
    box = (x - half, y - half, x + half, y + half)
    samples = engine.samples(MARBLE, box, (1, 1), **nearest).data[:, 0, 0].tolist()
    pixel = found["pixel"]
    assert pixel["geometry"]["coordinates"] == pytest.approx([24, -8])
    assert pixel["properties"]["value"] == ", ".join(map(str, samples))
    assert found["catalogItems"]["features"][0]["properties"]["Name"].startswith("BM_2004")


@pytest.mark.drives("esri-leaflet", "identifyImage")
def test_identify_image_by_a_rule_and_a_pixel_size(leaflet: Page, server: RunningServer) -> None:
    where = "setMosaicRule({ where: \"Name = 'none of them'\" }).setPixelSize([0.05, 0.05])"
    address = server.rest(MARBLE)
    task = f"L.esri.identifyImage({{ url: '{address}' }}).at(L.latLng(-8, 24)).{where}"
    found = leaflet.evaluate(f"client.run({task})")["raw"]
    assert found["value"] == "NoData"
    assert asked(leaflet.requests, "/identify")[0]["pixelSize"] == "0.05,0.05"


@pytest.mark.drives("esri-leaflet", "query")
def test_query_asks_for_counts_ids_bounds_and_features(
    leaflet: Page, server: RunningServer, engine: EngineRoom
) -> None:
    query = f"L.esri.query({{ url: '{server.rest(MARBLE)}' }})"
    count = leaflet.evaluate(_callback(f"{query}.where('1=1')", "count"))
    assert count == engine.service(MARBLE).summary.item_count
    assert leaflet.evaluate(_callback(f"{query}.where('OBJECTID < 4')", "ids")) == [1, 2, 3]
    west, south, east, north = leaflet.evaluate(
        _callback(
            f"{query}.where('OBJECTID = 37')",
            "bounds",
            "value.toBBoxString().split(',').map(Number)",
        )
    )
    assert west < 24 < east
    assert south < -8 < north
    found = leaflet.evaluate(
        f"client.run({query}.where('1=1').contains(L.latLng(-8, 24)).orderBy('Name', 'DESC').limit(3))"
    )
    # Its own GeoJSON has the features from the last to the first.
    names = [feature["attributes"]["Name"] for feature in found["raw"]["features"]]
    assert 0 < len(names) <= 3
    assert names == sorted(names, reverse=True)
    assert {feature["geometry"]["type"] for feature in found["result"]["features"]} == {"Polygon"}


@pytest.mark.drives("esri-leaflet", "query")
def test_query_reads_geojson_of_a_modern_server(leaflet: Page, server: RunningServer) -> None:
    query = f"L.esri.query({{ url: '{server.rest(MARBLE)}', isModern: true }})"
    found = leaflet.evaluate(f"client.run({query}.where('OBJECTID < 3'))")["raw"]
    assert found["type"] == "FeatureCollection"
    assert [feature["id"] for feature in found["features"]] == [1, 2]
    assert asked(leaflet.requests, "/query")[0]["f"] == "geojson"


def _callback(task: str, method: str, wanted: str = "value") -> str:
    """Return the JavaScript that calls a method of a task and waits for what it gives."""
    return (
        f"new Promise((done, fail) => {task}.{method}((error, value) =>"
        f" error ? fail(new Error(error.message)) : done({wanted})))"
    )
