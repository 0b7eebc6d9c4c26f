"""Bands of the Landsat sensors: names, centre wavelengths, and what each is for.

References
----------
USGS, Landsat 8-9 data users handbook (LSDS-1574, LSDS-2082), tables of spectral bands; Landsat 7, 4-5 TM
and 1-5 MSS handbooks. Sun's irradiance: Chander, Markham, Helder (2009), Remote Sensing of Environment
113, doi:10.1016/j.rse.2009.01.007, tables 2 to 4.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a band is for; the bands of one role are one item."""

    SPECTRAL = "MS"
    PAN = "Pan"
    THERMAL = "Thermal"
    QUALITY = "QA"
    OTHER = "Other"


class LandsatBand(NamedTuple):
    """One band of a sensor; `common` as STAC's eo extension calls it."""

    key: str
    name: str
    common: str
    wavelength_nm: float
    role: Role = Role.SPECTRAL


_OLI = (
    LandsatBand("1", "Coastal Aerosol", "coastal", 443.0),
    LandsatBand("2", "Blue", "blue", 482.0),
    LandsatBand("3", "Green", "green", 561.0),
    LandsatBand("4", "Red", "red", 655.0),
    LandsatBand("5", "NIR", "nir08", 865.0),
    LandsatBand("6", "SWIR 1", "swir16", 1609.0),
    LandsatBand("7", "SWIR 2", "swir22", 2201.0),
    LandsatBand("9", "Cirrus", "cirrus", 1373.0),
    LandsatBand("8", "Pan", "pan", 590.0, Role.PAN),
    LandsatBand("10", "TIRS 1", "lwir11", 10895.0, Role.THERMAL),
    LandsatBand("11", "TIRS 2", "lwir12", 12005.0, Role.THERMAL),
    LandsatBand("ST_B10", "Surface Temperature", "lwir11", 10895.0, Role.THERMAL),
)
_ETM = (
    LandsatBand("1", "Blue", "blue", 478.0),
    LandsatBand("2", "Green", "green", 561.0),
    LandsatBand("3", "Red", "red", 661.0),
    LandsatBand("4", "NIR", "nir08", 834.0),
    LandsatBand("5", "SWIR 1", "swir16", 1650.0),
    LandsatBand("7", "SWIR 2", "swir22", 2208.0),
    LandsatBand("8", "Pan", "pan", 719.0, Role.PAN),
    LandsatBand("6_VCID_1", "Thermal low gain", "lwir", 11450.0, Role.THERMAL),
    LandsatBand("6_VCID_2", "Thermal high gain", "lwir", 11450.0, Role.THERMAL),
    LandsatBand("ST_B6", "Surface Temperature", "lwir", 11450.0, Role.THERMAL),
)
_TM = (
    LandsatBand("1", "Blue", "blue", 486.0),
    LandsatBand("2", "Green", "green", 570.0),
    LandsatBand("3", "Red", "red", 660.0),
    LandsatBand("4", "NIR", "nir08", 840.0),
    LandsatBand("5", "SWIR 1", "swir16", 1676.0),
    LandsatBand("7", "SWIR 2", "swir22", 2223.0),
    LandsatBand("6", "Thermal", "lwir", 11435.0, Role.THERMAL),
    LandsatBand("ST_B6", "Surface Temperature", "lwir", 11435.0, Role.THERMAL),
)
_MSS_45 = (
    LandsatBand("1", "Green", "green", 550.0),
    LandsatBand("2", "Red", "red", 650.0),
    LandsatBand("3", "NIR 1", "nir08", 750.0),
    LandsatBand("4", "NIR 2", "nir09", 950.0),
)
_MSS_13 = (
    *(band._replace(key=str(int(band.key) + 3)) for band in _MSS_45),
    LandsatBand("8", "Thermal", "lwir", 11500.0, Role.THERMAL),
)

# W/(m² µm), by spacecraft; what is not listed says its reflectance itself (all of Collections 1 and 2).
_SUN: dict[tuple[str, int], dict[str, float]] = {
    ("TM", 4): {"1": 1983, "2": 1795, "3": 1539, "4": 1028, "5": 219.8, "7": 83.49},
    ("TM", 5): {"1": 1983, "2": 1796, "3": 1536, "4": 1031, "5": 220.0, "7": 83.44},
    ("ETM", 7): {"1": 1997, "2": 1812, "3": 1533, "4": 1039, "5": 230.8, "7": 84.90, "8": 1362},
    ("MSS", 1): {"4": 1823, "5": 1559, "6": 1276, "7": 880.1},
    ("MSS", 2): {"4": 1829, "5": 1539, "6": 1268, "7": 886.6},
    ("MSS", 3): {"4": 1839, "5": 1555, "6": 1291, "7": 887.9},
    ("MSS", 4): {"1": 1827, "2": 1569, "3": 1260, "4": 866.4},
    ("MSS", 5): {"1": 1824, "2": 1570, "3": 1249, "4": 853.4},
}


def sensor_family(sensor: str) -> str:
    """Return OLI, ETM, TM or MSS of a SENSOR_ID ("OLI_TIRS", "ETM+" …); "" for none of them."""
    text = sensor.upper()
    for family in ("OLI", "TIRS", "ETM", "TM", "MSS"):
        if family in text:
            return "OLI" if family == "TIRS" else family
    return ""


def bands_of(sensor: str, spacecraft: int) -> tuple[LandsatBand, ...]:
    """Return the bands of a sensor, spectral ones first, in the order in which items have them."""
    family = sensor_family(sensor)
    if family == "MSS":
        return _MSS_13 if spacecraft <= 3 else _MSS_45
    return {"OLI": _OLI, "ETM": _ETM, "TM": _TM}.get(family, ())


def sun_irradiance(sensor: str, spacecraft: int, band: str) -> float | None:
    """Return the sun's mean irradiance outside the atmosphere, W/(m² µm); None where not known."""
    return _SUN.get((sensor_family(sensor), spacecraft), {}).get(band)
