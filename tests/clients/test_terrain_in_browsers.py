"""Globes and maps in browsers read heights from tiles: of posts (LERC), and of samples (LERC2D)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.geometry.projection import operation, transform
from tests.clients.asked import paths
from tests.clients.services import TERRAIN, VALUES, height_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

    OpenPage = Callable[[str], Page]

# In the middle of the hills, in Web Mercator.
_X = np.array([1_010_000.0, 1_030_000.0, 1_045_000.0])
_Y = np.array([5_890_000.0, 5_870_000.0, 5_860_000.0])
# Between posts 76 m apart of hills of some hundred metres, each on pixels of 100 m.
_NEAR_M = 3.0
_FINEST = 11


@pytest.mark.drives("cesium", "ArcGISTiledElevationTerrainProvider")
@pytest.mark.parametrize(("level", "near_m"), [(_FINEST, _NEAR_M), (_FINEST - 2, 30.0)])
def test_cesium_samples_terrain(
    client_page: OpenPage, server: RunningServer, level: int, near_m: float
) -> None:
    cesium = client_page("cesium")
    lon, lat = transform(operation("EPSG:3857", "EPSG:4326", None).pipeline, _X, _Y)
    places = json.dumps(list(zip(lon.tolist(), lat.tolist(), strict=True)))
    made = f"Cesium.ArcGISTiledElevationTerrainProvider.fromUrl('{server.rest(TERRAIN)}')"
    found = cesium.evaluate(
        f"{made}.then(made => Cesium.sampleTerrain(made, {level},"
        f" {places}.map(([lon, lat]) => Cesium.Cartographic.fromDegrees(lon, lat))))"
        ".then(places => places.map(place => place.height))"
    )
    assert found == pytest.approx(height_at(_X, _Y).tolist(), abs=near_m)
    asked = paths(cesium.requests, TERRAIN)
    assert asked[0] == "/"
    assert any(path.startswith(f"/tile/{level}/") for path in asked)
    # Its reading of a tilemap never ends where the border of one is mixed, so it is not told of them.
    assert not any("tilemap" in path for path in asked)


@pytest.mark.drives("arcgis", "ElevationLayer")
def test_elevation_layer_tells_heights(client_page: OpenPage, server: RunningServer) -> None:
    arcgis = client_page("arcgis")
    points = json.dumps(list(zip(_X.tolist(), _Y.tolist(), strict=True)))
    found = arcgis.evaluate(
        "(async () => {"
        f" const layer = new client.ElevationLayer({{ url: '{server.rest(TERRAIN)}' }});"
        f" const places = {{ type: 'multipoint', points: {points}, spatialReference: {{ wkid: 102100 }} }};"
        " await layer.load();"
        " const found = await layer.queryElevation(places, { returnSampleInfo: true });"
        " return { heights: found.geometry.points.map(point => point[2]),"
        "   resolutions: found.sampleInfo.map(info => info.demResolution) }; })()"
    )
    assert found["heights"] == pytest.approx(height_at(_X, _Y).tolist(), abs=_NEAR_M)
    assert found["resolutions"] == pytest.approx([76.437] * len(_X), abs=0.001)


@pytest.mark.drives("arcgis", "ImageryTileLayer, tiles of values")
def test_imagery_tile_layer_reads_values(
    client_page: OpenPage, server: RunningServer, engine: EngineRoom
) -> None:
    arcgis = client_page("arcgis")
    sides = {"xmin": 1_008_000, "ymin": 5_848_000, "xmax": 1_048_000, "ymax": 5_878_000}
    box = json.dumps({**sides, "spatialReference": {"wkid": 102100}})
    layer = f"window.layer = new client.ImageryTileLayer({{ url: '{server.rest(VALUES)}' }})"
    shown = arcgis.evaluate(f"client.show({layer}, {box})")
    asked = paths(arcgis.requests, VALUES)
    assert any(path.startswith("/tile/") for path in asked)
    assert not any(path.startswith("/exportImage") for path in asked)
    # Stretched in the browser, from the least to the greatest height.
    stretch = {"StretchType": 5, "Statistics": [_least_and_greatest(engine)], "DRA": False}
    rule = {
        "rasterFunction": "Stretch",
        "rasterFunctionArguments": stretch,
        "outputPixelType": "U8",
    }
    made = engine.picture(VALUES, shown, (512, 384), renderingRule=json.dumps(rule))
    seen = arcgis.picture("#map")
    assert np.abs(seen.astype(int) - made).mean() < 4
    x, y = float(_X[1]), float(_Y[1])
    place = {"type": "point", "x": x, "y": y, "spatialReference": {"wkid": 102100}}
    (value,) = arcgis.evaluate(f"layer.identify({json.dumps(place)}).then(found => found.value)")
    # That of the pixel of 76 m which the place is in.
    assert value == pytest.approx(float(height_at(_X, _Y)[1]), abs=15)


def _least_and_greatest(engine: EngineRoom) -> list[float]:
    (statistics,) = engine.service(VALUES).summary.statistics
    return [statistics.min, statistics.max, statistics.mean, statistics.std]
