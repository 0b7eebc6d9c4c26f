"""Holes filled from points around, against scipy's distance transform and numpy pixel by pixel.

Covers engine.function_rules.focal.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from engine.errors import InvalidParameter
from engine.function_rules import InterpolateIrregularDataRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.functions.interpolate_irregular_data import offsets_within
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

RNG = np.random.default_rng(41)
SHAPE = (40, 50)
SPARSE = RNG.random((1, *SHAPE)) > 0.93
BLOCK = PixelBlock(RNG.normal(100, 20, (1, *SHAPE)).astype(np.float32), SPARSE)


def _filled(block: PixelBlock, method: int, radius: float = 4.0) -> PixelBlock:
    arguments = InterpolateIrregularDataRule(interpolation_method=method, radius=radius)
    rule = RenderingRule(function="InterpolateIrregularData", arguments=arguments)
    kinds = {"float32": PixelType.F32, "uint8": PixelType.U8}
    info = BandsInfo(kinds[block.data.dtype.name], block.bands)
    return FUNCTIONS["InterpolateIrregularData"].bind(info, rule).apply(block)


@pytest.mark.parametrize("method", [0, 2, 4])
@pytest.mark.parametrize("radius", [1.0, 2.5, 6.0])
def test_points_stay_and_reach_as_far_as_the_radius(method: int, radius: float) -> None:
    got = _filled(BLOCK, method, radius)
    np.testing.assert_array_equal(got.data[SPARSE], BLOCK.data[SPARSE])
    distance = ndimage.distance_transform_edt(~SPARSE[0])
    np.testing.assert_array_equal(got.valid[0], distance <= radius)


def test_the_nearest_point_is_scipys() -> None:
    got = _filled(BLOCK, 0, 6.0)
    distance, places = ndimage.distance_transform_edt(~SPARSE[0], return_indices=True)
    points = np.argwhere(SPARSE[0])
    for row, col in np.argwhere(got.valid[0]):
        squares = ((points - (row, col)) ** 2).sum(axis=1)
        # Of several as near any may be taken by scipy; ours is the first row by row.
        near = [tuple(point) for point in points[squares == squares.min()]]
        assert tuple(places[:, row, col]) in near
        assert got.data[0, row, col] == BLOCK.data[0][near[0]]
        assert np.isclose(distance[row, col] ** 2, squares.min())


def test_inverse_distances_are_those_of_numpy() -> None:
    radius = 5.0
    got = _filled(BLOCK, 4, radius)
    points = np.argwhere(SPARSE[0])
    values = BLOCK.data[0][SPARSE[0]].astype(float)
    for row, col in np.argwhere(got.valid[0] & ~SPARSE[0]):
        squares = ((points - (row, col)) ** 2).sum(axis=1).astype(float)
        near = squares <= radius**2
        want = np.average(values[near], weights=1 / squares[near])
        np.testing.assert_allclose(got.data[0, row, col], want, rtol=1e-6)


def test_a_plane_comes_back_between_its_points() -> None:
    y, x = np.indices(SHAPE)
    plane = (5000 + 3 * x - 2 * y).astype(np.float32)[np.newaxis]
    got = _filled(PixelBlock(np.where(SPARSE, plane, 0).astype(np.float32), SPARSE), 2, 8.0)
    points, inner = np.argwhere(SPARSE[0]), 0
    for row, col in np.argwhere(~SPARSE[0]):
        near = points[((points - (row, col)) ** 2).sum(axis=1) <= 64]
        if len(near) < 6 or np.linalg.matrix_rank(near - near.mean(axis=0)) < 2:
            continue
        values = plane[0][tuple(near.T)]
        want = np.clip(plane[0, row, col], values.min(), values.max())
        np.testing.assert_allclose(got.data[0, row, col], want, atol=0.01)
        inner += values.min() < plane[0, row, col] < values.max()
    assert inner > 500


def test_points_on_one_line_make_no_plane() -> None:
    data = np.zeros((1, 3, 5), np.float32)
    valid = np.zeros((1, 3, 5), np.bool_)
    data[0, 0, [0, 2, 4]], valid[0, 0, [0, 2, 4]] = (1, 2, 3), True
    got = _filled(PixelBlock(data, valid), 2, 2.0)
    np.testing.assert_array_equal(got.data, _filled(PixelBlock(data, valid), 4, 2.0).data)


def test_whole_numbers_are_rounded_and_bands_have_their_own_holes() -> None:
    data = np.zeros((2, 1, 5), np.uint8)
    data[0, 0, :2], data[1, 0, 3:] = (10, 20), (7, 8)
    valid = data > 0
    got = _filled(PixelBlock(data, valid), 4, 2.0)
    # (10 / 4 + 20 / 1) / (1 / 4 + 1) = 18; (20 / 4) / (1 / 4) = 20.
    np.testing.assert_array_equal(got.data[0, 0, :4], [10, 20, 18, 20])
    np.testing.assert_array_equal(got.valid[:, 0], [[1, 1, 1, 1, 0], [0, 1, 1, 1, 1]])


def test_steps_are_all_within_the_radius_nearest_first() -> None:
    steps = offsets_within(2.0)
    squares = (steps**2).sum(axis=1)
    assert len(steps) == 12
    assert (np.diff(squares) >= 0).all()
    assert squares.max() == 4


@pytest.mark.parametrize(("method", "radius", "named"), [
    (1, 3.0, "InterpolationMethod"), (3, 3.0, "InterpolationMethod"), (0, 0.5, "Radius"),
    (0, 1e9, "Radius"), (0, float("nan"), "Radius"),
])  # fmt: skip
def test_bad_arguments_are_named(method: int, radius: float, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        _filled(BLOCK, method, radius)
