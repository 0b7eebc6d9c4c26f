"""Exterior orientations brought onto a map grid: positions in degrees projected, headings turned to grid north."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geometry.projection import inverse, operation, transform
from engine.geotransforms.camera_orientation import RollPitchYaw
from engine.geotransforms.frame_camera import is_geographic_name
from raster_types.sensor_files.frames import LONGITUDE_LATITUDE, FrameExterior

# Northwards, to see where true north points on the grid.
_STEP_DEG = 1e-4


def place_on_grid(exterior: FrameExterior, ground_crs: str) -> FrameExterior:
    """Return an exterior orientation in a projected CRS.

    Longitude and latitude become x and y; heights stay as they are. Yaw counts from true north, so roll,
    pitch and yaw get the grid's convergence at the camera; omega, phi, kappa and matrices are of the grid
    already.

    Parameters
    ----------
    ground_crs : str
        Canonical key of a projected CRS.

    Raises
    ------
    InvalidParameter
        The position has no place in the CRS.
    """
    to_grid = operation(LONGITUDE_LATITUDE, ground_crs).pipeline
    x, y = np.array([exterior.x]), np.array([exterior.y])
    if is_geographic_name(exterior.crs):
        lon, lat = x, y
        x, y = transform(to_grid, lon, lat)
    else:
        lon, lat = inverse(to_grid, x, y)
    if not np.isfinite([x, y, lon, lat]).all():
        value = f"{exterior.x}, {exterior.y}"
        raise InvalidParameter(f"position of {exterior.image}", value, f"a place in {ground_crs}")
    orientation = exterior.orientation
    if isinstance(orientation, RollPitchYaw):
        north_x, north_y = transform(to_grid, lon, lat + _STEP_DEG)
        azimuth = math.degrees(math.atan2(north_x[0] - x[0], north_y[0] - y[0]))
        orientation = msgspec.structs.replace(orientation, convergence_deg=-azimuth)
    return dataclasses.replace(
        exterior, x=float(x[0]), y=float(y[0]), crs=ground_crs, orientation=orientation
    )
