"""Outlines by radiometry: only the collar goes, and no valid pixel with it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.features import rasterize, shapes

from engine.build import footprints
from engine.build.footprints import find_collar, outline
from tests.synthetic import slanted_valid

Bools = NDArray[np.bool_]


def _brute_collar(valid: Bools) -> Bools:
    invalid = ~valid
    found = np.zeros_like(invalid)
    found[0], found[-1], found[:, 0], found[:, -1] = (
        invalid[0],
        invalid[-1],
        invalid[:, 0],
        invalid[:, -1],
    )
    while True:
        grown = found.copy()
        grown[1:] |= found[:-1]
        grown[:-1] |= found[1:]
        grown[:, 1:] |= found[:, :-1]
        grown[:, :-1] |= found[:, 1:]
        grown &= invalid
        if (grown == found).all():
            return found
        found = grown


def _masks() -> st.SearchStrategy[Bools]:
    return st.tuples(
        st.integers(1, 14), st.integers(1, 14), st.integers(0, 2**31), st.floats(0, 1)
    ).map(lambda a: np.random.default_rng(a[2]).random(a[:2]) < a[3])


@given(_masks())
@pytest.mark.small
def test_collar_equals_brute_force(valid: Bools) -> None:
    assert (find_collar(valid) == _brute_collar(valid)).all()


@given(_masks())
@pytest.mark.small
def test_traced_polygons_equal_gdals(valid: Bools) -> None:
    inside = ~find_collar(valid)
    if not inside.any():
        return
    traced = footprints._trace(inside)
    oracle = [
        shapely.geometry.shape(geometry)
        for geometry, _ in shapes(inside.view(np.uint8), mask=inside, connectivity=4)
    ]
    assert all(polygon.is_valid for polygon in traced)
    difference = shapely.union_all(traced).symmetric_difference(shapely.union_all(oracle))
    assert difference.area < 1e-9


def _polygon(rings: list[NDArray[np.float64]]) -> shapely.Geometry:
    return shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])


@given(_masks())
@pytest.mark.small
def test_no_valid_pixel_is_lost_by_more_than_one(valid: Bools) -> None:
    rings = outline(valid)
    if rings is None or not valid.any():
        return
    grown = _polygon(rings).buffer(1.0)
    rows, cols = np.nonzero(valid)
    centers = shapely.points(cols + 0.5, rows + 0.5)
    assert shapely.contains(grown, centers).all()


def test_interior_black_stays_inside() -> None:
    valid = slanted_valid(400, 400)
    valid[180:220, 180:220] = False
    rings = outline(valid)
    assert rings is not None
    assert len(rings) == 1
    assert shapely.contains(_polygon(rings), shapely.Point(200, 200))


def test_a_slanted_swath_becomes_a_few_edges_close_to_its_pixels() -> None:
    valid = slanted_valid(1000, 1000)
    rings = outline(valid)
    assert rings is not None
    assert len(rings) == 1
    assert len(rings[0]) < 150
    area = _polygon(rings).area
    assert abs(area - valid.sum()) < 0.005 * valid.sum()


def test_a_raster_without_collar_keeps_its_extent_and_one_without_pixels_has_none() -> None:
    assert outline(np.ones((5, 7), np.bool_)) is None
    hole = np.ones((9, 9), np.bool_)
    hole[4, 4] = False
    assert outline(hole) is None
    assert outline(np.zeros((5, 7), np.bool_)) == []
    assert outline(np.ones((1, 1), np.bool_)) is None


def test_shrinking_takes_pixels_off_all_around() -> None:
    valid = np.zeros((100, 100), np.bool_)
    valid[10:90, 20:80] = True
    rings = outline(valid, shrink_px=3.0)
    assert rings is not None
    assert shapely.bounds(_polygon(rings)).tolist() == [23, 13, 77, 87]


def test_coarse_cells_grow_so_that_nothing_between_them_is_lost() -> None:
    valid = slanted_valid(400, 400)
    coarse = valid[::8, ::8]
    rings = outline(coarse, (8.0, 8.0), grow_cells=2)
    assert rings is not None
    burnt = rasterize([(_polygon(rings), 1)], out_shape=valid.shape).astype(bool)
    assert not (valid & ~burnt).any()


def test_the_limit_of_vertices_is_kept_and_only_grows_the_outline() -> None:
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:300, 0:300] - 150
    angle = np.arctan2(y, x)
    valid = np.hypot(x, y) < 100 + 20 * np.sin(17 * angle) + rng.random((300, 300)) * 4
    rings = outline(valid, max_vertices=60)
    assert rings is not None
    assert sum(len(ring) for ring in rings) <= 60
    burnt = rasterize([(_polygon(rings), 1)], out_shape=valid.shape).astype(bool)
    assert not (valid & ~burnt).any()


def test_specks_in_the_collar_do_not_become_thousands_of_parts() -> None:
    valid = np.random.default_rng(1).random((512, 512)) < 0.01
    rings = outline(valid)
    assert rings is not None
    assert len(rings) < 400
