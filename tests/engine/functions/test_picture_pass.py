"""The passes from samples to four-byte pixels against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from engine.functions import picture_pass
from engine.functions.picture_pass import (
    OFFSETS,
    STEPS,
    table_size,
    warm_up,
    words_by_colours,
    words_by_scale,
    words_by_tables,
    words_by_words,
)
from engine.pixels import PixelBlock, Rgbv

NARROW = ["uint8", "int8", "uint16", "int16"]
WIDE = ["uint32", "int32", "float32", "float64"]


def ends(dtype: str, bands: int, shape: tuple[int, int]) -> np.ndarray:
    """Samples over the whole range of an integer type, its two ends among them."""
    limits = np.iinfo(dtype)
    data = np.random.default_rng(1).integers(
        limits.min, limits.max, (bands, *shape), dtype, endpoint=True
    )
    flat = data.reshape(bands, -1)
    flat[:, 0], flat[:, -1] = limits.min, limits.max
    return data


def random_tables(bands: int, size: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (bands, size), np.uint8)


def random_valid(masks: int, shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(3).random((masks, *shape)) > 0.4


def wanted_pixel(channels: list[int | None], *, needs_all: bool) -> list[int]:
    """R, G, B, V from three looked-up values, None where the band is invalid."""
    present = [value for value in channels if value is not None]
    shows = len(present) == 3 if needs_all else bool(present)
    return [*(value or 0 for value in channels), 255] if shows else [0, 0, 0, 0]


@pytest.mark.small
@pytest.mark.parametrize("shape", [(1, 1), (5, 7)])
@pytest.mark.parametrize("needs_all", [False, True])
@pytest.mark.parametrize(("bands", "masks"), [(1, 1), (3, 1), (3, 3)])
@pytest.mark.parametrize("dtype", NARROW)
def test_narrow_samples_are_looked_up_band_by_band(
    dtype: str, bands: int, masks: int, needs_all: bool, shape: tuple[int, int]
) -> None:
    block = PixelBlock(ends(dtype, bands, shape), random_valid(masks, shape))
    tables = random_tables(bands, table_size(dtype))
    answer = words_by_tables(block, tables, needs_all=needs_all).rgba()
    for row, col in np.ndindex(*shape):
        channels = [
            int(tables[lane % bands, int(block.data[lane % bands, row, col]) + OFFSETS[dtype]])
            if block.valid[lane % bands % masks, row, col]
            else None
            for lane in range(3)
        ]
        assert answer[row, col].tolist() == wanted_pixel(channels, needs_all=needs_all)


@pytest.mark.small
@pytest.mark.parametrize("shape", [(1, 1), (5, 7)])
@pytest.mark.parametrize("needs_all", [False, True])
@pytest.mark.parametrize(("bands", "masks"), [(1, 1), (3, 1), (3, 3)])
@pytest.mark.parametrize("dtype", WIDE)
def test_wide_samples_are_scaled_to_steps(
    dtype: str, bands: int, masks: int, needs_all: bool, shape: tuple[int, int]
) -> None:
    data = np.random.default_rng(4).integers(0, 5000, (bands, *shape)).astype(dtype)
    block = PixelBlock(data, random_valid(masks, shape))
    tables = random_tables(bands, STEPS)
    scales = np.array([(1000.0 + band, (STEPS - 1) / 2500.0) for band in range(bands)])
    answer = words_by_scale(block, scales, tables, needs_all=needs_all).rgba()
    for row, col in np.ndindex(*shape):
        channels: list[int | None] = []
        for lane in range(3):
            band = lane % bands
            step = (float(data[band, row, col]) - scales[band, 0]) * scales[band, 1]
            index = int(np.floor(min(max(step, 0.0), 65535.0) + 0.5))
            usable = block.valid[band % masks, row, col]
            channels.append(int(tables[band, index]) if usable else None)
        assert answer[row, col].tolist() == wanted_pixel(channels, needs_all=needs_all)


@pytest.mark.small
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_is_transparent_and_infinities_are_the_ends(dtype: str) -> None:
    data = np.array([[[np.nan, np.inf, -np.inf, 1e38, -1e38]]], dtype)
    block = PixelBlock(data, np.ones((1, 1, 5), np.bool_))
    tables = np.linspace(1, 200, STEPS).astype(np.uint8)[np.newaxis]
    scales = np.array([[0.0, 10.0]])
    answer = words_by_scale(block, scales, tables, needs_all=False).rgba()[0]
    assert answer[:, 0].tolist() == [0, 200, 1, 200, 1]
    assert answer[:, 3].tolist() == [0, 255, 255, 255, 255]


@pytest.mark.small
@pytest.mark.parametrize(("needs_all", "shown"), [(False, 255), (True, 0)])
def test_nan_in_one_band_follows_the_interpretation(needs_all: bool, shown: int) -> None:
    data = np.array([np.nan, 5.0, 9.0], np.float32).reshape(3, 1, 1)
    block = PixelBlock(data, np.ones((1, 1, 1), np.bool_))
    tables = np.full((3, STEPS), 7, np.uint8)
    scales = np.array([[0.0, 1.0]] * 3)
    answer = words_by_scale(block, scales, tables, needs_all=needs_all).rgba()
    assert answer[0, 0].tolist() == ([0, 7, 7, 255] if shown else [0, 0, 0, 0])


@pytest.mark.small
@pytest.mark.parametrize("shape", [(1, 1), (6, 5)])
def test_words_are_looked_up_channel_by_channel(shape: tuple[int, int]) -> None:
    rgba = np.random.default_rng(6).integers(0, 256, (*shape, 4), np.uint8)
    rgba[:, :, 3] = np.where(random_valid(1, shape)[0], 255, 0)
    rgba[rgba[:, :, 3] == 0] = 0
    picture = Rgbv(rgba.view(np.uint32)[:, :, 0])
    tables = random_tables(3, 256)
    answer = words_by_words(picture, tables).rgba()
    for lane in range(3):
        looked_up = np.where(rgba[:, :, 3] > 0, tables[lane][rgba[:, :, lane]], 0)
        assert (answer[:, :, lane] == looked_up).all()
    assert (answer[:, :, 3] == rgba[:, :, 3]).all()


@pytest.mark.small
@pytest.mark.parametrize("dtype", NARROW)
def test_classes_get_their_colour_and_others_are_transparent(dtype: str) -> None:
    colours = np.zeros(table_size(dtype), np.uint32)
    colours[5 + OFFSETS[dtype]] = 0xFF030201
    data = np.array([[[5, 6, 5]]], dtype)
    answer = words_by_colours(PixelBlock(data, np.array([[[True, True, False]]])), colours)
    assert answer.rgba()[0].tolist() == [[1, 2, 3, 255], [0] * 4, [0] * 4]


@pytest.mark.small
def test_wide_classes_beyond_the_table_have_no_colour() -> None:
    colours = np.full(STEPS, 0xFF030201, np.uint32)
    data = np.array([[[0, 65535, 65536, -1]]], np.int32)
    answer = words_by_colours(PixelBlock(data, np.ones((1, 1, 4), np.bool_)), colours)
    assert answer.valid_any().tolist() == [[True, True, False, False]]


def test_blocks_that_are_not_contiguous_are_read_right() -> None:
    data = ends("uint16", 3, (8, 10))[:, ::2, 1::3]
    block = PixelBlock(data, np.ones((1, *data.shape[1:]), np.bool_))
    tables = random_tables(3, STEPS)
    answer = words_by_tables(block, tables, needs_all=False).rgba()
    assert (answer[:, :, 1] == tables[1][data[1]]).all()


def test_tables_of_another_type_are_refused() -> None:
    block = PixelBlock(np.zeros((3, 2, 2), np.uint16), np.ones((1, 2, 2), np.bool_))
    with pytest.raises(ValueError, match="do not fit"):
        words_by_tables(block, random_tables(3, 256), needs_all=False)
    with pytest.raises(ValueError, match="do not fit"):
        words_by_scale(block, np.zeros((3, 2)), random_tables(1, STEPS), needs_all=False)
    with pytest.raises(ValueError, match="do not fit"):
        words_by_colours(block, np.zeros(256, np.uint32))
    with pytest.raises(ValueError, match="3, 256"):
        words_by_words(Rgbv(np.zeros((2, 2), np.uint32)), random_tables(1, 256))


def test_warming_up_leaves_a_compiled_version_of_each_pass() -> None:
    warm_up(("uint16", "float32"))
    for name in ("_lanes_by_table", "_lanes_by_scale", "_word_tables", "_colours", "_show_valid"):
        assert getattr(picture_pass, f"{name}_kernel").signatures
