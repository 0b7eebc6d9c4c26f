"""Where a sensor stood above the ground, on the map of the service: what the Nadir method measures from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.geolocation import unpack_geolocation
from engine.geometry.projection import LONLAT, operation, transform
from engine.geotransforms.frame_camera import FrameCameraRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.results import AttributeValue

# Fields of an item that say it where no camera does: degrees.
LONGITUDE, LATITUDE = "NadirLongitude", "NadirLatitude"


def nadir_of(
    geolocation: bytes, service_crs: str, attributes: Mapping[str, AttributeValue]
) -> Mapping[str, float]:
    """Return the fields nadir_x and nadir_y of an item, in the service CRS; {} where they are not known.

    A frame camera says itself where it stood. Of other images the fields NadirLongitude and
    NadirLatitude say it: raster types fill them in, and authors may.

    Parameters
    ----------
    geolocation : bytes
        As packed in the item; b"" = none.

    Raises
    ------
    InvalidParameter
        No operation leads to the service's CRS.
    """
    sensor = unpack_geolocation(geolocation).sensor if geolocation else None
    if isinstance(sensor, FrameCameraRecord):
        return _on_map(sensor.ground_crs, service_crs, (sensor.position.x, sensor.position.y))
    place = (_number(attributes.get(LONGITUDE)), _number(attributes.get(LATITUDE)))
    if not (math.isfinite(place[0]) and abs(place[1]) <= 90):
        return {}
    return _on_map(LONLAT, service_crs, place)


def _on_map(crs: str, service_crs: str, place: tuple[float, float]) -> Mapping[str, float]:
    to_service = operation(crs, service_crs).pipeline
    x, y = transform(to_service, np.array(place[:1]), np.array(place[1:]))
    if not np.isfinite([x[0], y[0]]).all():
        return {}
    return {"nadir_x": float(x[0]), "nadir_y": float(y[0])}


def _number(value: AttributeValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)
