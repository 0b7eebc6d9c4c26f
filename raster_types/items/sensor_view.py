"""What a sensor model alone shows of how an image was taken: where the sensor stood, size of a pixel."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from engine.geometry.projection import LONLAT, inverse, operation
from engine.geotransforms.frame_camera import FrameCameraRecord
from engine.geotransforms.view_angles import (
    metres_per_unit,
    nadir_of_satellite,
    off_nadir_of_zenith,
    view_angles,
)
from raster_types.sensor_files.acquisition import Acquisition, Attributes

if TYPE_CHECKING:
    from engine.geotransforms import SensorRecord
    from engine.geotransforms.base import SensorModel

# Below a camera, to see how it looks: any depth will do.
_BELOW_CAMERA_M = 1000.0


def view_of_image(
    record: SensorRecord,
    size: tuple[int, int],
    stated: Acquisition,
    ground_m: float | None = None,
) -> Attributes:
    """Return fields about the view at an image's middle; what the vendor states counts first.

    Parameters
    ----------
    size : (width, height)
        Of the image.
    stated
        By the vendor.
    ground_m
        Height of the ground under the image, where it is known; pixels of cameras need it.

    Notes
    -----
    The nadir of a frame camera is the place below it. That of a satellite is the place over which it
    stood, taken from the line of sight and the platform's nominal height: hundreds of kilometres from
    the image for oblique views, so that ordering by distance to the nadir prefers the steepest view.
    """
    model = record.bind()
    if isinstance(record, FrameCameraRecord):
        below = record.position.z_m - _BELOW_CAMERA_M
        computed = _view(model, size, below if ground_m is None else ground_m, None)
        if ground_m is None:
            computed = dataclasses.replace(computed, gsd_m=None)
        return stated.completed_by(computed).attributes() | _camera_fields(record)
    low, high = model.height_range
    computed = _view(model, size, (low + high) / 2, stated.altitude_m)
    whole = stated.completed_by(computed)
    return whole.attributes() | _satellite_nadir(model, size, whole)


def _view(
    model: SensorModel, size: tuple[int, int], height_m: float, altitude_m: float | None
) -> Acquisition:
    """Return angles and pixel size at the middle; without an altitude the sensor is a near camera."""
    col, row = size[0] / 2, size[1] / 2
    cols, rows = np.array([col, col + 1, col]), np.array([row, row, row + 1])
    z = np.full(3, height_m)
    seen = view_angles(model, cols, rows, z)
    zenith, azimuth = float(seen.zenith_deg[0]), float(seen.azimuth_deg[0])
    off_nadir = zenith
    if altitude_m is not None:
        off_nadir = float(off_nadir_of_zenith(seen.zenith_deg[:1], altitude_m)[0])
    return Acquisition(
        sensor_azimuth_deg=_known(azimuth),
        sensor_elevation_deg=_known(90.0 - zenith),
        off_nadir_deg=_known(off_nadir),
        gsd_m=_pixel_size_m(model, cols, rows, z),
    )


def _pixel_size_m(
    model: SensorModel,
    cols: np.ndarray[tuple[int], np.dtype[np.float64]],
    rows: np.ndarray[tuple[int], np.dtype[np.float64]],
    z: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> float | None:
    x, y = model.image_to_ground(cols, rows, z)
    metres_x, metres_y = metres_per_unit(model.ground_crs, y)
    sides = np.hypot((x[1:] - x[0]) * metres_x[0], (y[1:] - y[0]) * metres_y[0])
    return _known(float(np.sqrt(sides.prod())))


def _satellite_nadir(model: SensorModel, size: tuple[int, int], view: Acquisition) -> Attributes:
    """Return the place over which a satellite stood; {} where its line of sight is not known."""
    low, high = model.height_range
    middle = (np.array([size[0] / 2]), np.array([size[1] / 2]), np.array([(low + high) / 2]))
    x, y = model.image_to_ground(*middle)
    elevation = view.sensor_elevation_deg
    azimuth = 0.0 if view.sensor_azimuth_deg is None else view.sensor_azimuth_deg
    if elevation is None or not np.isfinite([x[0], y[0]]).all():
        return {}
    lon, lat = inverse(operation(LONLAT, model.ground_crs).pipeline, x, y)
    zenith = 90.0 - elevation
    found = nadir_of_satellite((float(lon[0]), float(lat[0])), zenith, azimuth, view.altitude_m)
    return {"NadirLongitude": found[0], "NadirLatitude": found[1]}


def _camera_fields(record: FrameCameraRecord) -> Attributes:
    """Return the camera's position on its own map, and the place below it on Earth."""
    position = record.position
    to_ground = operation(LONLAT, record.ground_crs).pipeline
    lon, lat = inverse(to_ground, np.array([position.x]), np.array([position.y]))
    return {
        "CameraX": position.x,
        "CameraY": position.y,
        "CameraZ": position.z_m,
        "NadirLongitude": float(lon[0]),
        "NadirLatitude": float(lat[0]),
    }


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
