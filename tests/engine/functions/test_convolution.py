"""Convolution against a slow loop in numpy, at edges and beside no data."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ConvolutionRule
from engine.functions.base import BandsInfo
from engine.functions.convolution import Convolution, convolve, kernel_of
from engine.functions.convolution_kernels import KERNELS
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule


def slow(data: np.ndarray, valid: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The sum over neighbours; what is not there counts as the pixel itself."""
    out = np.zeros(data.shape)
    rows, cols = data.shape
    up, left = weights.shape[0] // 2, weights.shape[1] // 2
    for (row, col), own in np.ndenumerate(data):
        if not valid[row, col]:
            continue
        for (r, c), weight in np.ndenumerate(weights):
            at = (row + r - up, col + c - left)
            there = 0 <= at[0] < rows and 0 <= at[1] < cols and valid[at]
            out[row, col] += weight * (data[at] if there else own)
    return out


@pytest.mark.small
@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (12, 11)])
@pytest.mark.parametrize("kind", [10, 12, 4, 14])
def test_sums_equal_a_slow_loop_with_and_without_holes(kind: int, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    data = random.integers(0, 1000, shape).astype(np.uint16)
    for share in (0.0, 0.3, 1.0):
        valid = random.random(shape) >= share
        found = convolve(data, valid, KERNELS[kind])
        assert np.abs(found - slow(data, valid, KERNELS[kind])).max() < 1e-9


@pytest.mark.small
def test_no_number_beside_an_invalid_pixel_spreads() -> None:
    data = np.ones((3, 3), np.float32)
    data[0, 0] = np.nan
    found = convolve(data, np.isfinite(data), KERNELS[10])
    assert np.isfinite(found).all()
    assert abs(found[1, 1] - 1.0) < 1e-12


def test_every_kernel_is_square_with_the_sum_that_esri_lists() -> None:
    assert sorted(KERNELS) == list(range(22))
    sums = {number: round(float(weights.sum()), 3) for number, weights in KERNELS.items()}
    flat = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 17, 18]
    assert [sums[number] for number in flat] == [0.0] * len(flat)
    assert [sums[number] for number in (10, 11, 12, 13, 14, 16, 19, 20)] == [1.0] * 8
    assert KERNELS[16][2, 2] == 17
    assert np.array_equal(KERNELS[14], KERNELS[14].T)


def test_a_kernel_of_ones_own_is_laid_over_the_pixels_as_written() -> None:
    rule = RenderingRule(
        function="Convolution",
        arguments=ConvolutionRule(kind=-1, rows=1, columns=3, kernel=(1, 0, 0)),
        output_pixel_type=PixelType.S32,
    )
    bound = Convolution().bind(BandsInfo(PixelType.U8, 1), rule)
    block = PixelBlock(np.array([[[10, 20, 30]]], np.uint8), np.ones((1, 1, 3), np.bool_))
    assert bound.apply(block).data.tolist() == [[[10, 10, 20]]]
    assert Convolution().padding(rule) == 1


def test_results_are_cut_at_the_limits_of_the_input_type() -> None:
    rule = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=13))
    data = np.array([[[0, 0, 0], [0, 250, 0], [0, 0, 0]]], np.uint8)
    made = Convolution().bind(BandsInfo(PixelType.U8, 1), rule).apply(PixelBlock(data, data >= 0))
    assert made.data[0].tolist() == [[0, 0, 0], [0, 255, 0], [0, 0, 0]]


def test_number_255_does_nothing_and_needs_no_neighbours() -> None:
    rule = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=255))
    block = PixelBlock(np.array([[[1, 9]]], np.uint8), np.ones((1, 1, 2), np.bool_))
    made = Convolution().bind(BandsInfo(PixelType.U8, 1), rule).apply(block)
    assert made.data.tolist() == [[[1, 9]]]
    assert Convolution().padding(rule) == 0


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (ConvolutionRule(kind=22), "Type"),
        (ConvolutionRule(kind=-1, kernel=(1.0,) * 8), "Kernel"),
        (ConvolutionRule(kind=-1, rows=1, columns=1, kernel=(float("nan"),)), "Kernel"),
        (ConvolutionRule(kind=-1, rows=0, columns=3), "Rows"),
        (ConvolutionRule(kind=-1, rows=33, columns=1, kernel=(1.0,) * 33), "Rows"),
    ],
)
def test_kernels_that_cannot_be_are_refused(rule: ConvolutionRule, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        kernel_of(rule)
