"""Files of ground control points by their content: QGIS `.points`, orthority's GeoJSON, tables as CSV.

A table has a header with col, row, x, y (or lon, lat), and maybe z, id and file. Positions count from the
outer corner of the first pixel, rows downwards.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, shorten
from engine.geotransforms.gcps import Gcp
from raster_types.sensor_files.gcps import read_gcp_geojson, read_points_file

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONLAT = "EPSG:4326"
_MAX_CHARACTERS = 64_000_000
_ALIASES = {
    "col": ("col", "column", "pixel", "sample", "sourcex", "imagex", "px"),
    "row": ("row", "line", "imagey", "py"),
    "x": ("x", "mapx", "easting", "east"),
    "y": ("y", "mapy", "northing", "north"),
    "lon": ("lon", "longitude", "long"),
    "lat": ("lat", "latitude"),
    "z": ("z", "height", "elevation", "h"),
    "id": ("id", "name", "label", "point"),
    "file": ("file", "filename", "image", "raster"),
}
_FIELD_OF = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_CRS_LINE = re.compile(r"#CRS:[ \t]*([^\r\n]+)")


@dataclass(frozen=True, slots=True)
class GcpFile:
    """Control points of a file.

    Attributes
    ----------
    by_image : dict
        Points by the image that they are of; "" = any.
    crs : str
        Of x and y as the file says it, a name or WKT; "" = it does not.
    vertical_datum : str
        What heights count from; "" = the file does not say.
    """

    by_image: Mapping[str, tuple[Gcp, ...]]
    crs: str = ""
    vertical_datum: str = ""
    _found: dict[tuple[str, str], tuple[Gcp, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def has_points_of(self, image: str) -> bool:
        """Tell whether there are points of an image."""
        return bool(self._of(image))

    def points_of(self, image: str) -> tuple[Gcp, ...]:
        """Return the points of an image, by file name in any case, with its ending or without.

        Raises
        ------
        InvalidParameter
            None are.
        """
        if points := self._of(image):
            return points
        named = ", ".join(sorted(_file_name(name) for name in self.by_image)[:5])
        raise InvalidParameter(
            "gcps of", _file_name(image), f"points of this image, not of {named}"
        )

    def _of(self, image: str) -> tuple[Gcp, ...]:
        if not self._found:
            # Once: a table of thousands of images is asked for each of them.
            for name, points in self.by_image.items():
                if name:
                    self._found.setdefault(("name", _file_name(name)), points)
                    self._found.setdefault(("stem", _stem(name)), points)
        for key in (("name", _file_name(image)), ("stem", _stem(image))):
            if key in self._found:
                return self._found[key]
        return self.by_image.get("", ())


def read_gcp_file(text: str) -> GcpFile:
    """Return the control points of a file, whose kind is known by what it holds.

    Raises
    ------
    InvalidParameter
        None of the kinds, or a number in it is not finite.
    """
    if len(text) > _MAX_CHARACTERS:
        raise InvalidParameter("gcps", f"{len(text)} characters", "64 million at most")
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        return GcpFile(read_gcp_geojson(text), _LONLAT, "ellipsoid")
    crs = _CRS_LINE.match(text)
    body = text[crs.end() :] if crs else text
    header = next((line for line in body.splitlines() if line.strip()), "")
    columns = {name.strip() for name in header.split(",")}
    if {"mapX", "mapY"} <= columns and columns & {"sourceX", "pixelX"}:
        return GcpFile({"": read_points_file(text)}, crs[1].strip() if crs else "")
    return _read_table(body, crs[1].strip() if crs else "")


def _read_table(text: str, crs: str) -> GcpFile:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    delimiter = next((d for d in ",;\t" if lines and d in lines[0]), ",")
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error as err:
        raise InvalidParameter("gcps", err, "a readable table") from err
    fields = [_field(name) for name in rows[0]] if rows else []
    known = set(fields)
    is_lonlat = {"lon", "lat"} <= known and not {"x", "y"} <= known
    if not {"col", "row"} <= known or not (is_lonlat or {"x", "y"} <= known):
        accepted = "GeoJSON, QGIS .points, or a header with col, row, x, y (or lon, lat)"
        raise InvalidParameter("gcps", shorten(lines[0] if lines else ""), accepted)
    found: dict[str, list[Gcp]] = {}
    for number, row in enumerate(rows[1:], start=1):
        cells = {name: cell.strip() for name, cell in zip(fields, row, strict=False)}
        found.setdefault(cells.get("file", ""), []).append(
            _point(number, cells, ("lon", "lat") if is_lonlat else ("x", "y"))
        )
    if not found:
        raise InvalidParameter("gcps", "a header alone", "at least one point")
    points = {image: tuple(gcps) for image, gcps in found.items()}
    return GcpFile(points, _LONLAT if is_lonlat else crs)


def _point(number: int, cells: Mapping[str, str], place: tuple[str, str]) -> Gcp:
    x, y = place
    values = {name: _number(name, number, cells.get(name, "")) for name in ("col", "row", x, y)}
    height = cells.get("z", "")
    return Gcp(
        col=values["col"],
        row=values["row"],
        x=values[x],
        y=values[y],
        z=_number("z", number, height) if height else None,
        id=cells.get("id", "") or str(number),
    )


def _number(name: str, point: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidParameter(f"{name} of point {point}", text, "a finite number")
    return value


def _field(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _FIELD_OF.get(plain, plain)


def _file_name(path: str) -> str:
    return PurePath(path.replace("\\", "/")).name.casefold()


def _stem(path: str) -> str:
    return PurePath(_file_name(path)).stem
