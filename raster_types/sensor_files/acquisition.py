"""How and when an image was taken, as its vendor says or its sensor model shows: the fields of an item."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Attributes: TypeAlias = dict[str, str | int | float | None]

# Field in Esri's names -> what it is of the record.
_FIELDS = {
    "AcquisitionDate": "date",
    "PlatformName": "platform",
    "SensorName": "sensor",
    "SunAzimuth": "sun_azimuth_deg",
    "SunElevation": "sun_elevation_deg",
    "SensorAzimuth": "sensor_azimuth_deg",
    "SensorElevation": "sensor_elevation_deg",
    "OffNadir": "off_nadir_deg",
    "CloudCover": "cloud_cover",
    "GSD": "gsd_m",
}
# Metres above the ground; what is not listed flies at about the middle of them.
_ALTITUDES_M = {
    "PHR": 694e3,
    "SPOT6": 694e3,
    "SPOT7": 694e3,
    "PNEO": 620e3,
    "SPOT": 822e3,
    "WV01": 496e3,
    "WV02": 770e3,
    "WV03": 617e3,
    "WV04": 617e3,
    "GE01": 681e3,
    "QB02": 450e3,
    "IKONOS": 681e3,
    "OV3": 470e3,
    "KOMPSAT": 685e3,
    "EROS": 500e3,
    "ALOS": 692e3,
    "RE0": 630e3,
    "SKYSAT": 500e3,
}
_USUAL_ALTITUDE_M = 600e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """How and when an image was taken; None and "" where it is not known.

    Attributes
    ----------
    date : str
        UTC, as GeoPackage writes a DATETIME.
    platform, sensor : str
    sun_azimuth_deg, sensor_azimuth_deg : float or None
        From the ground, clockwise from north.
    sun_elevation_deg, sensor_elevation_deg : float or None
        Above the horizon at the ground.
    off_nadir_deg : float or None
        At the sensor, from straight down.
    cloud_cover : float or None
        0 to 1.
    gsd_m : float or None
        Size of a pixel on the ground.
    """

    date: str = ""
    platform: str = ""
    sensor: str = ""
    sun_azimuth_deg: float | None = None
    sun_elevation_deg: float | None = None
    sensor_azimuth_deg: float | None = None
    sensor_elevation_deg: float | None = None
    off_nadir_deg: float | None = None
    cloud_cover: float | None = None
    gsd_m: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return not self.attributes()

    @property
    def altitude_m(self) -> float:
        """Nominal height of the platform's orbit above the ground."""
        name = (self.platform or self.sensor).upper().replace("-", "").replace(" ", "")
        found = (metres for start, metres in _ALTITUDES_M.items() if name.startswith(start))
        return next(found, _USUAL_ALTITUDE_M)

    def attributes(self) -> Attributes:
        """Return what is known as fields."""
        values = {field: getattr(self, name) for field, name in _FIELDS.items()}
        return {field: value for field, value in values.items() if value not in ("", None)}

    def completed_by(self, other: Acquisition) -> Acquisition:
        """Return the record with what it lacks taken from another."""
        lacking = {
            item.name: getattr(other, item.name)
            for item in dataclasses.fields(self)
            if getattr(self, item.name) in ("", None)
        }
        return dataclasses.replace(self, **lacking)


def measured(
    texts: Mapping[str, str], names: tuple[str, ...], low: float, high: float
) -> float | None:
    """Return the first of some keys that holds a number between two limits, None where none does.

    Vendors write -999, 999 or their own key for what they do not know.
    """
    for name in names:
        try:
            value = float(texts.get(name, "").strip().rstrip("%"))
        except ValueError:
            continue
        if math.isfinite(value) and low <= value <= high:
            return value
    return None


def azimuth(texts: Mapping[str, str], *names: str) -> float | None:
    """Return a direction, 0 to 360."""
    found = measured(texts, names, -360.0, 360.0)
    return None if found is None else found % 360.0


def elevation_of_incidence(incidence_deg: float | None) -> float | None:
    """Return the elevation of a sensor that is seen at an angle from the vertical."""
    return None if incidence_deg is None else 90.0 - abs(incidence_deg)


def fraction_of_percent(percent: float | None) -> float | None:
    """Return a share of 1."""
    return None if percent is None else percent / 100.0
