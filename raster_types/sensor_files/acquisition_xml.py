"""How and when images were taken, from XML that is not always well-formed: RapidEye, Resurs-DK.

Files are met without the namespaces they use; so single elements are read, and nothing is expanded.
"""

from __future__ import annotations

import re

from raster_types.adding.author_fields import parse_date_text
from raster_types.sensor_files.acquisition import (
    Acquisition,
    azimuth,
    elevation_of_incidence,
    fraction_of_percent,
    measured,
)

_ELEMENT = re.compile(r"<(?:\w{1,40}:)?(\w{1,80})(?:\s[^<>]{0,400})?>([^<]{0,200})</")
_LINE = re.compile(r"^[ \t]*(\w{1,80})[ \t]*=[ \t]*\"?([^\"\r\n]*)", re.MULTILINE)
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def read_rapideye_acquisition(text: str) -> Acquisition:
    """Return what RapidEye metadata say."""
    found: dict[str, str] = {}
    for name, value in _ELEMENT.findall(text):
        if value.strip():
            found.setdefault(name, value.strip())
    incidence = measured(found, ("incidenceAngle",), -90.0, 90.0)
    view = measured(found, ("spaceCraftViewAngle",), -90.0, 90.0)
    cloud = measured(found, ("cloudCoverPercentage",), 0.0, 100.0)
    return Acquisition(
        date=parse_date_text(found.get("acquisitionDateTime", "")) or "",
        platform=found.get("serialIdentifier", "") or found.get("shortName", ""),
        sun_azimuth_deg=azimuth(found, "illuminationAzimuthAngle"),
        sun_elevation_deg=measured(found, ("illuminationElevationAngle",), -90.0, 90.0),
        sensor_azimuth_deg=azimuth(found, "azimuthAngle"),
        sensor_elevation_deg=elevation_of_incidence(incidence),
        off_nadir_deg=None if view is None else abs(view),
        cloud_cover=fraction_of_percent(cloud),
    )


def read_resurs_acquisition(text: str) -> Acquisition:
    """Return what a Resurs-DK passport says; its dates are day/month/year, its times those of Moscow."""
    found = {key: value.strip() for key, value in _LINE.findall(text)}
    day = _DAY.fullmatch(found.get("dSceneDate", ""))
    time = found.get("tSceneTime", "")
    words = "" if day is None else f"{day[3]}-{day[2]}-{day[1]}"
    if words and time:
        words = f"{words} {time[:15]}+03"
    return Acquisition(
        date=parse_date_text(words) or "",
        platform=found.get("cCodeKA", ""),
        sensor=found.get("cDeviceName", ""),
    )
