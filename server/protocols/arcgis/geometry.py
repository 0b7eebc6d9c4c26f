"""Geometry parameters of requests: Esri JSON and the short forms, to WKB.

Points and boxes are packed here by hand; shapely is imported only when a line or polygon arrives, so that
the front does not pay for it. The kind is taken from the keys: `geometryType` is often missing or wrong.
"""

from __future__ import annotations

import math
import struct
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.errors import InvalidParameter, RequestTooLarge
from engine.extent import Extent
from engine.function_rules import Shape
from engine.geometry.valid_shape import valid_shape
from server.protocols.arcgis.parameters import Parameters, as_number
from server.protocols.arcgis.sloppy_json import JsonValue, decode_json
from server.protocols.arcgis.spatial_reference import crs_of_json, crs_parameter
from server.protocols.input_limits import MAX_CROSSINGS, MAX_RINGS, MAX_VERTICES

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

# Segments that are looked at together.
_SEGMENTS = 4

Kind: TypeAlias = Literal["point", "multipoint", "polyline", "polygon", "envelope"]
_KEYS: dict[str, Kind] = {
    "points": "multipoint",
    "paths": "polyline",
    "rings": "polygon",
    "xmin": "envelope",
    "x": "point",
}
_ACCEPTED = "a point, multipoint, polyline, polygon or envelope: JSON, x,y or xmin,ymin,xmax,ymax"

Coordinates: TypeAlias = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Geometry:
    """A geometry of a request: WKB, and its CRS text ("" = the service's)."""

    kind: Kind
    wkb: bytes
    crs: str


def geometry_parameter(
    parameters: Parameters, name: str = "geometry", crs_name: str = "inSR"
) -> Geometry | None:
    """Read a geometry parameter; None where not given.

    Parameters
    ----------
    crs_name : str
        The parameter that holds the CRS of a geometry that does not state its own.

    Raises
    ------
    InvalidParameter
        Not a geometry, or coordinates that are not finite.
    RequestTooLarge
        More than `MAX_VERTICES` or `MAX_RINGS`.
    """
    text = parameters.text(name)
    if text.casefold() in ("", "{}", "null", "undefined", "false"):
        return None
    value = decode_json(name, text) if text[0] in "{[" else _short_form(name, text)
    if isinstance(value, list):
        value = _short_form(name, ",".join(str(entry) for entry in value[:5]))
    if not isinstance(value, dict):
        raise InvalidParameter(name, text, _ACCEPTED)
    found = geometry_of_json(name, value)
    return Geometry(found.kind, found.wkb, found.crs or crs_parameter(parameters, crs_name))


def geometries_parameter(parameters: Parameters, name: str) -> list[Geometry]:
    """Read a list of geometry objects, bare or under "geometries"; one alone is a list of one.

    Raises
    ------
    InvalidParameter
        Not given, or one of them is none.
    RequestTooLarge
        One has more than `MAX_VERTICES` or `MAX_RINGS`.
    """
    text = parameters.text(name)
    value: JsonValue = None
    if text[:1] in ("{", "["):
        value = decode_json(name, text)
        if isinstance(value, dict) and "geometries" in value:
            value = value["geometries"]
        value = [value] if isinstance(value, dict) else value
    elif text.casefold() not in ("", "null", "undefined", "false"):
        value = [_short_form(name, text)]
    if not isinstance(value, list) or not value:
        raise InvalidParameter(name, text, "a list of geometry objects")
    return [geometry_of_json(name, each) for each in value]


def geometry_of_json(name: str, value: JsonValue) -> Geometry:
    """Read a geometry object; see `geometry_parameter`."""
    if not isinstance(value, dict):
        raise InvalidParameter(name, value, _ACCEPTED)
    kind, wkb = wkb_of_json(name, value)
    return Geometry(
        kind, wkb, crs_of_json(f"{name}.spatialReference", value.get("spatialReference"))
    )


