"""Where a sensor stood and how it looked, from its model alone: nadir, view angles, north and up in the image.

Any sensor model will do: a line of sight is the line through its ground points at two heights. Distances on
the ground are taken in the model's ground CRS, degrees by the ellipsoid's radii at the place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.frame_camera import is_geographic_name
from engine.geotransforms.positions import Floats, as_positions

if TYPE_CHECKING:
    from engine.geotransforms.base import SensorModel

# WGS 84; other ellipsoids differ by less than what an angle shows.
_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY_SQUARED = 0.00669437999014
_MEAN_RADIUS_M = 6_371_008.8
# Between the two heights: long enough for float64, short enough for the line of sight to be straight.
_STEP_M = 100.0


@dataclass(frozen=True, slots=True)
class ViewAngles:
    """How pixels were looked at.

    Attributes
    ----------
    zenith_deg : float64 (n,)
        Between the vertical at the ground and the direction to the sensor: 0 straight from above. For
        low cameras this is the off-nadir angle; see `off_nadir_of_zenith` for satellites.
    azimuth_deg : float64 (n,)
        Direction from the ground to the sensor, clockwise from the grid's north, 0 to 360. NaN at zenith 0.
    """

    zenith_deg: Floats
    azimuth_deg: Floats


@dataclass(frozen=True, slots=True)
class ImageDirections:
    """Where north and up point in an image, clockwise from the image's top, degrees 0 to 360.

    `up_deg` is NaN where the sensor looks straight down.
    """

    north_deg: Floats
    up_deg: Floats


def view_angles(model: SensorModel, col_pos: Floats, row_pos: Floats, z: Floats) -> ViewAngles:
    """Return under which angles pixels see the ground at given heights.

    Parameters
    ----------
    col_pos, row_pos : float64 (n,)
        Level-0 pixels, corner origin.
    z : float64 (n,)
        Metres in the model's vertical datum.

    Returns
    -------
    ViewAngles
        NaN where the model is not defined at the heights, or 100 m above (below, at its upper end).
    """
    col, row, low = as_positions(col_pos, row_pos, z)
    step = _step_within(model, low)
    x0, y0 = model.image_to_ground(col, row, low)
    x1, y1 = model.image_to_ground(col, row, low + step)
    metres_x, metres_y = metres_per_unit(model.ground_crs, y0)
    east, north = (x1 - x0) * metres_x * np.sign(step), (y1 - y0) * metres_y * np.sign(step)
    flat = np.hypot(east, north)
    azimuth = np.where(flat > 0, np.degrees(np.arctan2(east, north)) % 360.0, np.nan)
    return ViewAngles(np.degrees(np.arctan2(flat, np.abs(step))), azimuth)


def image_directions(model: SensorModel, x: Floats, y: Floats, z: Floats) -> ImageDirections:
    """Return where north and up point in the image, at ground points.

    Parameters
    ----------
    x, y : float64 (n,)
        In the model's ground CRS.
    z : float64 (n,)
        Metres.
    """
    x, y, z = as_positions(x, y, z)
    _, metres_y = metres_per_unit(model.ground_crs, y)
    step = _step_within(model, z)
    col, row = model.ground_to_image(x, y, z)
    north = model.ground_to_image(x, y + _STEP_M / metres_y, z)
    up = model.ground_to_image(x, y, z + step)
    sign = np.sign(step)
    return ImageDirections(
        _clockwise_from_top(north[0] - col, north[1] - row),
        _clockwise_from_top((up[0] - col) * sign, (up[1] - row) * sign),
    )


def off_nadir_of_zenith(zenith_deg: Floats, altitude_m: float) -> Floats:
    """Return the angle at the sensor between nadir and line of sight, on a spherical Earth, degrees.

    Parameters
    ----------
    zenith_deg : float64 (n,)
        At the ground.
    altitude_m : float
        Of the sensor above the ground.
    """
    part = np.sin(np.radians(zenith_deg)) * _MEAN_RADIUS_M / (_MEAN_RADIUS_M + altitude_m)
    off_nadir: Floats = np.degrees(np.arcsin(part))
    return off_nadir


def nadir_of_camera(position: Floats, ground_height_m: float) -> tuple[float, float, float]:
    """Return the ground point straight below a camera.

    Parameters
    ----------
    position : float64 (3,)
        Perspective centre (see `FrameCamera.position`).
    ground_height_m : float
        Terrain there, in the camera's vertical datum.

    Returns
    -------
    x, y, z_m : float

    Raises
    ------
    InvalidParameter
        The camera is not above the terrain: a wrong datum, unit or position.
    """
    x, y, z_m = (float(value) for value in position)
    if not math.isfinite(ground_height_m):
        raise InvalidParameter("ground height below the camera", ground_height_m, "metres")
    if not z_m > ground_height_m:
        raise InvalidParameter(
            "position.z_m", z_m, f"a camera above the terrain ({ground_height_m:.1f} m)"
        )
    return x, y, ground_height_m


def nadir_of_satellite(
    lon_lat: tuple[float, float], zenith_deg: float, azimuth_deg: float, altitude_m: float
) -> tuple[float, float]:
    """Return where a satellite stood overhead, from how it is seen at one ground point.

    Parameters
    ----------
    lon_lat : (float, float)
        Ground point, degrees.
    zenith_deg, azimuth_deg : float
        As in `ViewAngles`.
    altitude_m : float
        Of the orbit above the ground.

    Returns
    -------
    lon, lat : float
        Degrees, on a spherical Earth.
    """
    off_nadir = float(off_nadir_of_zenith(np.array([zenith_deg]), altitude_m)[0])
    arc = math.radians(zenith_deg - off_nadir)
    if arc == 0.0:
        return lon_lat
    lon, lat = (math.radians(value) for value in lon_lat)
    azimuth = math.radians(azimuth_deg)
    sine = math.sin(lat) * math.cos(arc) + math.cos(lat) * math.sin(arc) * math.cos(azimuth)
    turned = math.atan2(
        math.sin(azimuth) * math.sin(arc) * math.cos(lat), math.cos(arc) - math.sin(lat) * sine
    )
    return (math.degrees(lon + turned) + 180.0) % 360.0 - 180.0, math.degrees(math.asin(sine))


def metres_per_unit(ground_crs: str, y: Floats) -> tuple[Floats, Floats]:
    """Return how long a unit of a ground CRS is along x and y: 1 unless it is in degrees.

    Parameters
    ----------
    y : float64 (n,)
        Latitudes, where the CRS is in degrees.
    """
    if not is_geographic_name(ground_crs):
        return np.ones_like(y), np.ones_like(y)
    latitude = np.radians(y)
    shrink = 1.0 - _ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    along_parallel = _SEMI_MAJOR_M / np.sqrt(shrink) * np.cos(latitude)
    along_meridian = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_SQUARED) / shrink**1.5
    return np.radians(along_parallel), np.radians(along_meridian)


def _step_within(model: SensorModel, z: Floats) -> Floats:
    """Up, or down where the model ends above."""
    step: Floats = np.where(z + _STEP_M <= model.height_range[1], _STEP_M, -_STEP_M)
    return step


def _clockwise_from_top(right: Floats, down: Floats) -> Floats:
    length = np.hypot(right, down)
    angle: Floats = np.where(length > 1e-9, np.degrees(np.arctan2(right, -down)) % 360.0, np.nan)
    return angle
