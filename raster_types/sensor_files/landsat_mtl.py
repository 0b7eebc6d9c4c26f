"""What a Landsat product's MTL file says: its bands' files, their calibration, when and where.

References
----------
USGS, Landsat Collection 2 Level-1 and Level-2 data format control books (LSDS-1822, LSDS-1328,
LSDS-1337), and LSDS-272 (LPGS) for products before the collections.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.adding.author_fields import parse_date_text
from raster_types.items.item_values import BandValues
from raster_types.sensor_files.acquisition import Acquisition, azimuth, measured
from raster_types.sensor_files.landsat_bands import sun_irradiance
from raster_types.sensor_files.landsat_text import read_groups
from raster_types.sensor_files.sunlight import sun_distance

if TYPE_CHECKING:
    from raster_types.sensor_files.landsat_text import Groups

# Where file names of the product itself stand; level 2 repeats those of the level 1 it was made of.
_CONTENTS = ("PRODUCT_CONTENTS", "PRODUCT_METADATA")
_BAND_FILE = re.compile(r"FILE_NAME_BAND_(\w+)")
_OTHER_FILE = re.compile(r"FILE_NAME_(\w+)")
_QUALITY = "QUALITY"
_FRACTION = re.compile(r"(\.\d{3})\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCalibration:
    """How a band's numbers become values; None = the product does not say.

    Attributes
    ----------
    reflectance : BandValues or None
        Of the surface (level 2) or at the top of the atmosphere for the sun's elevation (level 1).
    radiance : BandValues or None
        W/(m² sr µm).
    kelvin : BandValues or None
        Surface temperature.
    k1, k2 : float or None
        Constants that make a temperature of thermal radiance: k2 / ln(k1 / radiance + 1).
    """

    reflectance: BandValues | None = None
    radiance: BandValues | None = None
    kelvin: BandValues | None = None
    k1: float | None = None
    k2: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LandsatProduct:
    """A product as its metadata describe it.

    Attributes
    ----------
    level : str
        "L2SP", "L1TP", "L1T" …
    files : dict
        Key of a band ("4", "6_VCID_1", "ST_B10") -> name of its file.
    quality, others : dict
        Quality bands, and further rasters, by key in the metadata.
    no_data : str
        Where files say none.
    """

    name: str
    level: str
    collection: str
    category: str
    spacecraft: int
    sensor: str
    path: int | None
    row: int | None
    acquisition: Acquisition
    files: dict[str, str]
    quality: dict[str, str]
    others: dict[str, str]
    calibration: dict[str, BandCalibration]
    no_data: str = "0"

    @property
    def is_level_2(self) -> bool:
        """Whether its numbers are those of the surface."""
        return self.level.upper().startswith(("L2", "SR"))


def read_mtl(text: str) -> LandsatProduct:
    """Return what an MTL file says.

    Raises
    ------
    InvalidParameter
        It is no MTL file, or names neither sensor nor bands.
    """
    groups = read_groups(text)
    contents = _contents(groups)
    is_level_2 = any(name.startswith("LEVEL2_") for name in groups)
    texts: dict[str, str] = {}
    for name, group in groups.items():
        # Level 1's coefficients are not those of level 2's numbers.
        if not (is_level_2 and name.startswith("LEVEL1_")):
            for key, value in group.items():
                texts.setdefault(key, value)
    sensor = texts.get("SENSOR_ID", "")
    number = re.search(r"(\d)\s*$", texts.get("SPACECRAFT_ID", ""))
    if not sensor or number is None:
        raise InvalidParameter("MTL", sensor or "no SENSOR_ID", "SENSOR_ID and SPACECRAFT_ID")
    files, quality, others = _files(contents)
    if not files:
        raise InvalidParameter("MTL", "no FILE_NAME_BAND_…", "names of band files")
    sun = _Sun(texts, sensor, int(number[1]))
    return LandsatProduct(
        name=texts.get("LANDSAT_PRODUCT_ID") or texts.get("LANDSAT_SCENE_ID", ""),
        level=texts.get("PROCESSING_LEVEL") or texts.get("DATA_TYPE", ""),
        collection=texts.get("COLLECTION_NUMBER", ""),
        category=texts.get("COLLECTION_CATEGORY", ""),
        spacecraft=int(number[1]),
        sensor=sensor,
        path=_whole(texts, "WRS_PATH"),
        row=_whole(texts, "WRS_ROW"),
        acquisition=_acquisition(texts, int(number[1]), sensor),
        files=files,
        quality=quality,
        others=others,
        calibration={key: _calibration(texts, key, sun, is_level_2=is_level_2) for key in files},
    )


def _contents(groups: Groups) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _CONTENTS:
        for key, value in groups.get(name, {}).items():
            found.setdefault(key, value)
    return found


def _files(contents: dict[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return the files of bands, of quality bands, and of further rasters."""
    files: dict[str, str] = {}
    quality: dict[str, str] = {}
    others: dict[str, str] = {}
    for key, name in contents.items():
        match = _BAND_FILE.fullmatch(key) or _OTHER_FILE.fullmatch(key)
        if match is None or not name.lower().endswith((".tif", ".tiff")):
            continue
        band = match[1]
        if band.startswith(_QUALITY):
            quality[band] = name
        elif key.startswith("FILE_NAME_BAND_"):
            files[band] = name
        else:
            others[band] = name
    return files, quality, others


