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
from engine.build.collar import find_collar
from engine.build.footprint_rule import FootprintRule
from engine.build.footprints import outline, outline_of_valid, shaped
from tests.synthetic import slanted_valid

Bools = NDArray[np.bool_]


def _masks() -> st.SearchStrategy[Bools]:
    return st.tuples(
        st.integers(1, 14), st.integers(1, 14), st.integers(0, 2**31), st.floats(0, 1)
    ).map(lambda a: np.random.default_rng(a[2]).random(a[:2]) < a[3])


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
    rings = outline_of_valid(valid)
    if rings is None or not valid.any():
        return
    grown = _polygon(rings).buffer(1.0)
    rows, cols = np.nonzero(valid)
    centers = shapely.points(cols + 0.5, rows + 0.5)
    assert shapely.contains(grown, centers).all()


def test_interior_black_stays_inside() -> None:
    valid = slanted_valid(400, 400)
    valid[180:220, 180:220] = False
    rings = outline_of_valid(valid)
    assert rings is not None
    assert len(rings) == 1
    assert shapely.contains(_polygon(rings), shapely.Point(200, 200))


def test_a_slanted_swath_becomes_a_few_edges_close_to_its_pixels() -> None:
    valid = slanted_valid(1000, 1000)
    rings = outline_of_valid(valid)
    assert rings is not None
    assert len(rings) == 1
    assert len(rings[0]) < 150
    area = _polygon(rings).area
    assert abs(area - valid.sum()) < 0.005 * valid.sum()


def test_a_raster_without_collar_keeps_its_extent_and_one_without_pixels_has_none() -> None:
    assert outline_of_valid(np.ones((5, 7), np.bool_)) is None
    hole = np.ones((9, 9), np.bool_)
    hole[4, 4] = False
    assert outline_of_valid(hole) is None
    assert outline_of_valid(np.zeros((5, 7), np.bool_)) == []
    assert outline_of_valid(np.ones((1, 1), np.bool_)) is None


def test_shrinking_takes_pixels_off_all_around() -> None:
    valid = np.zeros((100, 100), np.bool_)
    valid[10:90, 20:80] = True
    rings = outline_of_valid(valid, FootprintRule(shrink_px=3.0))
    assert rings is not None
    assert shapely.bounds(_polygon(rings)).tolist() == [23, 13, 77, 87]


def test_cells_of_several_pixels_lose_nothing() -> None:
    valid = slanted_valid(403, 397)
    valid[3, 390] = True
    rows, cols = (-(-side // 8) * 8 for side in valid.shape)
    whole = np.zeros((rows, cols), np.bool_)
    whole[: valid.shape[0], : valid.shape[1]] = valid
    cells = np.asarray(whole.reshape(rows // 8, 8, cols // 8, 8).any(axis=(1, 3)))
    rings = outline(cells, (8.0, 8.0), (397, 403))
    assert rings is not None
    burnt = rasterize([(_polygon(rings), 1)], out_shape=valid.shape).astype(bool)
    assert not (valid & ~burnt).any()
    assert _polygon(rings).bounds[2] <= 397


def test_the_limit_of_vertices_is_kept_and_only_grows_the_outline() -> None:
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:300, 0:300] - 150
    angle = np.arctan2(y, x)
    valid = np.hypot(x, y) < 100 + 20 * np.sin(17 * angle) + rng.random((300, 300)) * 4
    rings = outline_of_valid(valid, FootprintRule(max_vertices=60))
    assert rings is not None
    assert sum(len(ring) for ring in rings) <= 60
    burnt = rasterize([(_polygon(rings), 1)], out_shape=valid.shape).astype(bool)
    assert not (valid & ~burnt).any()


def test_specks_in_the_collar_do_not_become_thousands_of_parts() -> None:
    valid = np.random.default_rng(1).random((512, 512)) < 0.01
    rings = outline_of_valid(valid)
    assert rings is not None
    assert len(rings) < 400


def _parts(valid: Bools, rule: FootprintRule) -> int:
    rings = outline_of_valid(valid, rule)
    assert rings is not None
    return len(rings)


def test_small_regions_are_left_out_but_never_all_of_them() -> None:
    valid = np.zeros((200, 200), np.bool_)
    valid[20:120, 20:120] = True
    valid[150:155, 150:155] = True
    assert _parts(valid, FootprintRule()) == 2
    assert _parts(valid, FootprintRule(min_region_px=26)) == 1
    assert _parts(valid, FootprintRule(min_region_px=10**6)) == 1


def test_gaps_are_closed_up_to_their_width() -> None:
    valid = np.zeros((200, 200), np.bool_)
    valid[20:180, 20:95] = True
    valid[20:180, 100:180] = True
    assert _parts(valid, FootprintRule(close_gaps_px=3)) == 2
    rings = outline_of_valid(valid, FootprintRule(close_gaps_px=8))
    assert rings is not None
    assert len(rings) == 1
    assert _polygon(rings).bounds == (20, 20, 180, 180)


def test_a_whole_raster_is_shrunk_too_and_a_sliver_stays() -> None:
    rings = shaped(None, (100, 50), FootprintRule(shrink_px=5))
    assert rings is not None
    assert _polygon(rings).bounds == (5, 5, 95, 45)
    sliver = shaped(None, (100, 3), FootprintRule(shrink_px=5))
    assert sliver is not None
    assert _polygon(sliver).bounds == (0, 0, 100, 3)


def test_rings_have_no_holes_whatever_closing_gaps_encloses() -> None:
    valid = np.zeros((200, 200), np.bool_)
    valid[20:180, 20:180] = True
    valid[60:140, 60:140] = False
    valid[60:63, 0:60] = False
    rings = outline_of_valid(valid, FootprintRule(close_gaps_px=6))
    assert rings is not None
    assert len(rings) == 1
    assert shapely.contains(_polygon(rings), shapely.Point(100, 100))
