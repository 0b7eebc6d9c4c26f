"""Tables of exterior orientations as text: CSV of any flavour, Esri's frames tables, bare columns.

Columns are known by their names; without a header they are image, x, y, z, omega, phi, kappa. Angles are
degrees. Positions are in the author's CRS, or longitude and latitude where the columns say so.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, shorten
from engine.geotransforms.camera_orientation import OmegaPhiKappa, RollPitchYaw, RotationMatrix
from raster_types.sensor_files.frames import LONGITUDE_LATITUDE, FrameExterior, finite_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.geotransforms.camera_orientation import Orientation

_MAX_CHARS = 64_000_000
_BARE = ("image", "x", "y", "z", "omega", "phi", "kappa")
_ALIASES = {
    "image": ("filename", "file", "image", "raster", "name", "label", "photo", "id"),
    "camera": ("camera", "cameraid", "cameraname"),
    "x": ("x", "perspectivex", "easting", "east"),
    "y": ("y", "perspectivey", "northing", "north"),
    "z": ("z", "perspectivez", "altitude", "alt", "height", "elevation", "ellipsoidheight"),
    "longitude": ("longitude", "lon", "long"),
    "latitude": ("latitude", "lat"),
    "omega": ("omega", "w"),
    "phi": ("phi", "p"),
    "kappa": ("kappa", "k"),
    "roll": ("roll",),
    "pitch": ("pitch",),
    "yaw": ("yaw", "heading"),
    "matrix": ("matrix",),
    "crs": ("srs", "crs"),
}
_FIELD_OF = {alias: field for field, aliases in _ALIASES.items() for alias in aliases}
_MATRIX_PARTS = tuple(f"r{row}{col}" for row in "123" for col in "123")


def read_exterior_table(text: str) -> list[FrameExterior]:
    """Return the exterior orientations of a table.

    Parameters
    ----------
    text : str
        Separated by commas, semicolons, tabs or blanks; lines that begin with # are left out.

    Raises
    ------
    InvalidParameter
        No rows, columns missing, or a value that is no number; the message names row and column.
    """
    if len(text) > _MAX_CHARS:
        raise InvalidParameter("exterior table", f"{len(text)} characters", "64 million at most")
    rows = _rows(text.removeprefix("\ufeff"))
    if not rows:
        raise InvalidParameter("exterior table", shorten(text), "at least one row")
    fields = [_field(name) for name in rows[0]]
    if "image" in fields and "z" in fields:
        rows = rows[1:]
    else:
        fields = list(_BARE)
    if not rows:
        raise InvalidParameter("exterior table", "a header alone", "at least one row")
    return [_exterior(number, fields, row) for number, row in enumerate(rows, start=1)]


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return []
    for delimiter in ",;\t":
        if delimiter in lines[0]:
            reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
            try:
                return [[cell.strip() for cell in row] for row in reader]
            except csv.Error as err:
                raise InvalidParameter("exterior table", err, "a readable table") from err
    return [line.split() for line in lines]


def _field(name: str) -> str:
    plain = re.sub(r"\(.*\)|\[.*\]|[^a-z0-9]", "", name.lower())
    return _FIELD_OF.get(plain, plain)


def _exterior(number: int, fields: list[str], row: list[str]) -> FrameExterior:
    cells: dict[str, str] = {}
    for field, cell in zip(fields, row, strict=False):
        cells.setdefault(field, cell)
    image = cells.get("image", "")
    if not image:
        raise InvalidParameter(f"row {number}", shorten(" ".join(row)), "the image's name")
    is_lonlat = not cells.get("x") and "longitude" in cells and "latitude" in cells
    x, y = ("longitude", "latitude") if is_lonlat else ("x", "y")
    return FrameExterior(
        image=image,
        camera=cells.get("camera", ""),
        x=_number(image, cells, x),
        y=_number(image, cells, y),
        z_m=_number(image, cells, "z"),
        orientation=_orientation(image, cells),
        crs=LONGITUDE_LATITUDE if is_lonlat else cells.get("crs", ""),
    )


def _orientation(image: str, cells: Mapping[str, str]) -> Orientation:
    if cells.get("omega"):
        omega, phi, kappa = (_number(image, cells, name) for name in ("omega", "phi", "kappa"))
        return OmegaPhiKappa(omega_deg=omega, phi_deg=phi, kappa_deg=kappa)
    if cells.get("roll"):
        roll, pitch, yaw = (_number(image, cells, name) for name in ("roll", "pitch", "yaw"))
        return RollPitchYaw(roll_deg=roll, pitch_deg=pitch, yaw_deg=yaw)
    parts = re.split(r"[\s;,]+", cells.get("matrix", "").strip())
    if all(cells.get(part) for part in _MATRIX_PARTS):
        parts = [cells[part] for part in _MATRIX_PARTS]
    if len(parts) != 9:
        accepted = "omega, phi, kappa; roll, pitch, yaw; or a matrix of 9 numbers"
        raise InvalidParameter(f"orientation of {image}", " ".join(parts), accepted)
    elements = tuple(finite_number(f"matrix of {image}", part) for part in parts)
    return RotationMatrix(elements=elements)


def _number(image: str, cells: Mapping[str, str], field: str) -> float:
    return finite_number(f"{field} of {image}", cells.get(field, ""))
