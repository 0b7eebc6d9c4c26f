"""The ArcGIS Maps SDK for JavaScript measures in an image service: distances, areas, places and volumes."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import shapely

from tests.clients.asked import asked
from tests.clients.services import HEIGHTS, HEIGHTS_LEFT, HEIGHTS_TOP, height_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer

DRIVES = "measures and volumes"
_GEOD = pyproj.Geod(ellps="WGS84")
_TO_DEGREES = pyproj.Transformer.from_crs(3857, 4326, always_xy=True).transform
_ENDS = (
    (HEIGHTS_LEFT + 12_000, HEIGHTS_TOP - 15_000),
    (HEIGHTS_LEFT + 22_000, HEIGHTS_TOP - 21_000),
)
_BOX = (HEIGHTS_LEFT + 10_000, HEIGHTS_TOP - 30_000, HEIGHTS_LEFT + 30_000, HEIGHTS_TOP - 10_000)
_MERCATOR = {"spatialReference": {"wkid": 102100}}


@pytest.fixture
def layer(client_page: Callable[[str], Page], server: RunningServer) -> Page:
    """The page of the SDK with a layer of heights that is loaded."""
    page = client_page("arcgis")
    url = json.dumps({"url": server.rest(HEIGHTS)})
    page.evaluate(f"(window.layer = new client.ImageryLayer({url})).load().then(() => true)")
    return page


def _point(x: float, y: float) -> dict[str, Any]:
    return {"type": "point", "x": x, "y": y, **_MERCATOR}


def _box() -> dict[str, Any]:
    xmin, ymin, xmax, ymax = _BOX
    return {"type": "extent", "xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax, **_MERCATOR}


def _called(page: Page, method: str, **parameters: Any) -> Any:
    """Call a method of the layer; return its result as JSON."""
    call = f"layer.{method}({json.dumps(parameters)})"
    return page.evaluate(f"{call}.then(found => found.toJSON())")


@pytest.mark.drives("arcgis", DRIVES)
def test_imagery_layer_measures_distances_in_space(layer: Page) -> None:
    ends = {"fromGeometry": _point(*_ENDS[0]), "toGeometry": _point(*_ENDS[1])}
    azimuth, _, length = _GEOD.inv(*_TO_DEGREES(*_ENDS[0]), *_TO_DEGREES(*_ENDS[1]))
    flat = _called(layer, "measureDistanceAndAngle", **ends, linearUnit="kilometers")
    assert flat["distance"]["value"] == pytest.approx(length / 1000)
    assert flat["azimuthAngle"]["value"] == pytest.approx(azimuth)
    assert flat["name"] in ("west", "east")
    low, high = (float(height_at(*(np.array([at]) for at in end))[0]) for end in _ENDS)
    space = _called(layer, "measureDistanceAndAngle", **ends, is3D=True)
    assert space["distance"]["value"] == pytest.approx(math.hypot(length, high - low), rel=1e-6)
    slope = math.degrees(math.atan2(high - low, length))
    assert space["elevationAngle"]["value"] == pytest.approx(slope, abs=0.01)
    assert asked(layer.requests, "/measure")[-1]["measureOperation"].endswith("3D")


@pytest.mark.drives("arcgis", DRIVES)
def test_imagery_layer_measures_areas_and_places(layer: Page) -> None:
    shape = shapely.segmentize(shapely.box(*_BOX), 500.0)
    on_earth = shapely.transform(shape, _TO_DEGREES, interleaved=False)
    area, perimeter = _GEOD.geometry_area_perimeter(on_earth)
    found = _called(layer, "measureAreaAndPerimeter", geometry=_box(), areaUnit="square-kilometers")
    assert found["area"]["value"] == pytest.approx(abs(area) / 1e6, rel=1e-6)
    assert found["perimeter"]["value"] == pytest.approx(perimeter, rel=1e-6)
    place = layer.evaluate(
        f"layer.measurePointOrCentroid({json.dumps({'geometry': _point(*_ENDS[0]), 'is3D': True})})"
        ".then(found => [found.point.x, found.point.y, found.point.z])"
    )
    height = height_at(*(np.array([at]) for at in _ENDS[0]))[0]
    assert place == pytest.approx([*_ENDS[0], height], abs=1.0)


@pytest.mark.drives("arcgis", DRIVES)
def test_imagery_layer_calculates_volumes(layer: Page) -> None:
    found = _called(
        layer, "calculateVolume", geometries=[_box()], baseType="constant", constantZ=950
    )
    (told,) = found["volumes"]
    centres = np.arange(200) * 100.0 + 50
    x, y = np.meshgrid(_BOX[0] + centres, _BOX[3] - centres)
    over = height_at(x, y) - 950
    # Cells of 100 m on the map, on the ground as large as PROJ says of each row's middle.
    rows = [
        _GEOD.inv(*_TO_DEGREES(_BOX[0], at - half), *_TO_DEGREES(_BOX[0] + wide, at + half))[2]
        for at in y[:, 0]
        for half, wide in ((0.0, 100.0), (50.0, 0.0))
    ]
    ground = np.prod(np.reshape(rows, (200, 2)), axis=1)[:, np.newaxis]
    assert told["cut"] == pytest.approx((over * ground)[over > 0].sum(), rel=1e-4)
    assert told["fill"] == pytest.approx((over * ground)[over < 0].sum(), rel=1e-4)
    assert told["cutCellCount"] == np.count_nonzero(over > 0)
    assert told["fillCellCount"] == np.count_nonzero(over < 0)
