"""Tallies of one band, block by block, against numpy over all samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.area_tally import RangeTally, tally_of
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.results import BandCounts

FINITE = st.floats(-1e300, 1e300, allow_nan=False)


def _of(data: np.ndarray, pixel_type: PixelType, cuts: int = 3) -> BandCounts:
    tally = tally_of(pixel_type)
    blocks = np.array_split(data, cuts)
    for block in blocks:
        tally.add(block, np.ones(block.shape, np.bool_))
    if isinstance(tally, RangeTally):
        tally.begin_second_pass()
        for block in blocks:
            tally.add(block, np.ones(block.shape, np.bool_))
    return tally.result()


@given(arrays(np.int16, (6, 5)))
def test_numbers_of_16_bits_have_exact_medians_and_modes(data: np.ndarray) -> None:
    found = _of(data, PixelType.S16)
    values, counts = np.unique(data, return_counts=True)
    assert found.median == np.median(data)
    assert found.mode == values[np.argmax(counts)]
    assert found.statistics.std == pytest.approx(data.astype(np.float64).std(), abs=1e-9)
    assert sum(found.histogram.counts) == data.size
    assert len(found.histogram.counts) == 256


@given(arrays(np.float64, (6, 5), elements=FINITE))
def test_floats_lie_between_the_ends_of_their_histogram(data: np.ndarray) -> None:
    found = _of(data, PixelType.F64)
    assert found.statistics.min == data.min()
    assert found.statistics.max == data.max()
    assert found.median is not None
    assert data.min() <= found.median <= data.max()
    assert sum(found.histogram.counts) == data.size
    assert found.histogram.min <= data.min() <= data.max() <= found.histogram.max


def test_bytes_with_a_sign_have_a_bin_a_value() -> None:
    found = _of(np.array([[-128, 0, 127]], np.int8), PixelType.S8, 1)
    assert (found.histogram.min, found.histogram.max) == (-128.5, 127.5)
    assert [found.histogram.counts[place] for place in (0, 128, 255)] == [1, 1, 1]


@pytest.mark.parametrize("pixel_type", [PixelType.U8, PixelType.S16, PixelType.F32])
def test_of_nothing_there_is_nothing(pixel_type: PixelType) -> None:
    found = _of(np.zeros((0, 4), pixel_type.dtype_name), pixel_type, 1)
    assert found.statistics.is_empty
    assert (found.median, found.mode) == (None, None)
    assert found.histogram.counts == (0,) * 256
