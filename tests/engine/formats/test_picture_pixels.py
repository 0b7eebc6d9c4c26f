"""What a picture format takes, and how much of it is valid."""

from __future__ import annotations

import numpy as np
import pytest

from engine.formats.picture_pixels import (
    Coverage,
    Grey,
    colours_of,
    coverage_of,
    on_background,
    painted,
    picture_of,
    planes_of,
)
from engine.pixels import PixelBlock, rgbv_of_planes


def block(bands: int, valid: bool | list[bool]) -> PixelBlock:
    data = np.arange(1, 1 + bands * 4, dtype=np.uint8).reshape(bands, 2, 2)
    return PixelBlock(data, np.broadcast_to(np.array(valid), 4).reshape(1, 2, 2).copy())


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize(
    ("valid", "coverage"),
    [
        (True, Coverage.ALL),
        (False, Coverage.NONE),
        ([False, False, False, True], Coverage.SOME),
        ([True, True, True, False], Coverage.SOME),
    ],
)
def test_coverage_tells_all_some_and_none(
    bands: int, valid: bool | list[bool], coverage: Coverage
) -> None:
    assert coverage_of(picture_of(block(bands, valid))) is coverage


def test_black_pixels_count_as_valid() -> None:
    black = PixelBlock(np.zeros((3, 2, 2), np.uint8), np.ones((1, 2, 2), np.bool_))
    assert coverage_of(picture_of(black)) is Coverage.ALL


def test_one_band_stays_grey_until_colours_are_asked_for() -> None:
    grey = block(1, True)
    assert isinstance(picture_of(grey), Grey)
    assert (colours_of(grey).rgba()[:, :, :3] == grey.data[0][:, :, np.newaxis]).all()


def test_grey_is_0_where_invalid() -> None:
    picture = picture_of(block(1, [True, False, True, True]))
    assert isinstance(picture, Grey)
    assert picture.samples.tolist() == [[1, 0], [3, 4]]


@pytest.mark.small
@pytest.mark.parametrize("colour", [0xFFFFFF, 0x030201])
def test_background_shows_exactly_where_pixels_are_invalid(colour: int) -> None:
    pixels = block(3, [True, False, False, True])
    shown = on_background(rgbv_of_planes(pixels), colour)
    wanted = np.moveaxis(pixels.data, 0, 2).copy()
    wanted[~pixels.valid[0]] = [colour & 255, colour >> 8 & 255, colour >> 16]
    assert (shown[:, :, :3] == wanted).all()


@pytest.mark.small
def test_background_of_a_single_invalid_pixel() -> None:
    picture = rgbv_of_planes(
        PixelBlock(np.ones((3, 1, 1), np.uint8), np.zeros((1, 1, 1), np.bool_))
    )
    assert on_background(picture).tolist() == [[[255, 255, 255, 255]]]


def test_an_opaque_picture_is_not_copied() -> None:
    picture = rgbv_of_planes(block(3, True))
    assert np.shares_memory(on_background(picture), picture.words)


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("colour", [0x808080, 0x102030])
def test_a_painted_picture_is_valid_everywhere(bands: int, colour: int) -> None:
    pixels = block(bands, [True, False, False, True])
    picture = painted(pixels, colour)
    assert coverage_of(picture_of(picture)) is Coverage.ALL
    # Grey on grey stays grey.
    assert isinstance(picture_of(picture), Grey) == (bands == 1 and colour == 0x808080)
    shown = colours_of(picture).rgba()[:, :, :3]
    wanted = colours_of(pixels).rgba()[:, :, :3].copy()
    wanted[~pixels.valid[0]] = [colour >> 16, colour >> 8 & 255, colour & 255]
    assert (shown == wanted).all()


def test_a_full_picture_is_painted_for_nothing() -> None:
    pixels = rgbv_of_planes(block(3, True))
    assert painted(pixels, 0) is pixels


def test_words_become_planes_for_data_formats() -> None:
    pixels = block(3, [True, False, True, True])
    planes = planes_of(rgbv_of_planes(pixels))
    assert (planes.data == pixels.data * pixels.valid).all()
    assert (planes.valid == pixels.valid).all()
