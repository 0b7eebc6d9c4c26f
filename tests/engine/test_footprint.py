"""Footprints in raster space against shapely, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.footprint import clip_valid, edges_of, pack_rings, unpack_rings

_POINT = st.tuples(st.floats(-6, 22, width=32), st.floats(-6, 22, width=32))


def _clip(
    rings: list[np.ndarray], shape: tuple[int, int], **place: tuple[float, float]
) -> np.ndarray:
    valid = np.ones(shape, np.bool_)
    origin, step = place.get("origin", (0.0, 0.0)), place.get("step", (1.0, 1.0))
    clip_valid(edges_of(pack_rings(rings)), origin, step, valid)
    return valid


def _brute_force(
    polygon: shapely.Geometry,
    shape: tuple[int, int],
    origin: tuple[float, float] = (0.0, 0.0),
    step: tuple[float, float] = (1.0, 1.0),
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels whose centre lies inside, and those whose centre is too near an edge to tell."""
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    x, y = origin[0] + cols * step[0], origin[1] + rows * step[1]
    near = shapely.distance(polygon.boundary, shapely.points(x, y)) < 1e-6
    return shapely.contains_xy(polygon, x, y), near


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_POINT, min_size=3, max_size=9),
    st.tuples(st.floats(-4, 4), st.floats(-4, 4)),
    st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)),
)
def test_clipping_equals_shapely_at_pixel_centres(
    points: list[tuple[float, float]], origin: tuple[float, float], step: tuple[float, float]
) -> None:
    hull = shapely.MultiPoint(points).convex_hull
    if hull.geom_type != "Polygon" or hull.area < 1e-3:
        return
    ring = np.asarray(hull.exterior.coords)
    got = _clip([ring], (16, 16), origin=origin, step=step)
    inside, near = _brute_force(hull, (16, 16), origin, step)
    np.testing.assert_array_equal(got[~near], inside[~near])


def test_concave_rings_with_holes_are_filled_even_odd() -> None:
    shell = np.array([[0.2, 0.3], [15.7, 1.2], [8.1, 8.4], [15.6, 15.2], [0.4, 15.8], [4.3, 7.7]])
    hole = np.array([[5.2, 6.1], [8.3, 6.4], [6.2, 10.7]])
    polygon = shapely.Polygon(shell, [hole])
    got = _clip([shell, hole], (16, 16))
    inside, near = _brute_force(polygon, (16, 16))
    assert not near.any()
    np.testing.assert_array_equal(got, inside)


def test_two_parts_are_both_kept() -> None:
    parts = [shapely.box(1.2, 1.1, 4.4, 14.3), shapely.box(9.1, 2.2, 13.3, 9.9)]
    got = _clip([np.asarray(part.exterior.coords) for part in parts], (16, 16))
    inside, _ = _brute_force(shapely.MultiPolygon(parts), (16, 16))
    np.testing.assert_array_equal(got, inside)


def test_blocks_side_by_side_clip_as_one_piece() -> None:
    rng = np.random.default_rng(4)
    ring = rng.uniform(0, 64, (9, 2))
    whole = _clip([ring], (64, 64))
    parts = [
        [_clip([ring], (16, 16), origin=(col, row)) for col in range(0, 64, 16)]
        for row in range(0, 64, 16)
    ]
    np.testing.assert_array_equal(np.block(parts), whole)
    assert whole.any()


def test_pixels_already_invalid_stay_so() -> None:
    valid = np.zeros((4, 4), np.bool_)
    ring = np.array([[-1.0, -1.0], [9.0, -1.0], [9.0, 9.0], [-1.0, 9.0]])
    clip_valid(edges_of(pack_rings([ring])), (0.0, 0.0), (1.0, 1.0), valid)
    assert not valid.any()


def test_a_ring_beside_the_block_clears_it() -> None:
    ring = np.array([[100.0, 100.0], [120.0, 100.0], [120.0, 120.0], [100.0, 120.0]])
    assert not _clip([ring], (8, 8)).any()


def test_packing_gives_the_rings_back() -> None:
    rings = [np.arange(8.0).reshape(4, 2), np.arange(6.0).reshape(3, 2) / 7]
    for before, after in zip(rings, unpack_rings(pack_rings(rings)), strict=True):
        np.testing.assert_array_equal(before, after)
    assert pack_rings([]) == b""
    assert unpack_rings(b"") == []


@pytest.mark.small
def test_a_single_pixel_is_kept_or_cleared_by_its_centre() -> None:
    keeps = np.array([[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]])
    assert _clip([keeps], (1, 1)).all()
    assert not _clip([keeps + 0.2], (1, 1)).any()


def test_planes_are_refused_where_rows_and_columns_are_wanted() -> None:
    with pytest.raises(ValueError, match="bool"):
        clip_valid(edges_of(b""), (0.0, 0.0), (1.0, 1.0), np.ones((1, 4, 4), np.bool_))
