"""Browser clients draw a service by WMS, and read its capabilities, values and legend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.clients.asked import asked, numbers
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

    OpenPage = Callable[[str], Page]


_SIZE = (512, 384)
_LEVEL_5_M = 4891.969810251278
_MIDDLE = "[2000000, -1000000]"


@pytest.fixture
def short(server: RunningServer) -> str:
    """The short address of the service with WMS."""
    return f"{server.base}/wms/{TEMPLATED}"


@pytest.fixture
def esri(server: RunningServer) -> str:
    """The address that ArcGIS gives it."""
    return f"{server.base}/arcgis/services/{TEMPLATED}/ImageServer/WMSServer"


def _openlayers(page: Page, kind: str, url: str, resolution: float, **params: str) -> list[float]:
    source = {"url": url, "params": {"LAYERS": TEMPLATED, **params}, "crossOrigin": "anonymous"}
    source |= {"transition": 0} if kind == "Tile" else {"ratio": 1}
    made = f"window.source = new ol.source.{kind}WMS({json.dumps(source)})"
    layer = f"new ol.layer.{kind}({{ source: {made} }})"
    return list(page.evaluate(f"client.show({layer}, {_MIDDLE}, {resolution})"))


@pytest.mark.drives("leaflet", "WMS 1.1.1 and 1.3.0")
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_leaflet_draws_wms(
    client_page: OpenPage, esri: str, engine: EngineRoom, version: str
) -> None:
    leaflet = client_page("leaflet")
    options: dict[str, Any] = {"layers": TEMPLATED, "version": version, "transparent": True}
    options["format"] = "image/png"
    layer = f"L.tileLayer.wms('{esri}', {json.dumps(options)})"
    box = leaflet.evaluate(f"client.show({layer}, [-8, 24], 5)")
    assert_alike(leaflet.picture("#map"), engine.tiles(TEMPLATED, 5, box), mean=0.5)
    query = asked(leaflet.requests, "/WMSServer")[0]
    assert query["srs" if version == "1.1.1" else "crs"] == "EPSG:3857"


@pytest.mark.drives("leaflet", "WMS 1.1.1 and 1.3.0")
def test_leaflet_names_latitude_first_in_wms_1_3(
    client_page: OpenPage, short: str, engine: EngineRoom
) -> None:
    leaflet = client_page("leaflet")
    options = json.dumps({"layers": TEMPLATED, "version": "1.3.0", "format": "image/jpeg"})
    layer = f"L.tileLayer.wms('{short}', Object.assign({options}, {{ crs: L.CRS.EPSG4326 }}))"
    box = leaflet.evaluate(f"client.show({layer}, [-8, 24], 5)")
    south, west, north, east = numbers(asked(leaflet.requests, TEMPLATED)[0]["bbox"])
    assert -20 < south < north < 20
    assert 0 < west < east < 60
    # A tile is drawn on a map of degrees and shown on one of Web Mercator: near the equator they hardly differ.
    assert_alike(leaflet.picture("#map"), engine.tiles(TEMPLATED, 5, box), mean=6.0)


@pytest.mark.drives("ol", "ImageWMS")
def test_openlayers_draws_one_picture_by_wms(
    client_page: OpenPage, short: str, engine: EngineRoom
) -> None:
    ol = client_page("ol")
    box = _openlayers(ol, "Image", short, 8000)
    assert_alike(ol.picture("#map"), engine.picture(TEMPLATED, box, _SIZE), mean=0.5)
    (query,) = asked(ol.requests, TEMPLATED)
    assert (query["VERSION"], query["FORMAT"], query["STYLES"]) == ("1.3.0", "image/png", "")


@pytest.mark.drives("ol", "ImageWMS, style and TIME")
def test_openlayers_draws_a_style_and_a_time(
    client_page: OpenPage, short: str, engine: EngineRoom
) -> None:
    ol = client_page("ol")
    chosen = {"STYLES": "Negative", "VERSION": "1.1.1", "TIME": "2004-05-01/2004-06-30"}
    box = _openlayers(ol, "Image", short, 8000, **chosen)
    rule = '{"rasterFunction":"Negative"}'
    times = f"{1_083_369_600_000},{1_088_639_999_999}"
    made = engine.picture(TEMPLATED, box, _SIZE, renderingRule=rule, time=times)
    assert_alike(ol.picture("#map"), made, mean=0.5)
    assert not np.array_equal(made, engine.picture(TEMPLATED, box, _SIZE, renderingRule=rule))


@pytest.mark.drives("ol", "TileWMS")
def test_openlayers_draws_tiles_by_wms(
    client_page: OpenPage, short: str, engine: EngineRoom
) -> None:
    ol = client_page("ol")
    box = _openlayers(ol, "Tile", short, _LEVEL_5_M)
    assert_alike(ol.picture("#map"), engine.tiles(TEMPLATED, 5, box), mean=0.5)


@pytest.mark.drives("ol", "GetFeatureInfo, GetLegendGraphic and capabilities")
def test_openlayers_reads_values_a_legend_and_capabilities(
    client_page: OpenPage, short: str, engine: EngineRoom
) -> None:
    ol = client_page("ol")
    _openlayers(ol, "Image", short, 8000)
    wanted = f"[2671667, -893463], {_LEVEL_5_M}, 'EPSG:3857', {{ INFO_FORMAT: 'application/json' }}"
    told = ol.evaluate(f"fetch(source.getFeatureInfoUrl({wanted})).then(answer => answer.json())")
    (feature,) = told["features"]
    x, y = feature["geometry"]["coordinates"]
    assert (x, y) == pytest.approx((2_671_667, -893_463), abs=_LEVEL_5_M)
    half = _LEVEL_5_M / 2
    near = engine.samples(TEMPLATED, (x - half, y - half, x + half, y + half), (1, 1)).data[:, 0, 0]
    values = [feature["properties"][name] for name in ("Red", "Green", "Blue")]
    assert values == pytest.approx([int(value) for value in near], abs=8)
    legend = ol.evaluate(
        f"fetch(source.getLegendUrl({_LEVEL_5_M})).then(answer => answer.headers.get('content-type'))"
    )
    assert legend == "image/png"
    read = "new ol.format.WMSCapabilities().read(text).Capability.Layer"
    capabilities = f"fetch('{short}?SERVICE=WMS&REQUEST=GetCapabilities').then(a => a.text())"
    layer = ol.evaluate(f"{capabilities}.then(text => {read})")
    (inner,) = layer["Layer"]
    assert {"EPSG:3857", "EPSG:4326"} <= set(layer["CRS"])
    assert [style["Name"] for style in inner["Style"]] == ["default", "Negative"]
    assert inner["Dimension"][0]["name"] == "time"


@pytest.mark.drives("maplibre", "WMS, by {bbox-epsg-3857}")
def test_maplibre_draws_wms(client_page: OpenPage, short: str, engine: EngineRoom) -> None:
    maplibre = client_page("maplibre")
    asked_for = f"SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={TEMPLATED}&STYLES=&CRS=EPSG:3857"
    shape = "BBOX={bbox-epsg-3857}&WIDTH=256&HEIGHT=256&FORMAT=image/png&TRANSPARENT=true"
    source = json.dumps({"tiles": [f"{short}?{asked_for}&{shape}"], "tileSize": 256})
    box = maplibre.evaluate(f"client.show({source}, [20, -8], 4)")
    assert_alike(maplibre.picture("#map"), engine.tiles(TEMPLATED, 5, box), mean=1.0)


@pytest.mark.drives("cesium", "WebMapServiceImageryProvider")
def test_cesium_draws_wms(client_page: OpenPage, short: str, engine: EngineRoom) -> None:
    cesium = client_page("cesium")
    options = {"url": short, "layers": TEMPLATED}
    options |= {"parameters": {"transparent": True, "format": "image/png"}}
    made = f"new Cesium.WebMapServiceImageryProvider({json.dumps(options)})"
    box = cesium.evaluate(f"client.show({made}, 10, -20, 30, 0)")
    picture = engine.picture(TEMPLATED, box, _SIZE)
    assert_alike(cesium.picture("#map"), picture, mean=8.0, far=0.03)


@pytest.mark.drives("arcgis", "WMSLayer")
@pytest.mark.parametrize("kind", ["short", "esri"])
def test_arcgis_js_draws_wms(
    client_page: OpenPage, engine: EngineRoom, request: pytest.FixtureRequest, kind: str
) -> None:
    arcgis = client_page("arcgis")
    layer = f"window.layer = new client.WMSLayer({{ url: '{request.getfixturevalue(kind)}' }})"
    sides = {"xmin": 1_400_000, "ymin": -1_800_000, "xmax": 3_448_000, "ymax": -264_000}
    box = json.dumps({**sides, "spatialReference": {"wkid": 102100}})
    shown = arcgis.evaluate(f"client.show({layer}, {box})")
    assert_alike(arcgis.picture("#map"), engine.picture(TEMPLATED, shown, _SIZE), mean=0.5)
    assert arcgis.evaluate("layer.copyright") == "NASA Earth Observatory"
    assert arcgis.evaluate("layer.timeInfo.fullTimeExtent.start.getTime()") > 0
