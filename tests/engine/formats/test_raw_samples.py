"""Headerless samples: fill, byte order and the mask behind them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.formats import FORMATS
from engine.formats.base import EncodeOptions
from engine.formats.raw_samples import filled, interleaved, little_endian, trailing_mask
from engine.pixels import PixelBlock


def block(valid: list[bool]) -> PixelBlock:
    data = np.arange(1, 1 + 2 * len(valid), dtype=np.int16).reshape(2, 1, -1)
    return PixelBlock(data, np.array(valid).reshape(1, 1, -1))


def test_bip_and_bsq_differ_in_the_order_of_samples() -> None:
    pixels = block([True, True, True])
    options = EncodeOptions()
    by_band = np.frombuffer(FORMATS["bsq"].encode(pixels, options).data, "<i2")
    by_pixel = np.frombuffer(FORMATS["bip"].encode(pixels, options).data, "<i2")
    assert by_band.tolist() == [1, 2, 3, 4, 5, 6]
    assert by_pixel.tolist() == [1, 4, 2, 5, 3, 6]


def test_the_mask_is_one_bit_a_pixel_from_bit_7_on() -> None:
    pixels = block([True, False, True, True, True, True, True, True, False, True])
    assert trailing_mask(pixels) == bytes([0b10111111, 0b01000000])


def test_no_mask_follows_where_all_is_valid() -> None:
    assert trailing_mask(block([True] * 9)) == b""


def test_invalid_samples_hold_the_no_data_value_of_their_band() -> None:
    options = EncodeOptions(no_data=(-9.0, None))
    assert filled(block([True, False]), options).tolist() == [[[1, -9]], [[3, 0]]]


def test_one_no_data_value_stands_for_all_bands() -> None:
    options = EncodeOptions(no_data=(-9.0,))
    assert filled(block([False, True]), options).tolist() == [[[-9, 2]], [[-9, 4]]]


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_interleaving_moves_the_bands_behind(dtype: str) -> None:
    samples = np.arange(2 * 3 * 4).astype(dtype).reshape(2, 3, 4)
    answer = interleaved(samples)
    assert answer.flags.c_contiguous
    assert (answer == np.moveaxis(samples, 0, 2)).all()


def test_samples_leave_lowest_byte_first() -> None:
    assert little_endian(np.array([0x0102], np.uint16)) == b"\x02\x01"
