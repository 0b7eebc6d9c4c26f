"""Places along lines and over areas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from engine.errors import InvalidParameter, RequestTooLarge
from engine.sample_places import sample_places

LINE = shapely.LineString([(0, 0), (30, 0), (30, 40)])


def test_points_are_taken_as_they_are() -> None:
    points = shapely.MultiPoint([(3, 1), (1, 2), (3, 1)])
    np.testing.assert_array_equal(sample_places(points, 7, 0.1), [(3, 1), (1, 2), (3, 1)])


def test_a_line_without_a_count_is_its_vertices() -> None:
    np.testing.assert_array_equal(sample_places(LINE, None, None), LINE.coords)


def test_a_count_divides_a_line_evenly_from_end_to_end() -> None:
    want = [(0, 0), (17.5, 0), (30, 5), (30, 22.5), (30, 40)]
    np.testing.assert_allclose(sample_places(LINE, 5, None), want)
    np.testing.assert_allclose(sample_places(LINE, 1, None), [(30, 5)])


def test_a_distance_is_kept_along_the_line_and_its_end_is_there() -> None:
    found = sample_places(LINE, None, 20.0)
    np.testing.assert_allclose(found, [(0, 0), (20, 0), (30, 10), (30, 30), (30, 40)])
    np.testing.assert_allclose(sample_places(LINE, 3, 35.0), [(0, 0), (30, 5), (30, 40)])


def test_paths_follow_one_another() -> None:
    paths = shapely.MultiLineString([[(0, 0), (10, 0)], [(100, 0), (130, 0)]])
    np.testing.assert_allclose(sample_places(paths, 3, None), [(0, 0), (110, 0), (130, 0)])
    np.testing.assert_allclose(sample_places(paths, None, 20.0)[:, 0], [0, 10, 100, 120, 130])


def test_an_area_has_about_a_hundred_places_inside() -> None:
    for shape in (
        shapely.box(0, 0, 50, 20),
        shapely.Point(5, 5).buffer(3),
        shapely.box(0, 0, 1, 90),
    ):
        found = sample_places(shape, None, None)
        assert 80 <= len(found) <= 120
        assert shapely.contains_xy(shape, found).all()


def test_an_area_by_distance_is_a_grid() -> None:
    found = sample_places(shapely.box(0, 0, 40, 20), None, 10.0)
    assert found.tolist()[:2] == [[5.0, 15.0], [15.0, 15.0]]
    assert len(found) == 8


def test_an_area_between_all_places_has_one() -> None:
    ring = shapely.Point(0, 0).buffer(10).difference(shapely.Point(0, 0).buffer(9.9))
    found = sample_places(ring, 1, None)
    assert len(found) >= 1
    assert ring.buffer(1e-9).contains(shapely.points(found)).all()


@pytest.mark.parametrize(
    ("shape", "count", "distance"),
    [
        (LINE, 1001, None),
        (LINE, None, 0.05),
        (shapely.box(0, 0, 1e6, 1e6), None, 1.0),
        (shapely.box(0, 0, 100, 100), None, 2.0),
        (shapely.MultiPoint(np.zeros((1001, 2))), None, None),
        (shapely.box(0, 0, 1, 1e-9), None, 1e-300),
    ],
)
def test_no_more_than_a_thousand_places_are_sampled(
    shape: shapely.Geometry, count: int | None, distance: float | None
) -> None:
    with pytest.raises(RequestTooLarge, match="1000"):
        sample_places(shape, count, distance)


def test_shapes_without_a_place_are_named() -> None:
    with pytest.raises(InvalidParameter, match="geometry"):
        sample_places(shapely.Polygon([(0, 0), (1, 1), (0, 0)]), None, None)


def test_needles_do_not_take_all_memory() -> None:
    needle = shapely.Polygon([(0, 0), (1e6, 1e6), (1e6, 1e6 + 1e-6)])
    found = sample_places(needle, 100, None)
    assert 1 <= len(found) <= 1000
    assert math.isfinite(found.sum())
    with pytest.raises(RequestTooLarge, match="1000"):
        sample_places(needle, None, 1.0)
    for long in (shapely.box(0, 0, 1e-20, 1e20), shapely.box(0, 0, 1e15, 1e-6)):
        assert 1 <= len(sample_places(long, 100, None)) <= 1000
        with pytest.raises(RequestTooLarge, match="1000"):
            sample_places(long, None, 1e-3)