def shape_of_json(name: str, value: JsonValue) -> Shape:
    """Read a polygon or envelope of a rendering rule: an object, or xmin,ymin,xmax,ymax.

    Raises
    ------
    InvalidParameter
        It is another kind of geometry.
    RequestTooLarge
        More than `MAX_VERTICES` or `MAX_RINGS`.
    """
    if isinstance(value, str):
        value = decode_json(name, value) if value[:1] in ("{", "[") else _short_form(name, value)
    if isinstance(value, list):
        value = _short_form(name, ",".join(str(entry) for entry in value[:5]))
    accepted = "a polygon or envelope"
    if not isinstance(value, dict):
        raise InvalidParameter(name, value, accepted)
    fields = {key.casefold(): entry for key, entry in value.items()}
    if not fields.keys() & {"rings", "xmin"}:
        raise InvalidParameter(name, value, accepted)
    _, wkb = wkb_of_json(name, fields)
    crs = crs_of_json(f"{name}.spatialReference", fields.get("spatialreference"))
    return Shape(wkb=wkb, crs=crs)


def wkb_of_json(name: str, value: dict[str, JsonValue]) -> tuple[Kind, bytes]:
    """Return the kind and WKB of an Esri geometry object; see `geometry_parameter`."""
    kind = next((kind for key, kind in _KEYS.items() if key in value), None)
    if kind is None:
        raise InvalidParameter(name, value, _ACCEPTED)
    if kind == "point":
        x, y = as_number(f"{name}.x", value["x"]), as_number(f"{name}.y", value.get("y"))
        return kind, pack_point(x, y)
    if kind == "envelope":
        return kind, pack_box(envelope_of_json(name, value))
    if kind == "multipoint":
        points = _coordinates(name, value["points"], 1)
        return kind, struct.pack("<BII", 1, 4, len(points)) + b"".join(
            pack_point(x, y) for x, y in points
        )
    if kind == "polyline":
        return kind, _pack_lines(name, value["paths"])
    return kind, _pack_polygon(name, value["rings"])


def envelope_of_json(name: str, value: dict[str, JsonValue]) -> Extent:
    """Read an envelope object; min and max are put in order."""
    x = [as_number(f"{name}.{key}", value.get(key)) for key in ("xmin", "xmax")]
    y = [as_number(f"{name}.{key}", value.get(key)) for key in ("ymin", "ymax")]
    return Extent(min(x), min(y), max(x), max(y))


def pack_point(x: float, y: float) -> bytes:
    """Return the WKB of a point."""
    return struct.pack("<BIdd", 1, 1, x, y)


def unpack_point(wkb: bytes) -> tuple[float, float]:
    """Return x and y of a point that `pack_point` packed."""
    _, _, x, y = struct.unpack("<BIdd", wkb)
    return x, y


def pack_box(box: Extent) -> bytes:
    """Return the WKB of a box; one without width or height becomes a line or point."""
    if box.width == 0 and box.height == 0:
        return pack_point(box.xmin, box.ymin)
    if box.width == 0 or box.height == 0:
        return struct.pack("<BII4d", 1, 2, 2, box.xmin, box.ymin, box.xmax, box.ymax)
    ring = (
        (box.xmin, box.ymin),
        (box.xmin, box.ymax),
        (box.xmax, box.ymax),
        (box.xmax, box.ymin),
        (box.xmin, box.ymin),
    )
    flat = [number for vertex in ring for number in vertex]
    return struct.pack("<BIII10d", 1, 3, 1, 5, *flat)


def _short_form(name: str, text: str) -> dict[str, JsonValue]:
    parts: list[JsonValue] = [as_number(name, part) for part in text.split(",", 5)]
    if len(parts) == 2:
        return dict(zip("xy", parts, strict=True))
    if len(parts) == 4:
        return dict(zip(("xmin", "ymin", "xmax", "ymax"), parts, strict=True))
    raise InvalidParameter(name, text, _ACCEPTED)


def _coordinates(name: str, value: JsonValue, at_least: int) -> Coordinates:
    if not isinstance(value, list) or len(value) < at_least:
        raise InvalidParameter(name, value, f"a list of at least {at_least} [x, y] pairs")
    if len(value) > MAX_VERTICES:
        raise RequestTooLarge(f"number of vertices of '{name}'", len(value), MAX_VERTICES)
    return _plain_coordinates(value) or [_vertex(name, vertex) for vertex in value]


def _plain_coordinates(value: list[Any]) -> Coordinates | None:
    """Read lists of numbers only, fast: a polygon may have tens of thousands; None = not so plain."""
    try:
        flat = array("d", chain.from_iterable(vertex[:2] for vertex in value))
    except (TypeError, KeyError, OverflowError):
        return None
    if len(flat) != 2 * len(value) or not all(map(math.isfinite, flat)):
        return None
    return list(zip(flat[0::2], flat[1::2], strict=True))


