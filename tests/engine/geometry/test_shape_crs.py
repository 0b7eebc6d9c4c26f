"""Shapes from one CRS to another."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from engine.geometry.projection import operation, transform
from engine.geometry.shape_crs import footprint_to_crs, shape_to_crs

TO_ZONE = operation("EPSG:4326", "EPSG:32633").pipeline
TO_MERCATOR = operation("EPSG:4326", "EPSG:3857").pipeline


def test_no_operation_leaves_the_shape_as_it_is() -> None:
    box = shapely.box(0, 0, 1, 1)
    assert shape_to_crs(box, "proj=noop") is box
    assert footprint_to_crs(box, "proj=noop") is box


def test_long_edges_follow_their_straight_lines() -> None:
    box = shapely.box(12, 60, 18, 66)
    moved = shape_to_crs(box, TO_ZONE)
    # A parallel is an arc in the zone: halfway along the edge it is 2 km off the chord.
    x, y = transform(TO_ZONE, np.array([12.0, 15.0]), np.array([60.0, 60.0]))
    middle = shapely.Point(x[1], y[1])
    assert moved.exterior.distance(middle) < 10
    assert footprint_to_crs(box, TO_ZONE).exterior.distance(middle) > 1000


def test_a_point_stays_a_point() -> None:
    moved = shape_to_crs(shapely.Point(15, 0), TO_ZONE)
    assert (moved.x, moved.y) == pytest.approx((500_000, 0), abs=1e-6)


def test_what_has_no_place_is_cut_off() -> None:
    moved = shape_to_crs(shapely.box(0, 0, 10, 90), TO_MERCATOR)
    assert moved.is_valid
    assert np.isfinite(moved.bounds).all()
    assert moved.bounds[2] == pytest.approx(10 * 111_319.49, rel=1e-6)


def test_a_shape_of_which_nothing_is_left_is_empty() -> None:
    assert shape_to_crs(shapely.Point(0, 91), TO_MERCATOR).is_empty
    assert shape_to_crs(shapely.Polygon(), TO_MERCATOR).is_empty
