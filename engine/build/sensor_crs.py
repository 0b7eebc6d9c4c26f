"""The CRS of a service whose images have none of their own: that of their orientations, or a UTM zone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.geolocation import bind_sensor
from engine.geometry.projection import MERCATOR, describe_crs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.geolocation import Geolocation

    # Longitude and latitude, degrees.
    Place = tuple[float, float]

# Where UTM ends, and the polar stereographic systems in use there.
_NORTHMOST, _SOUTHMOST = 84.0, -80.0
_ARCTIC, _ANTARCTIC = "EPSG:3995", "EPSG:3031"
# Images that lie further apart are no one's zone: a zone is 6° wide and bears three of its neighbours.
_MOST_DEGREES = 18.0


def crs_or_place(geolocation: Geolocation, size: tuple[int, int]) -> str | Place | None:
    """Return the map of an image, or where its middle lies on Earth; None where it cannot be told.

    Its terrain is not looked at: heights move the middle by little.

    Parameters
    ----------
    size : (width, height)
        In pixels.

    Raises
    ------
    InvalidParameter
        Its sensor model cannot be used.
    """
    sensor = bind_sensor(geolocation).sensor
    if geolocation.crs or not describe_crs(sensor.ground_crs).is_geographic:
        return geolocation.crs or sensor.ground_crs
    middle = np.array([size[0] / 2]), np.array([size[1] / 2])
    low, high = sensor.height_range
    lon, lat = sensor.image_to_ground(*middle, np.array([(low + high) / 2]))
    place = float(lon[0]), float(lat[0])
    return place if all(map(math.isfinite, place)) else None


def crs_around(places: Sequence[Place]) -> str:
    """Return the UTM zone of the middle of places, a polar system near a pole, else Web Mercator."""
    lon, lat = np.array(places, np.float64).T
    # Longitudes go round: their middle is where they point to together.
    turns = np.exp(1j * np.radians(lon)).mean()
    middle_lon = math.degrees(math.atan2(turns.imag, turns.real))
    middle_lat = float(lat.mean())
    if middle_lat > _NORTHMOST:
        return _ARCTIC
    if middle_lat < _SOUTHMOST:
        return _ANTARCTIC
    off = np.abs((lon - middle_lon + 180.0) % 360.0 - 180.0)
    if 2 * float(off.max()) > _MOST_DEGREES:
        return MERCATOR
    zone = min(60, int((middle_lon + 180.0) // 6.0) + 1)
    return f"EPSG:{(32600 if middle_lat >= 0 else 32700) + zone}"
