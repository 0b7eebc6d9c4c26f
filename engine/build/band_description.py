"""What bands are, and which of them make the picture: by colour and wavelength where files say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from engine.pixel_type import PixelType
from engine.summary import BandInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.readers.header import BandHeader

DataType: TypeAlias = Literal["generic", "rgb", "thematic", "elevation"]
_PICTURE_COLORS = ("red", "green", "blue")
# Middle of red, green and blue light, nanometres; a band counts when it is near enough.
NATURAL_COLOUR_NM = (660.0, 560.0, 480.0)
_NEAR_NM = 60.0
_ELEVATION_DRIVERS = ("SRTMHGT", "DTED", "USGSDEM")


def band_infos(bands: Sequence[BandHeader]) -> tuple[BandInfo, ...]:
    """Return name and wavelength of each band; bands without a name become Red or Band_1."""
    return tuple(_band_info(band, number) for number, band in enumerate(bands, 1))


def _band_info(band: BandHeader, number: int) -> BandInfo:
    known = band.color in (*_PICTURE_COLORS, "nir", "pan", "coastal", "rededge", "swir")
    name = band.name or (band.color.capitalize() if known else f"Band_{number}")
    return BandInfo(
        name=name, wavelength_min_nm=band.wavelength_nm, wavelength_max_nm=band.wavelength_nm
    )


def natural_colour(bands: Sequence[BandHeader]) -> tuple[int, ...]:
    """Return the bands (from 0) shown as red, green, blue; one band is shown alone.

    By colour interpretation, else by wavelength, else by name, else the first three.
    """
    if len(bands) < 3:
        return (0,)
    for labels in ([band.color for band in bands], [band.name.casefold() for band in bands]):
        if all(color in labels for color in _PICTURE_COLORS):
            return tuple(labels.index(color) for color in _PICTURE_COLORS)
        if by_wave := bands_near([band.wavelength_nm for band in bands], NATURAL_COLOUR_NM):
            return by_wave
    return (0, 1, 2)


def bands_near(
    waves_nm: Sequence[float | None], targets_nm: tuple[float, float, float]
) -> tuple[int, ...]:
    """Return the bands (from 0) nearest to three wavelengths; () where one of them has none near.

    Parameters
    ----------
    waves_nm
        Centre of each band; None = not known, or not to be chosen.
    """
    known = [(wave, n) for n, wave in enumerate(waves_nm) if wave]
    chosen: list[int] = []
    for target in targets_nm:
        near = [(abs(wave - target), n) for wave, n in known if abs(wave - target) < _NEAR_NM]
        if near:
            chosen.append(min(near)[1])
    return tuple(chosen) if len(set(chosen)) == 3 else ()


def data_type_of(
    bands: Sequence[BandHeader], pixel_type: PixelType, driver: str, *, has_colormap: bool
) -> DataType:
    """Return what kind of data the bands hold."""
    if has_colormap:
        return "thematic"
    if {band.color for band in bands} == set(_PICTURE_COLORS) and pixel_type is PixelType.U8:
        return "rgb"
    if len(bands) == 1 and driver in _ELEVATION_DRIVERS:
        return "elevation"
    return "generic"
