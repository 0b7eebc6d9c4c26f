"""How and when images were taken, from text files: IKONOS and GeoEye, OrbView, KOMPSAT, EROS, ALOS."""

from __future__ import annotations

import re

from raster_types.adding.author_fields import parse_date_text
from raster_types.sensor_files.acquisition import (
    Acquisition,
    azimuth,
    fraction_of_percent,
    measured,
)
from raster_types.sensor_files.odl_groups import read_odl

_RULE = re.compile(r"^[=-]{10,}[ \t]*$", re.MULTILINE)
_LABEL = re.compile(r"^[ \t]*([^:\r\n]{1,80}):[ \t]*([^\r\n]*)", re.MULTILINE)
_EQUALS = re.compile(r"^[ \t]*(\w{1,80})[ \t]*=[ \t]*\"?([^\"\r\n;]*)", re.MULTILINE)
_BLANKS = re.compile(r"^[ \t]*(\w{1,80})[ \t]+([^\r\n]*)", re.MULTILINE)


def read_ikonos_metadata(text: str, raster: str) -> Acquisition:
    """Return what an IKONOS or GeoEye metadata file says of one of its components.

    Parameters
    ----------
    raster : str
        Name of the component's file, which ends in its ID ("…_rgb_0010000").
    """
    blocks = [dict(_LABEL.findall(block)) for block in _RULE.split(text)]
    images = [block for block in blocks if "Source Image ID" in block]
    components = [block for block in blocks if "Component ID" in block]
    own = (c for c in components if c["Component ID"].strip() and c["Component ID"] in raster)
    image_id = next(own, {}).get("Product Image ID", "")
    same = (image for image in images if image.get("Product Image ID", "") == image_id)
    found = {key: _plain(value) for key, value in next(same, images[0] if images else {}).items()}
    names = ("Product GSD", "Pan Cross Scan" if "pan" in raster.lower() else "MS Cross Scan")
    return Acquisition(
        date=parse_date_text(found.get("Acquisition Date/Time", "")) or "",
        platform=found.get("Sensor", ""),
        sun_azimuth_deg=azimuth(found, "Sun Angle Azimuth"),
        sun_elevation_deg=measured(found, ("Sun Angle Elevation",), -90.0, 90.0),
        sensor_azimuth_deg=azimuth(found, "Nominal Collection Azimuth"),
        sensor_elevation_deg=measured(found, ("Nominal Collection Elevation",), 0.0, 90.0),
        cloud_cover=fraction_of_percent(measured(found, ("Percent Cloud Cover",), 0.0, 100.0)),
        gsd_m=measured(found, names, 1e-3, 1e4),
    )


def _plain(text: str) -> str:
    return re.sub(r"\s*(GMT|UTC|meters|metres|degrees)\s*$", "", text.strip()[:200])


def read_orbview_acquisition(text: str) -> Acquisition:
    """Return what an OrbView .pvl file says."""
    found = read_odl(text).flat()
    cloud = measured(found, ("productcloudcoverpercentage",), 0.0, 100.0)
    return Acquisition(
        date=parse_date_text(found.get("firstlineacquisitiondatetime", "")) or "",
        platform=found.get("satellitename", ""),
        sensor=found.get("sensorname", ""),
        cloud_cover=fraction_of_percent(cloud),
        gsd_m=measured(found, ("linespacing",), 1e-3, 1e4),
    )


def read_kompsat_acquisition(text: str) -> Acquisition:
    """Return what a KOMPSAT auxiliary text says; its cloud status is a class, no share."""
    found = {key: value.strip() for key, value in _BLANKS.findall(text)}
    day, time = found.get("AUX_STRIP_ACQ_DATE_UT", ""), found.get("AUX_STRIP_ACQ_START_UT", "")
    return Acquisition(
        date=parse_date_text(f"{day}T{time[:6]}" if len(time) >= 6 else day) or "",
        platform=found.get("AUX_SATELLITE_NAME", ""),
        sensor=found.get("AUX_SATELLITE_SENSOR", ""),
    )


def read_eros_acquisition(text: str) -> Acquisition:
    """Return what an EROS .pass file says."""
    found = {key: value.strip() for key, value in _BLANKS.findall(text)}
    return Acquisition(
        date=parse_date_text(found.get("sweep_start_utc", "").replace(",", " ")) or "",
        platform=found.get("satellite", ""),
        sensor=found.get("camera", ""),
        cloud_cover=fraction_of_percent(measured(found, ("overall_cc",), 0.0, 100.0)),
    )


def read_alos_acquisition(text: str) -> Acquisition:
    """Return what an ALOS summary.txt says."""
    found = {key: value.strip() for key, value in _EQUALS.findall(text)}
    return Acquisition(
        date=parse_date_text(found.get("Lbi_ObservationDate", "")) or "",
        platform=found.get("Lbi_Satellite", ""),
        sensor=found.get("Lbi_Sensor", ""),
    )
