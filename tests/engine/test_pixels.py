"""The two physical forms of pixels hold the same pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.pixels import PixelBlock, rgbv_of_planes

_shapes = st.tuples(st.sampled_from([1, 3]), st.integers(1, 4), st.integers(1, 5))


@st.composite
def _blocks(draw: st.DrawFn) -> PixelBlock:
    shape = draw(_shapes)
    bands = draw(st.sampled_from([1, shape[0]]))
    data = draw(hnp.arrays(np.uint8, shape))
    return PixelBlock(data, draw(hnp.arrays(np.bool_, (bands, *shape[1:]))))


@given(block=_blocks())
def test_packed_pixels_unpack_to_the_same_valid_samples(block: PixelBlock) -> None:
    back = rgbv_of_planes(block).planes()
    valid = block.valid.any(axis=0)
    assert back.data.shape == (3, block.rows, block.cols)
    assert (back.valid == valid).all()
    for band in range(3):
        source = block.data[band if block.bands == 3 else 0]
        assert (back.data[band][valid] == source[valid]).all()


@given(block=_blocks())
def test_invalid_words_are_zero_and_valid_ones_opaque(block: PixelBlock) -> None:
    packed = rgbv_of_planes(block)
    valid = block.valid.any(axis=0)
    assert (packed.valid_any() == valid).all()
    assert (packed.words[~valid] == 0).all()
    assert (packed.words[valid] >> 24 == 255).all()


def test_words_hold_red_in_their_lowest_byte() -> None:
    data = np.array([1, 2, 3], np.uint8).reshape(3, 1, 1)
    packed = rgbv_of_planes(PixelBlock(data, np.ones((1, 1, 1), np.bool_)))
    assert packed.words[0, 0] == 0xFF030201
    assert packed.rgba()[0, 0].tolist() == [1, 2, 3, 255]
    assert (packed.rows, packed.cols) == (1, 1)


def test_validity_of_any_and_of_all_bands() -> None:
    valid = np.array([[[True, True, False]], [[True, False, False]]])
    block = PixelBlock(np.zeros((2, 1, 3), np.int16), valid)
    assert block.valid_any().tolist() == [[True, True, False]]
    assert block.valid_all().tolist() == [[True, False, False]]


@pytest.mark.parametrize(("bands", "dtype"), [(2, np.uint8), (4, np.uint8), (3, np.uint16)])
def test_only_one_or_three_bytes_are_packed(bands: int, dtype: type) -> None:
    block = PixelBlock(np.zeros((bands, 2, 2), dtype), np.ones((1, 2, 2), np.bool_))
    with pytest.raises(ValueError, match=f"{bands} × {np.dtype(dtype)}"):
        rgbv_of_planes(block)
