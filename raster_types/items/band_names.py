"""Names of bands in file names: which word is a band, in which order, and of which colour."""

from __future__ import annotations

import re

from engine.errors import ConfigError

# Centre of what a name says, in nanometres; names as of STAC's eo extension and some of habit.
WAVELENGTHS_NM = {
    "coastal": 443.0,
    "blue": 482.0,
    "green": 560.0,
    "yellow": 600.0,
    "pan": 590.0,
    "red": 660.0,
    "rededge": 705.0,
    "rededge1": 705.0,
    "rededge2": 740.0,
    "rededge3": 783.0,
    "nir": 842.0,
    "nir08": 865.0,
    "nir09": 945.0,
    "cirrus": 1375.0,
    "swir": 1610.0,
    "swir1": 1610.0,
    "swir16": 1610.0,
    "swir2": 2200.0,
    "swir22": 2200.0,
    "lwir": 11000.0,
    "lwir11": 10900.0,
    "lwir12": 12000.0,
}
_WORDS = "|".join(sorted(WAVELENGTHS_NM, key=len, reverse=True))
# The product's name in front may be missing: then it is the folder's.
DEFAULT_PATTERN = (
    r"^(?:(?P<product>.+?)[_.\- ])?"
    rf"(?P<band>(?:(?:SR|ST|TOA|BT)_)?B(?:and)?[_ ]?\d{{1,2}}A?(?:_VCID_\d)?|{_WORDS})"
    r"(?:_\d{1,3}m)?\.\w+$"
)
_MAX_PATTERN = 1000
_DIGITS = re.compile(r"(\d+)")


def band_key(name: str) -> tuple[float, list[tuple[int, int, str]]]:
    """Return what bands sort by: by wavelength where the name is a colour, else by number and letter."""
    wave = WAVELENGTHS_NM.get(name.casefold(), 0.0)
    parts = [
        (0, int(part), "") if part.isdigit() else (1, 0, part.casefold())
        for part in _DIGITS.split(name)
        if part
    ]
    return wave, parts


def wavelength_of(name: str) -> float | None:
    """Return the centre wavelength (nm) of a colour's name, None where a name is none."""
    return WAVELENGTHS_NM.get(name.casefold())


def check_pattern(pattern: str) -> str:
    """Return a pattern of --stack-regex.

    Raises
    ------
    ConfigError
        It is no regular expression, or has no group band.
    """
    if not pattern:
        return ""
    try:
        groups = re.compile(pattern).groupindex if len(pattern) <= _MAX_PATTERN else {}
    except re.error as err:
        raise ConfigError("--stack-regex", pattern, f"is no regular expression: {err}") from err
    if "band" not in groups:
        why = r"expected groups product and band, as (?P<product>.+)_(?P<band>B\d+)\.tif"
        raise ConfigError("--stack-regex", pattern, why)
    return pattern
