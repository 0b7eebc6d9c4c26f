"""The ExtractBand function: some bands, by number, name or wavelength.

References
----------
ArcGIS REST API, raster function objects: ExtractBand (Method, BandIDs, BandNames, BandWavelengths,
MissingBandAction, WavelengthMatchTolerance).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample
from engine.function_rules import ExtractBandRule
from engine.functions.base import EachPixel, arguments_of, retyped, some_bands
from engine.functions.pointwise import PointwiseFunction

if TYPE_CHECKING:
    from engine.functions.base import BandsInfo
    from engine.request_parts import RenderingRule

T = TypeVar("T")

_NAMES, _WAVELENGTHS, _NUMBERS = 0, 1, 2
_BEST, _FAIL = 0, 1


class ExtractBand(EachPixel):
    """The raster function; samples stay as they are."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Find the bands.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ExtractBandRule)
        if arguments.missing_band_action not in (_BEST, _FAIL):
            accepted = "0 (best match) or 1 (fail)"
            raise InvalidParameter("MissingBandAction", arguments.missing_band_action, accepted)
        bands = _bands(arguments, info)
        output = some_bands(info, bands)
        if rule.output_pixel_type is not None:
            output = retyped(output, rule.output_pixel_type)
        return PointwiseFunction(output, tuple(Sample(0, band) for band in bands))


def _bands(arguments: ExtractBandRule, info: BandsInfo) -> list[int]:
    method = arguments.method
    if method is None:
        given = (arguments.band_names, arguments.band_wavelengths, arguments.band_ids)
        method = next((number for number, values in enumerate(given) if values), _NUMBERS)
    if method == _NAMES:
        return [_named(name, info) for name in _some("BandNames", arguments.band_names)]
    if method == _WAVELENGTHS:
        wanted = _some("BandWavelengths", arguments.band_wavelengths)
        return [_nearest(arguments, wavelength, info) for wavelength in wanted]
    if method != _NUMBERS:
        raise InvalidParameter("Method", method, "0 (names), 1 (wavelengths) or 2 (numbers)")
    return [_numbered(arguments, band, info) for band in _some("BandIDs", arguments.band_ids)]


def _some(name: str, values: tuple[T, ...]) -> tuple[T, ...]:
    if not values:
        raise InvalidParameter(name, "nothing", "one band at least")
    return values


def _numbered(arguments: ExtractBandRule, band: int, info: BandsInfo) -> int:
    if 0 <= band < info.bands:
        return band
    if band >= 0 and arguments.missing_band_action == _BEST:
        return info.bands - 1
    raise InvalidParameter("BandIDs", band, f"bands from 0 to {info.bands - 1}")


def _named(name: str, info: BandsInfo) -> int:
    names = [known.casefold() for known in info.names]
    wanted = name.strip().casefold()
    if wanted in names:
        return names.index(wanted)
    number = wanted.removeprefix("band_").removeprefix("b")
    if number.isdigit() and 1 <= int(number) <= info.bands:
        return int(number) - 1
    accepted = ", ".join(info.names) or f"Band_1 to Band_{info.bands}"
    raise InvalidParameter("BandNames", name, f"one of {accepted}")


def _nearest(arguments: ExtractBandRule, wavelength: float, info: BandsInfo) -> int:
    """Return the band whose range holds a wavelength, or whose middle is nearest to it."""
    found = []
    for band, (low, high) in enumerate(info.wavelengths_nm):
        if low is None or high is None:
            continue
        # Narrow bands before wide ones (pan) that hold the wavelength, too.
        off = max(low - wavelength, wavelength - high, 0.0)
        found.append((off, high - low, abs((low + high) / 2 - wavelength), band))
    if not found:
        raise InvalidParameter("BandWavelengths", wavelength, "bands with known wavelengths")
    off, _, _, band = min(found)
    if off > arguments.wavelength_match_tolerance and arguments.missing_band_action == _FAIL:
        accepted = f"a band within {arguments.wavelength_match_tolerance:g} nm"
        raise InvalidParameter("BandWavelengths", wavelength, accepted)
    return band
