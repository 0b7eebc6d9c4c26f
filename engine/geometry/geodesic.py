"""Distances, directions and areas on the WGS 84 ellipsoid; degrees in, metres out.

References
----------
Karney, C. F. F. (2013), Algorithms for geodesics, Journal of Geodesy 87: what PROJ's geodesics are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_EARTH = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Geodesics:
    """The shortest ways between pairs of points.

    Attributes
    ----------
    azimuth_deg : float64 (n,)
        Of the way at its first point, clockwise from true north, 0 to 360.
    length_m : float64 (n,)
    """

    azimuth_deg: Floats
    length_m: Floats


def geodesics(lon: Floats, lat: Floats, to_lon: Floats, to_lat: Floats) -> Geodesics:
    """Return the shortest ways from points to others, all float64 (n,)."""
    azimuth, _, length = _EARTH.inv(lon, lat, to_lon, to_lat)
    return Geodesics(np.asarray(azimuth) % 360.0, np.asarray(length))


def point_along(lon: float, lat: float, azimuth_deg: float, length_m: float) -> tuple[float, float]:
    """Return longitude and latitude of the end of a geodesic."""
    to_lon, to_lat, _ = _EARTH.fwd(lon, lat, azimuth_deg, length_m)
    return float(to_lon), float(to_lat)


def ring_area_m2(lon: Floats, lat: Floats) -> float:
    """Return the area within a ring whose sides are geodesics, whichever way it turns."""
    area, _ = _EARTH.polygon_area_perimeter(lon, lat)
    return abs(float(area))


def area_between_meridians_m2(lon: Floats, lat: Floats) -> float:
    """Return the area within a closed ring on a map of longitudes and authalic latitudes.

    Parameters
    ----------
    lon : float64 (n,)
        Without jumps: it may reach from -180 to 180, where geodesics would go the other way.

    References
    ----------
    Snyder, J. P. (1987), Map Projections: A Working Manual, USGS Professional Paper 1395, 3-12.
    """
    sine, first = np.sin(np.radians(lat)), np.sqrt(_EARTH.es)
    authalic = sine / (1.0 - _EARTH.es * sine**2) + np.arctanh(first * sine) / first
    height = _EARTH.a**2 * (1.0 - _EARTH.es) / 2.0 * authalic
    width = np.diff(np.radians(lon))
    return abs(float((width * (height[:-1] + height[1:]) / 2.0).sum()))