def _vertex(name: str, vertex: JsonValue) -> tuple[float, float]:
    if isinstance(vertex, dict):  # points as objects, sent by old scripts
        vertex = [vertex.get("x"), vertex.get("y")]
    if not isinstance(vertex, list) or len(vertex) < 2:
        raise InvalidParameter(name, vertex, "an [x, y] pair")
    return as_number(name, vertex[0]), as_number(name, vertex[1])


def _parts(name: str, value: JsonValue, at_least: int) -> list[Coordinates]:
    if not isinstance(value, list) or not value:
        raise InvalidParameter(name, value, "a list of lists of [x, y] pairs")
    if len(value) > MAX_RINGS:
        raise RequestTooLarge(f"number of parts of '{name}'", len(value), MAX_RINGS)
    parts = [_coordinates(name, part, at_least) for part in value]
    vertices = sum(map(len, parts))
    if vertices > MAX_VERTICES:
        raise RequestTooLarge(f"number of vertices of '{name}'", vertices, MAX_VERTICES)
    return parts


def _pack_lines(name: str, value: JsonValue) -> bytes:
    import shapely  # noqa: PLC0415 -- only the rare request with a line pays for it

    lines = shapely.MultiLineString(_parts(name, value, 2))
    packed: bytes = shapely.to_wkb(lines)
    return packed


def _pack_polygon(name: str, value: JsonValue) -> bytes:
    import shapely  # noqa: PLC0415 -- only the rare request with a polygon pays for it

    rings = _parts(name, value, 3)
    polygon = shapely.Polygon(rings[0]) if len(rings) == 1 else _with_holes(rings)
    # Of a list, as the check of a single one keeps all other threads waiting.
    if not shapely.is_valid([polygon]).all():
        _check_crossings(name, rings)
        try:
            polygon = valid_shape(polygon)
        except shapely.errors.GEOSException as err:
            accepted = "rings that enclose an area"
            raise InvalidParameter(name, "rings that cannot be made valid", accepted) from err
    packed: bytes = shapely.to_wkb(polygon)
    return packed


def _check_crossings(name: str, rings: list[Coordinates]) -> None:
    """Refuse rings that cross themselves or each other all over."""
    import shapely  # noqa: PLC0415 -- only the rare request with a polygon pays for it

    ends = [pair for ring in rings for pair in zip(ring, [*ring[1:], ring[0]], strict=True)]
    ends = [pair for pair in ends if pair[0] != pair[1]]
    if not ends:
        return
    segments = shapely.linestrings(ends)
    tree = shapely.STRtree(segments)
    met = 0
    for first in range(0, len(segments), _SEGMENTS):
        met += tree.query(segments[first : first + _SEGMENTS], predicate="intersects").shape[1]
        # Each meets itself and its two neighbours; a crossing is met from both sides.
        crossings = (met - 3 * len(segments)) // 2
        if crossings > MAX_CROSSINGS:
            raise RequestTooLarge(f"number of crossings in '{name}'", crossings, MAX_CROSSINGS)


def _with_holes(rings: list[Coordinates]) -> BaseGeometry:
    """Make polygons of Esri rings: clockwise is outside, the others are holes of the outer one around."""
    import shapely  # noqa: PLC0415 -- only the rare request with a polygon pays for it

    turns = [shapely.LinearRing(ring).is_ccw for ring in rings]
    outers = [ring for ring, is_ccw in zip(rings, turns, strict=True) if not is_ccw]
    holes = [ring for ring, is_ccw in zip(rings, turns, strict=True) if is_ccw]
    if not outers:
        outers, holes = holes, []
    shells: list[Any] = [shapely.Polygon(ring) for ring in outers]
    first_x = [ring[0][0] for ring in holes]
    first_y = [ring[0][1] for ring in holes]
    shapely.prepare(shells)
    inside = [shapely.contains_xy(shell, first_x, first_y) for shell in shells]
    polygons = []
    taken = [False] * len(holes)
    for ring, flags in zip(outers, inside, strict=True):
        own = [index for index, flag in enumerate(flags) if flag and not taken[index]]
        for index in own:
            taken[index] = True
        polygons.append(shapely.Polygon(ring, [holes[index] for index in own]))
    return shapely.MultiPolygon(polygons)
