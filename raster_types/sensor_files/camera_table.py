"""Interior orientations as CSV: Esri's cameras tables, in micrometres."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, shorten
from engine.geotransforms.camera_interior import InteriorMillimetres
from raster_types.sensor_files.frames import FrameInterior, finite_number

if TYPE_CHECKING:
    from collections.abc import Mapping

_MM_PER_MICROMETRE = 1e-3
_MAX_CHARS = 16_000_000
# Not read: their conventions are not documented well enough to be right.
_AFFINE = ("a0", "a1", "a2", "b0", "b1", "b2")
_DISTORTION = ("konrady", "radial", "tangential", "k0", "k1", "k2", "k3", "p1", "p2")
_X_RIGHT_Y_UP = ("", "1", "X_RIGHT_Y_UP")


def read_camera_table(text: str) -> dict[str, FrameInterior]:
    """Return the cameras of a table, by CameraID.

    Parameters
    ----------
    text : str
        Columns CameraID, FocalLength, PixelSize, NColumns, NRows; PrincipalX and PrincipalY, if any,
        lead from the fiducial centre to the principal point, x right and y up. All lengths in µm.

    Raises
    ------
    InvalidParameter
        Columns missing, a value that is no number, an affine or a distortion (not read).
    """
    if len(text) > _MAX_CHARS:
        raise InvalidParameter("cameras table", f"{len(text)} characters", "16 million at most")
    try:
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff").strip())))
    except csv.Error as err:
        raise InvalidParameter("cameras table", err, "a readable table") from err
    cameras = {}
    for row in rows:
        cells = {
            (name or "").strip().lower(): str(cell or "").strip() for name, cell in row.items()
        }
        cameras[cells.get("cameraid", "")] = _camera(cells)
    if not cameras:
        raise InvalidParameter("cameras table", shorten(text), "at least one row")
    return cameras


def _camera(cells: Mapping[str, str]) -> FrameInterior:
    name = cells.get("cameraid", "")
    for field in (*_AFFINE, *_DISTORTION):
        if cells.get(field, "").strip("0. "):
            raise InvalidParameter(f"{field} of {name}", cells[field], "a table without it")
    system = cells.get("filmcoordinatesystem", cells.get("fcs", ""))
    if system not in _X_RIGHT_Y_UP:
        raise InvalidParameter(f"FilmCoordinateSystem of {name}", system, "1 (X_RIGHT_Y_UP)")

    def millimetres(field: str, default: str) -> float:
        text = cells.get(field) or default
        return finite_number(f"{field} of {name}", text) * _MM_PER_MICROMETRE

    size = millimetres("pixelsize", "")
    columns, rows = (
        int(finite_number(f"{field} of {name}", cells.get(field, "")))
        for field in ("ncolumns", "nrows")
    )
    return FrameInterior(
        InteriorMillimetres(
            columns=columns,
            rows=rows,
            focal_length_mm=millimetres("focallength", ""),
            principal_point_x_mm=millimetres("principalx", "0"),
            principal_point_y_mm=millimetres("principaly", "0"),
            pixel_size_x_mm=size,
            pixel_size_y_mm=size,
        )
    )
