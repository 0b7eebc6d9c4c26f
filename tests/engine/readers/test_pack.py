"""Packing planes as words, with counts of valid and of mixed pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.pixels import PixelBlock, rgbv_of_planes
from engine.readers.pack import pack_rgbv

pytestmark = pytest.mark.small


@settings(max_examples=50)
@given(
    data=st.data(), rows=st.integers(1, 5), cols=st.integers(1, 6), bands=st.sampled_from([1, 3])
)
def test_words_and_counts_equal_numpys(
    data: st.DataObject, rows: int, cols: int, bands: int
) -> None:
    samples = data.draw(hnp.arrays(np.uint8, (3, rows, cols)))
    valid = data.draw(hnp.arrays(np.bool_, (bands, rows, cols)))
    words, valid_count, mixed_count = pack_rgbv(samples, valid)
    every, some = valid.all(axis=0), valid.any(axis=0)
    assert mixed_count == np.count_nonzero(some & ~every)
    if not mixed_count:
        assert valid_count == np.count_nonzero(some)
        np.testing.assert_array_equal(words, rgbv_of_planes(PixelBlock(samples, valid)).words)


def test_planes_that_are_not_contiguous_are_packed_alike() -> None:
    samples = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    valid = np.ones((1, 4, 4), np.bool_)
    apart = np.moveaxis(samples, 2, 0)
    np.testing.assert_array_equal(pack_rgbv(apart, valid)[0], pack_rgbv(apart.copy(), valid)[0])


@pytest.mark.parametrize(("bands", "dtype"), [(1, np.uint8), (4, np.uint8), (3, np.uint16)])
def test_only_three_bytes_are_packed(bands: int, dtype: type) -> None:
    with pytest.raises(ValueError, match="cannot pack"):
        pack_rgbv(np.zeros((bands, 2, 2), dtype), np.ones((1, 2, 2), np.bool_))
