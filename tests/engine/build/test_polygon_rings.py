"""Polygons of the map in raster pixels: edges follow the map's straight lines."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.build.polygon_rings import polygons_to_rings
from engine.footprint import unpack_rings
from engine.geometry.projection import operation, transform
from engine.item import Level

# A scene of 4000 pixels of 50 m: 200 km, where lines of Web Mercator bend by pixels in the zone.
GEOTRANSFORM = (400_000.0, 50.0, 0.0, 7_600_000.0, 0.0, -50.0)
SIZE = Level(4000, 4000, 512, 512)
PIPELINE = operation("EPSG:3857", "EPSG:32633").pipeline
BACK = operation("EPSG:32633", "EPSG:3857").pipeline


def _corners(cols: list[float], rows: list[float]) -> np.ndarray:
    a, b, _, d, _, f = GEOTRANSFORM
    return np.column_stack(transform(BACK, a + np.array(cols) * b, d + np.array(rows) * f))


def _pixels(points: np.ndarray) -> np.ndarray:
    a, b, _, d, _, f = GEOTRANSFORM
    x, y = transform(PIPELINE, points[:, 0].copy(), points[:, 1].copy())
    return np.column_stack([(x - a) / b, (y - d) / f])


def _rings(shape: shapely.Geometry) -> list[np.ndarray]:
    return unpack_rings(polygons_to_rings(shapely.to_wkb(shape), PIPELINE, GEOTRANSFORM, SIZE))


@given(
    cols=st.lists(st.floats(100, 3900), min_size=3, max_size=3),
    rows=st.lists(st.floats(100, 3900), min_size=3, max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_every_point_of_a_straight_edge_is_within_a_quarter_pixel(
    cols: list[float], rows: list[float]
) -> None:
    triangle = shapely.Polygon(_corners(cols, rows))
    if triangle.area < 1e6:
        return
    (ring,) = _rings(triangle)
    along = shapely.get_coordinates(shapely.segmentize(triangle.exterior, triangle.length / 997))
    line = shapely.LineString(ring)
    assert shapely.distance(shapely.points(_pixels(along)), line).max() < 0.25


def test_holes_and_parts_are_rings_of_their_own() -> None:
    outer = shapely.Polygon(_corners([100, 1000, 1000, 100], [100, 100, 1000, 1000]))
    hole = shapely.Polygon(_corners([300, 500, 500, 300], [300, 300, 500, 500]))
    other = shapely.Polygon(_corners([2000, 2500, 2500], [100, 100, 1000]))
    rings = _rings(shapely.MultiPolygon([outer.difference(hole), other]))
    assert len(rings) == 3
    areas = sorted(shapely.Polygon(ring).area for ring in rings)
    assert areas == pytest.approx([200 * 200, 500 * 900 / 2, 900 * 900], rel=0.01)


def test_parts_beside_the_raster_are_left_out() -> None:
    inside = shapely.Polygon(_corners([100, 1000, 1000], [100, 100, 1000]))
    beside = shapely.Polygon(_corners([-900, -100, -100], [100, 100, 900]))
    assert len(_rings(shapely.MultiPolygon([inside, beside]))) == 1
    assert _rings(beside) == []


def test_a_corner_without_a_place_is_an_error() -> None:
    shape = shapely.Polygon([(0, 0), (1e30, 0), (0, 1e30)])
    with pytest.raises(ValueError, match="no place"):
        _rings(shape)
