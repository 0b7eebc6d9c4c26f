"""Interior orientations of frame cameras: focal length and principal point, in three units.

Each becomes one affine map from directions in the camera (x right, y down, both divided by depth and
distorted by the lens) to pixels of the camera's frame with the corner origin.
"""

from __future__ import annotations

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.positions import Floats, checked_numbers

_MAX_PIXELS = 1_000_000


class InteriorMillimetres(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="unit",
    tag="mm",
):
    """An interior orientation on the film or chip, as calibration reports give it.

    Attributes
    ----------
    columns, rows : int
        The frame the calibration is about, pixels.
    focal_length_mm : float
        The principal distance.
    principal_point_x_mm, principal_point_y_mm : float
        Where the principal point (of autocollimation) lies in the film's axes: x right and y up in the
        image, from the centre of the frame or of the fiducial marks.
    pixel_size_x_mm, pixel_size_y_mm : float or None
        Of the frame's pixels. None with `pixel_to_film_mm`.
    pixel_to_film_mm : 6 floats or None
        Inner orientation of a scanned film from its fiducial marks: x_mm = a[0] + a[1]·col + a[2]·row,
        y_mm = a[3] + a[4]·col + a[5]·row, col and row with the corner origin.
    """

    columns: int
    rows: int
    focal_length_mm: float
    principal_point_x_mm: float = 0.0
    principal_point_y_mm: float = 0.0
    pixel_size_x_mm: float | None = None
    pixel_size_y_mm: float | None = None
    pixel_to_film_mm: tuple[float, ...] | None = None

    @property
    def focal_length(self) -> float:
        """The principal distance in the unit of this record: millimetres."""
        return self.focal_length_mm

    def camera_to_pixels(self) -> Floats:
        """Return the affine from directions to frame pixels, float64 (2, 3)."""
        focal = _checked_focal("focal_length_mm", self.focal_length_mm)
        center = _checked_finite(self, "principal_point_x_mm", "principal_point_y_mm")
        to_film = np.array([[focal, 0.0, center[0]], [0.0, -focal, center[1]], [0.0, 0.0, 1.0]])
        product: Floats = (np.linalg.inv(self._pixels_to_film()) @ to_film)[:2]
        return product

    def _pixels_to_film(self) -> Floats:
        columns, rows = checked_size("interior", self.columns, self.rows)
        if self.pixel_to_film_mm is not None:
            a = checked_numbers("pixel_to_film_mm", self.pixel_to_film_mm, (6,))
            if not abs(a[1] * a[5] - a[2] * a[4]) > 0:
                raise InvalidParameter(
                    "pixel_to_film_mm", self.pixel_to_film_mm, "a determinant that is not zero"
                )
            return np.array([[a[1], a[2], a[0]], [a[4], a[5], a[3]], [0.0, 0.0, 1.0]])
        size_x = _checked_focal("pixel_size_x_mm", self.pixel_size_x_mm)
        size_y = _checked_focal("pixel_size_y_mm", self.pixel_size_y_mm)
        return np.array(
            [
                [size_x, 0.0, -size_x * columns / 2],
                [0.0, -size_y, size_y * rows / 2],
                [0.0, 0.0, 1.0],
            ]
        )


class InteriorPixels(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="unit",
    tag="px",
):
    """An interior orientation in pixels, as computer vision gives it.

    Attributes
    ----------
    columns, rows : int
        The frame the calibration is about, pixels.
    focal_length_x_px, focal_length_y_px : float
    principal_point_col_px, principal_point_row_px : float
        Corner origin, rows downwards: the middle of the frame is (columns / 2, rows / 2). OpenCV counts
        centres from 0; its numbers need half a pixel more.
    """

    columns: int
    rows: int
    focal_length_x_px: float
    focal_length_y_px: float
    principal_point_col_px: float
    principal_point_row_px: float

    @property
    def focal_length(self) -> float:
        """The principal distance in the unit of this record: pixels along a row."""
        return self.focal_length_x_px

    def camera_to_pixels(self) -> Floats:
        """Return the affine from directions to frame pixels, float64 (2, 3)."""
        checked_size("interior", self.columns, self.rows)
        focal_x = _checked_focal("focal_length_x_px", self.focal_length_x_px)
        focal_y = _checked_focal("focal_length_y_px", self.focal_length_y_px)
        col, row = _checked_finite(self, "principal_point_col_px", "principal_point_row_px")
        return np.array([[focal_x, 0.0, col], [0.0, focal_y, row]])


class InteriorNormalised(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="unit",
    tag="normalised",
):
    """An interior orientation in units of the frame's longer side, as OpenSfM gives it.

    Attributes
    ----------
    columns, rows : int
        The frame the calibration is about, pixels.
    focal_length_x, focal_length_y : float
        Over the longer side.
    principal_point_x, principal_point_y : float
        From the middle of the frame, x right and y down, over the longer side.
    """

    columns: int
    rows: int
    focal_length_x: float
    focal_length_y: float
    principal_point_x: float = 0.0
    principal_point_y: float = 0.0

    @property
    def focal_length(self) -> float:
        """The principal distance in the unit of this record: the longer side."""
        return self.focal_length_x

    def camera_to_pixels(self) -> Floats:
        """Return the affine from directions to frame pixels, float64 (2, 3)."""
        columns, rows = checked_size("interior", self.columns, self.rows)
        side = max(columns, rows)
        focal_x = _checked_focal("focal_length_x", self.focal_length_x)
        focal_y = _checked_focal("focal_length_y", self.focal_length_y)
        x, y = _checked_finite(self, "principal_point_x", "principal_point_y")
        return np.array(
            [
                [side * focal_x, 0.0, columns / 2 + side * x],
                [0.0, side * focal_y, rows / 2 + side * y],
            ]
        )


Interior = InteriorMillimetres | InteriorPixels | InteriorNormalised


def checked_size(name: str, columns: int, rows: int) -> tuple[int, int]:
    """Return a size in pixels.

    Raises
    ------
    InvalidParameter
        Not between 1 and a million.
    """
    if not (0 < columns <= _MAX_PIXELS and 0 < rows <= _MAX_PIXELS):
        raise InvalidParameter(
            f"{name} size", f"{columns} x {rows}", "1 to a million pixels a side"
        )
    return columns, rows


def _checked_focal(name: str, value: float | None) -> float:
    if value is None or not 0.0 < value < 1e9:
        raise InvalidParameter(name, value, "a length above 0")
    return value


def _checked_finite(record: Interior, *names: str) -> tuple[float, ...]:
    values = tuple(float(getattr(record, name)) for name in names)
    for name, value in zip(names, values, strict=True):
        checked_numbers(name, (value,), (1,))
    return values
