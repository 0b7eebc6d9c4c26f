"""Made cameras, and an independent reckoning of the collinearity equations in plain numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.geotransforms.camera_interior import InteriorMillimetres, InteriorNormalised
from engine.geotransforms.camera_orientation import OmegaPhiKappa, RollPitchYaw
from engine.geotransforms.frame_camera import CameraPosition, FrameCameraRecord
from engine.geotransforms.grid_sensor import GridSensorRecord
from engine.geotransforms.lens_distortion import BrownDistortion, FisheyeDistortion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geotransforms.base import SensorModel

Floats = Any

POSITION = CameraPosition(x=300_000.0, y=5_000_000.0, z_m=1500.0)


def aerial_camera(**changes: Any) -> FrameCameraRecord:
    """A digital aerial camera 1,500 m above the ground, 1000 × 800 pixels, ground pixels of about 1 m."""
    record = FrameCameraRecord(
        ground_crs="EPSG:32633",
        vertical_datum="egm2008",
        columns=1000,
        rows=800,
        position=POSITION,
        orientation=OmegaPhiKappa(omega_deg=1.5, phi_deg=-2.0, kappa_deg=33.0),
        interior=InteriorMillimetres(
            columns=1000,
            rows=800,
            focal_length_mm=50.0,
            principal_point_x_mm=0.12,
            principal_point_y_mm=-0.07,
            pixel_size_x_mm=0.036,
            pixel_size_y_mm=0.036,
        ),
        distortion=BrownDistortion(k1=-0.08, k2=0.02, k3=-0.002, p1=3e-4, p2=-2e-4),
        ground_heights_m=(0.0, 400.0),
    )
    return msgspec.structs.replace(record, **changes)


def fisheye_camera(**changes: Any) -> FrameCameraRecord:
    """A fisheye on a drone 120 m up that sees nearly a half sphere."""
    record = FrameCameraRecord(
        ground_crs="EPSG:32633",
        vertical_datum="ellipsoid",
        columns=2000,
        rows=2000,
        position=CameraPosition(x=300_000.0, y=5_000_000.0, z_m=120.0),
        orientation=RollPitchYaw(roll_deg=2.0, pitch_deg=5.0, yaw_deg=120.0),
        interior=InteriorNormalised(
            columns=2000, rows=2000, focal_length_x=0.33, focal_length_y=0.33
        ),
        distortion=FisheyeDistortion(k1=-0.03, k2=0.004),
    )
    return msgspec.structs.replace(record, **changes)


def tabulated(camera: FrameCameraRecord, heights_m: tuple[float, ...]) -> GridSensorRecord:
    """A location grid of 21 × 17 nodes made from a camera's lines of sight."""
    model = camera.bind()
    columns, rows = 21, 17
    step_x, step_y = camera.columns / (columns - 1), camera.rows / (rows - 1)
    row, col = np.mgrid[:rows, :columns].astype(float)
    layers = [
        model.image_to_ground(
            (col * step_x).ravel(), (row * step_y).ravel(), np.full(col.size, height)
        )
        for height in heights_m
    ]
    return GridSensorRecord(
        ground_crs=camera.ground_crs,
        vertical_datum=camera.vertical_datum,
        columns=columns,
        rows=rows,
        first_x=0.0,
        first_y=0.0,
        step_x=step_x,
        step_y=step_y,
        heights_m=heights_m,
        x=tuple(np.concatenate([x for x, _ in layers]).tolist()),
        y=tuple(np.concatenate([y for _, y in layers]).tolist()),
    )


def turn(axis: str, degrees: float) -> NDArray[np.float64]:
    """A rotation about a coordinate axis."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def collinearity(point: Floats, center: Floats, to_map: Floats, focal_px: float) -> Floats:
    """Textbook: image coordinates x right, y up in pixels from the principal point."""
    d = np.asarray(to_map).T @ (np.asarray(point, float) - np.asarray(center, float))
    return -focal_px * d[0] / d[2], -focal_px * d[1] / d[2]


def there_and_back(model: SensorModel, col: Floats, row: Floats, z: Floats) -> Floats:
    """Error in pixels of image -> ground -> image; NaN where one of the ways is not defined."""
    ground = model.image_to_ground(col, row, z)
    again = model.ground_to_image(*ground, z)
    return np.hypot(again[0] - col, again[1] - row)
