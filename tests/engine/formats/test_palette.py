"""Pictures by palette: exact while the colours fit, near beyond."""

from __future__ import annotations

import numpy as np
import pytest

from engine.formats.palette import MOST_COLOURS, Indexed, indexed
from engine.pixels import PixelBlock, Rgbv, rgbv_of_planes


def ramp(colours: int, *, hole: bool) -> tuple[PixelBlock, Rgbv]:
    """`colours` different colours, and perhaps one invalid pixel more."""
    count = colours + 1
    values = np.arange(count) % colours
    data = np.stack((values % 256, values // 256 * 8, 255 - values % 256)).astype(np.uint8)
    valid = np.ones((1, 1, count), np.bool_)
    valid[0, 0, -1] = not hole
    block = PixelBlock(data.reshape(3, 1, count), valid)
    return block, rgbv_of_planes(block)


def colours_in(picture: Indexed) -> np.ndarray:
    return np.moveaxis(picture.colours[picture.indices], 2, 0)


@pytest.mark.parametrize("hole", [False, True])
@pytest.mark.parametrize("colours", [1, 2, 254, MOST_COLOURS])
def test_up_to_255_colours_are_exact(colours: int, hole: bool) -> None:
    block, words = ramp(colours, hole=hole)
    picture = indexed(words)
    assert (colours_in(picture)[:, block.valid[0]] == block.data[:, block.valid[0]]).all()
    assert len(picture.colours) == colours + hole
    assert picture.transparent == (colours if hole else None)


@pytest.mark.parametrize("hole", [False, True])
def test_more_colours_are_taken_to_a_near_one(hole: bool) -> None:
    block, words = ramp(2000, hole=hole)
    picture = indexed(words)
    difference = np.abs(colours_in(picture).astype(int) - block.data)[:, block.valid[0]]
    assert difference.mean() < 4
    assert len(picture.colours) <= 256


def test_a_scene_of_near_greys_keeps_its_greys() -> None:
    y, x = np.mgrid[0:64, 0:64]
    grey = (40 + 2 * x + np.sin(y / 9) * 30).astype(np.uint8)
    tint = (np.arange(64 * 64).reshape(64, 64) * 7 % 3).astype(np.uint8)
    data = np.stack((grey, grey + tint, grey))
    words = rgbv_of_planes(PixelBlock(data, np.ones((1, 64, 64), np.bool_)))
    picture = indexed(words)
    assert len(np.unique(picture.indices)) > 60
    assert np.abs(colours_in(picture).astype(int) - data).mean() < 2


def test_transparent_pixels_take_no_colour_from_the_palette() -> None:
    block, words = ramp(2000, hole=True)
    picture = indexed(words)
    transparent = picture.indices == picture.transparent
    assert (transparent == ~block.valid[0]).all()


def test_a_wholly_transparent_picture_has_one_entry() -> None:
    picture = indexed(Rgbv(np.zeros((2, 3), np.uint32)))
    assert picture.transparent == 0
    assert len(picture.colours) == 1
    assert not picture.indices.any()


def test_colours_that_the_sample_missed_still_get_an_entry_that_exists() -> None:
    words = np.full(128 * 128, 0xFF102030, np.uint32)
    rare = np.arange(128 * 128) % 5 == 3
    words[rare] = 0xFF000000 + np.arange(int(rare.sum()), dtype=np.uint32) * 601
    words[-1] = 0
    picture = indexed(Rgbv(words.reshape(128, 128)))
    assert picture.transparent is not None
    assert picture.indices.max() < len(picture.colours)
    assert (picture.indices == picture.transparent).sum() == 1
