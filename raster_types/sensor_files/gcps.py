"""Ground control points: GDAL's lists, QGIS's `.points` files, orthority's GeoJSON.

Records hold level-0 pixels with the corner origin; each reader converts from its file's convention (see
engine/geotransforms/CONVENTIONS.md, GCP-1 to GCP-5).
"""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Protocol

import msgspec

from engine.errors import InvalidParameter, shorten
from engine.geotransforms.gcps import Gcp
from engine.geotransforms.polynomial import PolynomialFromGcps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MAX_CHARACTERS = 64_000_000
_POINTS_COLUMNS = ("mapX", "mapY", "sourceX", "sourceY")
# Names that QGIS gave two of them before version 3.26.
_OLD_COLUMNS = {"pixelX": "sourceX", "pixelY": "sourceY"}


class GdalPoint(Protocol):
    """A control point as GDAL (and rasterio) gives it: pixel and line from the corner."""

    @property
    def col(self) -> float | None:
        """GDAL's pixel."""
        ...

    @property
    def row(self) -> float | None:
        """GDAL's line."""
        ...

    @property
    def x(self) -> float | None:
        """Easting or longitude."""
        ...

    @property
    def y(self) -> float | None:
        """Northing or latitude."""
        ...

    @property
    def z(self) -> float | None:
        """Height."""
        ...

    @property
    def id(self) -> str | None:
        """Name."""
        ...


class _Properties(msgspec.Struct, frozen=True):
    ji: tuple[float, float]
    filename: str = ""
    id: str | int = ""


class _Geometry(msgspec.Struct, frozen=True):
    coordinates: tuple[float, ...]


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties
    geometry: _Geometry


class _Collection(msgspec.Struct, frozen=True):
    features: list[_Feature]


def gcps_of_gdal(points: Iterable[GdalPoint]) -> tuple[Gcp, ...]:
    """Return records of GDAL's control points, which have the corner origin already.

    Raises
    ------
    InvalidParameter
        A number is missing or not finite.
    """
    return tuple(
        Gcp(
            col=_number(f"pixel of GCP {n}", point.col),
            row=_number(f"line of GCP {n}", point.row),
            x=_number(f"x of GCP {n}", point.x),
            y=_number(f"y of GCP {n}", point.y),
            z=None if point.z is None else _number(f"z of GCP {n}", point.z),
            id=point.id or "",
        )
        for n, point in enumerate(points, start=1)
    )


def read_points_file(text: str) -> tuple[Gcp, ...]:
    """Return the enabled control points of a QGIS georeferencer's `.points` file.

    Raises
    ------
    InvalidParameter
        Not such a file, or a number in it is not finite.
    """
    if len(text) > _MAX_CHARACTERS:
        raise InvalidParameter(".points file", f"{len(text)} characters", "64 million at most")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#CRS")]
    if not lines:
        raise InvalidParameter(".points file", "no lines", "a header and points")
    header = [_OLD_COLUMNS.get(name.strip(), name.strip()) for name in lines[0].split(",")]
    if not set(_POINTS_COLUMNS) <= set(header):
        raise InvalidParameter(
            ".points file", shorten(lines[0]), f"a header with {', '.join(_POINTS_COLUMNS)}"
        )
    try:
        rows = list(csv.reader(lines[1:]))
    except csv.Error as err:
        raise InvalidParameter(".points file", err, "a readable table") from err
    found = []
    for number, row in enumerate(rows, start=1):
        cells = dict(zip(header, row, strict=False))
        if cells.get("enable", "1").strip() != "0":
            found.append(_point_of_row(cells, number))
    return tuple(found)


def _point_of_row(cells: Mapping[str, str], number: int) -> Gcp:
    x, y, source_x, source_y = (
        _number(f"{name} of point {number}", cells.get(name)) for name in _POINTS_COLUMNS
    )
    # QGIS looks at an image as at a map: y grows upwards, so rows are negative.
    return Gcp(col=source_x, row=-source_y, x=x, y=y, id=str(number))


def read_gcp_geojson(text: str) -> dict[str, tuple[Gcp, ...]]:
    """Return control points by file name, from GeoJSON as orthority writes it.

    x, y, z are longitude, latitude and height above the ellipsoid (EPSG:4979).

    Raises
    ------
    InvalidParameter
        Not such a GeoJSON, or a number in it is not finite.
    """
    try:
        collection = msgspec.json.decode(text, type=_Collection)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as err:
        accepted = "point features with ji and coordinates"
        raise InvalidParameter("GCP GeoJSON", err, accepted) from err
    found: dict[str, list[Gcp]] = {}
    for number, feature in enumerate(collection.features, start=1):
        found.setdefault(feature.properties.filename, []).append(_point_of_feature(feature, number))
    return {name: tuple(points) for name, points in found.items()}


def _point_of_feature(feature: _Feature, number: int) -> Gcp:
    name = f"point {feature.properties.id or number}"
    place = feature.geometry.coordinates
    if len(place) not in (2, 3):
        raise InvalidParameter(f"coordinates of {name}", place, "2 or 3 numbers")
    # Orthority counts pixel centres from 0.
    col, row = (_number(f"ji of {name}", value) + 0.5 for value in feature.properties.ji)
    x, y, *z = (_number(f"coordinates of {name}", value) for value in place)
    return Gcp(col=col, row=row, x=x, y=y, z=z[0] if z else None, id=str(feature.properties.id))


def in_one_piece(gcps: Sequence[Gcp]) -> tuple[Gcp, ...]:
    """Return points with longitudes within half a turn of the first one's.

    An image over the antimeridian has longitudes near 180 and near -180; nothing can be fitted to them
    as they are. The answer may go beyond 180.
    """
    return tuple(
        msgspec.structs.replace(gcp, x=gcp.x + 360.0 * round((gcps[0].x - gcp.x) / 360.0))
        for gcp in gcps
    )


def usual_polynomial(gcps: Sequence[Gcp]) -> PolynomialFromGcps:
    """Return the transform that GDAL takes where nothing else is asked for.

    Order 2 from six points on, else 1.
    """
    return PolynomialFromGcps(gcps=tuple(gcps), order=2 if len(gcps) >= 6 else 1)


def _number(name: str, value: float | str | None) -> float:
    try:
        number = float("nan" if value is None else value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidParameter(name, value, "a finite number")
    return number
