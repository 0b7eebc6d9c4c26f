"""The frame camera: one picture from one place, through a lens whose distortion is known.

Works in a projected CRS, with heights in the datum that the exterior orientation counts from: never
quietly through longitude and latitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.camera_interior import Interior, checked_size
from engine.geotransforms.camera_orientation import Orientation
from engine.geotransforms.frame_projection import locate_from_frame, project_to_frame
from engine.geotransforms.lens_distortion import Distortion, pinhole_numbers
from engine.geotransforms.positions import Floats, checked_numbers

_GEOGRAPHIC = ("EPSG:4326", "EPSG:4979", "EPSG:4258", "OGC:CRS84")
_GEOGRAPHIC_TEXT = ("GEOGCS", "GEOGCRS", "GEODCRS", "+PROJ=LONGLAT", "+PROJ=LATLONG")
_LOWEST_GROUND_M = -500.0
_HIGHEST_CAMERA_M = 100_000.0
_LEAST_RADIUS_M = 1e5
# Downsampled files are rounded to whole pixels: a thumbnail of 100 pixels by one of them.
_PROPORTIONS = 0.02


class CameraPosition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the perspective centre is: x and y in the ground CRS, z in metres in the vertical datum."""

    x: float
    y: float
    z_m: float


class FrameCameraRecord(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="process",
    tag="FrameCamera",
):
    """A frame camera's orientation.

    Attributes
    ----------
    ground_crs : str
        A projected CRS in metres.
    vertical_datum : str
        What heights of the position count from: "ellipsoid", "egm96", "egm2008" or a geoid file.
    columns, rows : int
        Size of the file at hand, pixels.
    frame_window : 4 floats or None
        The part of the camera's frame that the file shows: first column, first row, columns, rows, in
        pixels of the interior orientation; None = all of it. The file may have fewer pixels (it is
        downsampled) or more.
    earth_radius_m : float or None
        Corrects for the Earth's curvature: the ground sinks by d²/2R at the distance d from the camera.
        6,371,000 for geometry alone, 7,330,000 with mean refraction; None where block adjustment was
        made in map coordinates and has absorbed it.
    ground_heights_m : (float, float) or None
        Heights that the ground may have here.

    Notes
    -----
    There is no test of occlusion: use a terrain model, not a surface model.
    """

    ground_crs: str
    vertical_datum: str
    columns: int
    rows: int
    position: CameraPosition
    orientation: Orientation
    interior: Interior
    distortion: Distortion | None = None
    frame_window: tuple[float, float, float, float] | None = None
    earth_radius_m: float | None = None
    ground_heights_m: tuple[float, float] | None = None

    def bind(self) -> FrameCamera:
        """Check the numbers.

        Raises
        ------
        InvalidParameter
            NaN, a focal length of 0, no rotation, a geographic CRS, a camera below the ground.
        """
        if not self.ground_crs.strip() or is_geographic_name(self.ground_crs):
            raise InvalidParameter("ground_crs", self.ground_crs, "a projected CRS")
        if not self.vertical_datum.strip():
            raise InvalidParameter(
                "vertical_datum", "", "ellipsoid, egm96, egm2008 or a geoid file"
            )
        position = checked_numbers(
            "position", (self.position.x, self.position.y, self.position.z_m), (3,)
        )
        if not _LOWEST_GROUND_M < position[2] < _HIGHEST_CAMERA_M:
            raise InvalidParameter("position.z_m", position[2], "metres, -500 to 100000")
        to_pixels = self._camera_to_pixels()
        inverse = np.linalg.inv(np.vstack([to_pixels, [0.0, 0.0, 1.0]]))[:2]
        lens = pinhole_numbers()
        if self.distortion is not None:
            lens = self.distortion.numbers(self.interior.focal_length)
        camera = np.concatenate(
            [
                position,
                self.orientation.map_to_camera().ravel(),
                to_pixels.ravel(),
                inverse.ravel(),
                [self._half_curvature()],
                lens,
            ]
        )
        return FrameCamera(self.ground_crs, self.vertical_datum, self._height_range(), camera)

    def _camera_to_pixels(self) -> Floats:
        """Affine from directions to pixels of the file at hand."""
        to_frame = self.interior.camera_to_pixels()
        columns, rows = checked_size("file", self.columns, self.rows)
        window = self.frame_window or (0.0, 0.0, self.interior.columns, self.interior.rows)
        first_col, first_row, width, height = checked_numbers("frame_window", window, (4,))
        if not (width > 0 and height > 0):
            raise InvalidParameter("frame_window", window, "a width and height above 0")
        if abs(columns * height / (rows * width) - 1.0) > _PROPORTIONS:
            accepted = (
                f"the proportions of the frame, {width:.0f} x {height:.0f}, or a frame_window"
            )
            raise InvalidParameter("file size", f"{columns} x {rows}", accepted)
        to_frame[:, 2] -= (first_col, first_row)
        to_frame[0] *= columns / width
        to_frame[1] *= rows / height
        return to_frame

    def _half_curvature(self) -> float:
        radius = self.earth_radius_m
        if radius is None:
            return 0.0
        if not _LEAST_RADIUS_M < radius < math.inf:
            raise InvalidParameter("earth_radius_m", radius, "metres, such as 6371000")
        return 0.5 / radius

    def _height_range(self) -> tuple[float, float]:
        height_m = self.position.z_m
        if self.ground_heights_m is None:
            return _LOWEST_GROUND_M, height_m
        low, high = checked_numbers("ground_heights_m", self.ground_heights_m, (2,)).tolist()
        if not low <= high:
            raise InvalidParameter("ground_heights_m", self.ground_heights_m, "lowest, highest")
        if not height_m > low:
            raise InvalidParameter("position.z_m", height_m, f"a camera above the ground ({low} m)")
        return low, high


@dataclass(frozen=True, slots=True)
class FrameCamera:
    """A frame camera ready for use: a `SensorModel`.

    Attributes
    ----------
    numbers : float64 (35,)
        See `frame_projection.py`.
    """

    is_smooth: ClassVar[bool] = True

    ground_crs: str
    vertical_datum: str
    height_range: tuple[float, float]
    numbers: Floats

    @property
    def position(self) -> Floats:
        """The perspective centre: x, y in the ground CRS, z in metres, float64 (3,)."""
        return self.numbers[:3].copy()

    def ground_to_image(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return column and row positions of ground points; see `SensorModel`."""
        return project_to_frame(x, y, z, self.numbers)

    def image_to_ground(self, col_pos: Floats, row_pos: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return where lines of sight meet given heights; see `SensorModel`."""
        return locate_from_frame(col_pos, row_pos, z, self.numbers)


def is_geographic_name(crs: str) -> bool:
    """Return whether a CRS says of itself that it is in degrees; others may be, unknown here."""
    text = crs.strip().upper().replace(" ", "")
    return text in _GEOGRAPHIC or text.startswith(_GEOGRAPHIC_TEXT)
