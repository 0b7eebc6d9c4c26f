"""Statistics of the pixels in hand count usable, finite samples only."""

from __future__ import annotations

import numpy as np
import pytest

from engine.functions.view_statistics import histograms_of, statistics_of
from engine.pixels import PixelBlock


def test_invalid_pixels_do_not_count() -> None:
    data = np.array([[[1, 2, 900]], [[5, 5, 900]]], np.uint16)
    first, second = statistics_of(PixelBlock(data, np.array([[[True, True, False]]])))
    assert (first.min, first.max, first.mean, first.std, first.count) == (1, 2, 1.5, 0.5, 2)
    assert (second.min, second.max, second.std) == (5, 5, 0)


def test_nan_and_infinity_do_not_count() -> None:
    data = np.array([[[np.nan, 1.0, np.inf, 3.0]]], np.float32)
    block = PixelBlock(data, np.ones((1, 1, 4), np.bool_))
    assert (statistics_of(block)[0].min, statistics_of(block)[0].max) == (1, 3)
    assert sum(histograms_of(block)[0].counts) == 2


def test_the_largest_numbers_have_statistics_too() -> None:
    data = np.array([[[-1e308, 1e308, 1e308, 1e308]]])
    block = PixelBlock(data, np.ones((1, 1, 4), np.bool_))
    found = statistics_of(block)[0]
    assert (found.min, found.max, found.mean) == (-1e308, 1e308, 0.5e308)
    assert found.std == pytest.approx(1e308 * np.sqrt(0.75))
    assert sum(histograms_of(block)[0].counts) == 4


def test_a_view_without_valid_pixels_has_empty_statistics() -> None:
    block = PixelBlock(np.ones((1, 2, 2), np.uint8), np.zeros((1, 2, 2), np.bool_))
    assert statistics_of(block)[0].count == 0
    assert histograms_of(block)[0].counts == (0,)


def test_small_integers_have_a_bin_a_value() -> None:
    block = PixelBlock(np.array([[[-2, 0, 0, 1]]], np.int16), np.ones((1, 1, 4), np.bool_))
    histogram = histograms_of(block)[0]
    assert (histogram.min, histogram.max, histogram.counts) == (-2.5, 1.5, (1, 0, 2, 1))


@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_wide_types_are_counted_in_equal_bins(dtype: str) -> None:
    data = (np.arange(5000) * 100).astype(dtype).reshape(1, 1, -1)
    histogram = histograms_of(PixelBlock(data, np.ones(data.shape, np.bool_)))[0]
    assert (histogram.min, histogram.max) == (0, 499900)
    assert sum(histogram.counts) == 5000
    assert max(histogram.counts) <= 5


def test_a_constant_view_has_one_bin() -> None:
    block = PixelBlock(np.full((1, 2, 2), 7.5), np.ones((1, 2, 2), np.bool_))
    assert histograms_of(block)[0].counts == (4,)
