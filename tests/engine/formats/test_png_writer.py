"""The PNG writer against Pillow, and its filter kernel against plain numpy."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from engine.formats.png_writer import (
    ColourType,
    blank_png,
    filtered_up,
    filtered_up_rgb,
    unfiltered,
    write_png,
)

SHAPES = [(1, 1), (1, 9), (9, 1), (16, 16)]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, shape, np.uint8)


@pytest.mark.small
@pytest.mark.parametrize("shape", SHAPES)
def test_filtered_colours_are_differences_to_the_row_above(shape: tuple[int, int]) -> None:
    pixels = noise(*shape, 4)
    colours = pixels[:, :, :3].reshape(shape[0], -1)
    above = np.vstack((np.zeros_like(colours[:1]), colours[:-1]))
    rows = filtered_up_rgb(pixels)
    assert (rows[:, 0] == 2).all()
    assert (rows[:, 1:] == colours - above).all()


@pytest.mark.small
@pytest.mark.parametrize("fill", [0, 255])
def test_extreme_values_wrap_and_do_not_overflow(fill: int) -> None:
    pixels = np.full((3, 3, 4), fill, np.uint8)
    pixels[1] = 255 - fill
    colours = pixels[:, :, :3].reshape(3, -1).astype(int)
    assert (np.cumsum(filtered_up_rgb(pixels)[:, 1:], axis=0) % 256 == colours).all()


@pytest.mark.parametrize("shape", [*SHAPES, (64, 33)])
@pytest.mark.parametrize(
    ("kind", "lanes", "mode"),
    [
        (ColourType.GREY, 1, "L"),
        (ColourType.GREY_ALPHA, 2, "LA"),
        (ColourType.RGB, 3, "RGB"),
        (ColourType.RGBA, 4, "RGBA"),
    ],
)
def test_pillow_reads_what_was_written(
    kind: ColourType, lanes: int, mode: str, shape: tuple[int, int]
) -> None:
    pixels = noise(*shape, lanes)
    image = Image.open(BytesIO(write_png(filtered_up(pixels), shape[1], kind)))
    image.verify()
    image = Image.open(BytesIO(write_png(filtered_up(pixels), shape[1], kind)))
    assert image.mode == mode
    assert (np.asarray(image).reshape(pixels.shape) == pixels).all()


def test_palettes_are_written_without_a_filter() -> None:
    indices = noise(5, 6) % 4
    colours = noise(4, 3)
    file = write_png(unfiltered(indices), 6, ColourType.PALETTE, ((b"PLTE", colours.tobytes()),))
    image = Image.open(BytesIO(file))
    assert image.mode == "P"
    assert (np.asarray(image.convert("RGB")) == colours[indices]).all()


def test_blank_tiles_are_made_once() -> None:
    assert blank_png(256, 256) is blank_png(256, 256)
    assert not np.asarray(Image.open(BytesIO(blank_png(256, 256)))).any()
    assert len(blank_png(256, 256)) < 700