def _acquisition(texts: dict[str, str], spacecraft: int, sensor: str) -> Acquisition:
    day, time = texts.get("DATE_ACQUIRED", ""), texts.get("SCENE_CENTER_TIME", "")
    # Seven digits of a second are more than a date has.
    moment = _FRACTION.sub(r"\1", f"{day}T{time}") if time else day
    cloud = measured(texts, ("CLOUD_COVER",), 0.0, 100.0)
    return Acquisition(
        date=parse_date_text(moment) or parse_date_text(day) or "",
        platform=f"Landsat {spacecraft}",
        sensor=sensor,
        sun_azimuth_deg=azimuth(texts, "SUN_AZIMUTH"),
        sun_elevation_deg=measured(texts, ("SUN_ELEVATION",), -90.0, 90.0),
        cloud_cover=None if cloud is None else round(cloud / 100.0, 6),
    )


@dataclass(frozen=True, slots=True)
class _Sun:
    """What reflectance at the top of the atmosphere needs."""

    texts: dict[str, str]
    sensor: str
    spacecraft: int

    @property
    def sine(self) -> float | None:
        """Of its elevation; None at night or where it is not known."""
        elevation = measured(self.texts, ("SUN_ELEVATION",), 0.1, 90.0)
        return None if elevation is None else math.sin(math.radians(elevation))

    def per_radiance(self, band: str) -> float | None:
        """Return reflectance per radiance with the sun overhead; None where it is not known."""
        irradiance = sun_irradiance(self.sensor, self.spacecraft, band)
        if irradiance is None:
            return None
        return math.pi * self._distance() ** 2 / irradiance

    def _distance(self) -> float:
        """Return the distance from earth to sun in astronomical units."""
        said = measured(self.texts, ("EARTH_SUN_DISTANCE",), 0.9, 1.1)
        return sun_distance(self.texts.get("DATE_ACQUIRED", "")) if said is None else said


def _calibration(
    texts: dict[str, str], band: str, sun: _Sun, *, is_level_2: bool
) -> BandCalibration:
    radiance = _linear(texts, "RADIANCE", band)
    reflectance = _linear(texts, "REFLECTANCE", band)
    if not is_level_2:
        per_radiance = sun.per_radiance(band)
        if reflectance is None and radiance is not None and per_radiance is not None:
            reflectance = _times(radiance, per_radiance)
        if reflectance is not None:
            reflectance = _times(reflectance, 1.0 / sun.sine) if sun.sine else None
    return BandCalibration(
        reflectance=reflectance,
        radiance=radiance,
        kelvin=_linear(texts, "TEMPERATURE", band),
        k1=_number(texts, f"K1_CONSTANT_BAND_{band}"),
        k2=_number(texts, f"K2_CONSTANT_BAND_{band}"),
    )


def _times(values: BandValues, factor: float) -> BandValues:
    return BandValues(values.gain * factor, values.offset * factor)


def _linear(texts: dict[str, str], quantity: str, band: str) -> BandValues | None:
    gain = _number(texts, f"{quantity}_MULT_BAND_{band}")
    offset = _number(texts, f"{quantity}_ADD_BAND_{band}")
    return None if gain is None or offset is None else BandValues(gain, offset)


def _number(texts: dict[str, str], key: str) -> float | None:
    return measured(texts, (key,), -1e9, 1e9)


def _whole(texts: dict[str, str], key: str) -> int | None:
    found = measured(texts, (key,), 0, 999)
    return None if found is None else int(found)
