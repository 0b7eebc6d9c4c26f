"""Bands get names, and the picture takes red, green and blue where they are known."""

from __future__ import annotations

import pytest

from engine.build.band_description import band_infos, data_type_of, natural_colour
from engine.pixel_type import PixelType
from engine.readers.header import BandHeader


def _bands(*colors: str, waves: tuple[float | None, ...] = ()) -> list[BandHeader]:
    waves = waves or (None,) * len(colors)
    return [
        BandHeader(pixel_type=PixelType.U16, color=color, wavelength_nm=wave)
        for color, wave in zip(colors, waves, strict=True)
    ]


def test_bands_without_a_name_are_called_by_colour_or_number() -> None:
    named = BandHeader(pixel_type=PixelType.U8, name="SR_B5", color="nir")
    infos = band_infos([*_bands("red", "undefined", "gray"), named])
    assert [info.name for info in infos] == ["Red", "Band_2", "Band_3", "SR_B5"]


@pytest.mark.parametrize(
    ("bands", "picture"),
    [
        (_bands("gray"), (0,)),
        (_bands("red", "green"), (0,)),
        (_bands("blue", "green", "red", "nir"), (2, 1, 0)),
        (_bands("undefined", "undefined", "undefined", "undefined"), (0, 1, 2)),
        (_bands(*["undefined"] * 4, waves=(490.0, 560.0, 665.0, 842.0)), (2, 1, 0)),
        (_bands(*["undefined"] * 3, waves=(842.0, 1600.0, 2200.0)), (0, 1, 2)),
        (_bands(*["undefined"] * 3, waves=(None, 560.0, None)), (0, 1, 2)),
    ],
)
def test_the_picture_is_natural_colour_where_known(
    bands: list[BandHeader], picture: tuple[int, ...]
) -> None:
    assert natural_colour(bands) == picture


def test_the_picture_goes_by_names_where_nothing_else_is_known() -> None:
    bands = [BandHeader(pixel_type=PixelType.U8, name=n) for n in ("Blue", "green", "RED", "nir")]
    assert natural_colour(bands) == (2, 1, 0)


def test_the_kind_of_data_follows_colours_driver_and_palette() -> None:
    rgb = _bands("red", "green", "blue")
    assert data_type_of(rgb, PixelType.U8, "GTiff", has_colormap=False) == "rgb"
    assert data_type_of(rgb, PixelType.U16, "GTiff", has_colormap=False) == "generic"
    one = _bands("gray")
    assert data_type_of(one, PixelType.S16, "SRTMHGT", has_colormap=False) == "elevation"
    assert data_type_of(one, PixelType.U8, "GTiff", has_colormap=True) == "thematic"
    assert data_type_of(one, PixelType.U8, "GTiff", has_colormap=False) == "generic"
