"""Distances from an outline against shapely."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from engine.footprint import pack_rings
from engine.mosaic.edge_weight import _edge_distance_kernel, _edges


@pytest.mark.parametrize("scale", [0.4, 3.0])
def test_distances_near_the_edge_are_exact_and_far_ones_far_enough(scale: float) -> None:
    ring = np.array([[3.0, 2.0], [60.0, 9.0], [50.0, 50.0], [28.0, 30.0], [5.0, 55.0]])
    polygon, width = shapely.Polygon(ring), 6.0
    rows, cols = np.mgrid[0:37, 0:41] * scale + 0.25
    got = np.empty(cols.shape)
    _edge_distance_kernel(_edges(pack_rings([ring]), 64, 64), cols, rows, width, got)
    points = shapely.points(cols, rows)
    want = shapely.distance(polygon.exterior, points)
    want = np.where(shapely.contains_xy(polygon, cols, rows), want, -want)
    np.testing.assert_allclose(np.clip(got, -width, width), np.clip(want, -width, width), atol=1e-9)


def test_without_an_outline_the_raster_itself_is_it() -> None:
    cols, rows = np.array([[32.0, 1.0, -2.0]]), np.array([[5.0, 20.0, 20.0]])
    got = np.empty(cols.shape)
    _edge_distance_kernel(_edges(b"", 64, 48), cols, rows, 10.0, got)
    np.testing.assert_allclose(got, [[5.0, 1.0, -2.0]])
