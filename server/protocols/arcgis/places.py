"""Geometries as plain positions, there and back: what operations take that move them between systems.

A geometry is read into x, y, z of its vertices and a shape (its kind and how many vertices each part
has); whatever moved the positions, the shape puts them together again. No shapely here: nothing is
closed, turned or repaired on the way. An envelope travels as a grid of points and comes back as the box
around them.
"""

from __future__ import annotations

import math
import struct
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import InvalidParameter, RequestTooLarge
from server.protocols.arcgis.esri_json import number
from server.protocols.arcgis.geometry import envelope_of_json
from server.protocols.arcgis.parameters import Parameters, as_number
from server.protocols.arcgis.sloppy_json import JsonValue, decode_json
from server.protocols.arcgis.spatial_reference import crs_of_json
from server.protocols.input_limits import MAX_POSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRID = 9
_NAN = math.nan
_NOTHING = ("", "{}", "[]", "null", "undefined", "false")
_LISTS = {"points": "multipoint", "paths": "polyline", "rings": "polygon"}
_KEYS = {"multipoint": "points", "polyline": "paths", "polygon": "rings"}
_TYPES = {
    f"esrigeometry{kind}" for kind in ("point", "multipoint", "polyline", "polygon", "envelope")
}
_ACCEPTED = "a point, multipoint, polyline, polygon or envelope: JSON, x,y or xmin,ymin,xmax,ymax"
_LIST_ACCEPTED = '{"geometryType":…,"geometries":[…]} or x,y,x,y …'


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """How the vertices of one geometry belong together; `has_z` as it was sent."""

    kind: str
    parts: tuple[int, ...] = (1,)
    has_z: bool = False

    @property
    def size(self) -> int:
        """Return the number of vertices."""
        return sum(self.parts)


@dataclass(slots=True)
class Places:
    """Geometries taken apart.

    Attributes
    ----------
    flat : array of float
        x, y, z of each vertex; z NaN = not given.
    crs : str
        Of the geometries, where they state it themselves; "" = they do not.
    """

    shapes: list[Shape] = field(default_factory=list)
    flat: array[float] = field(default_factory=lambda: array("d"))
    crs: str = ""

    def packed(self) -> bytes:
        """Return the positions as a request carries them."""
        return struct.pack(f"<{len(self.flat)}d", *self.flat)

    def shapes_text(self) -> str:
        """Return the shapes as an option of a job."""
        return msgspec.json.encode(self.shapes).decode()


def place_parameter(parameters: Parameters, name: str = "geometry") -> Places:
    """Read one geometry.

    Raises
    ------
    InvalidParameter
        Not a geometry, a `geometryType` that is none, or coordinates that are not finite.
    RequestTooLarge
        More than `MAX_POSITIONS` vertices.
    """
    _check_type(parameters.keyword("geometryType"))
    text = parameters.text(name)
    if text.casefold() in _NOTHING:
        raise InvalidParameter(name, text, _ACCEPTED)
    value = decode_json(name, text) if text[0] in "{[" else _short_form(name, text)
    places = Places()
    _add(places, name, value)
    return places


def places_parameter(parameters: Parameters, name: str = "geometries") -> Places:
    """Read a list of geometries; see `place_parameter`.

    All that state their spatial reference must state the same.
    """
    text = parameters.text(name)
    if text.casefold() in _NOTHING:
        raise InvalidParameter(name, text, _LIST_ACCEPTED)
    if text[0] in "{[":
        values = _listed(name, decode_json(name, text))
    else:
        values = list(_points_of_text(name, text))
    places = Places()
    for value in values:
        _add(places, name, value)
    return places


def read_shapes(text: str) -> list[Shape]:
    """Read what `Places.shapes_text` wrote."""
    return msgspec.json.decode(text, type=list[Shape])


def put_together(shapes: list[Shape], positions: bytes) -> Iterator[dict[str, Any]]:
    """Yield the geometries that the positions of a result make.

    Vertices without a place are left out of lists, and parts that are then too short; a point without
    one has the text "NaN" for coordinates.
    """
    vertices = struct.iter_unpack("<3d", positions)
    for shape in shapes:
        own = [[next(vertices) for _ in range(size)] for size in shape.parts]
        yield _geometry(shape, own)


def _check_type(word: str) -> None:
    if word and "esrigeometry" + word.casefold().removeprefix("esrigeometry") not in _TYPES:
        accepted = "esriGeometryPoint, Multipoint, Polyline, Polygon or Envelope"
        raise InvalidParameter("geometryType", word, accepted)


def _listed(name: str, value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict) and "geometries" in value:
        _check_type(str(value.get("geometryType") or ""))
        value = value["geometries"]
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and value and not isinstance(value[0], dict):
        # Coordinates alone: x,y,x,y, or pairs of them.
        pairs = (
            value
            if isinstance(value[0], list)
            else [value[n : n + 2] for n in range(0, len(value), 2)]
        )
        return [_pair(name, pair) for pair in pairs]
    if isinstance(value, list) and value:
        return value
    raise InvalidParameter(name, value, _LIST_ACCEPTED)


def _pair(name: str, value: JsonValue) -> JsonValue:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidParameter(name, value, _LIST_ACCEPTED)
    return {"x": value[0], "y": value[1]}


def _points_of_text(name: str, text: str) -> Iterator[JsonValue]:
    parts = text.split(",", 2 * MAX_POSITIONS + 2)
    if len(parts) % 2 or len(parts) > 2 * MAX_POSITIONS:
        raise InvalidParameter(name, text, _LIST_ACCEPTED)
    for x, y in zip(parts[0::2], parts[1::2], strict=True):
        yield {"x": as_number(name, x), "y": as_number(name, y)}


def _short_form(name: str, text: str) -> JsonValue:
    parts: list[JsonValue] = [as_number(name, part) for part in text.split(",", 5)]
    if len(parts) in (2, 3):
        return dict(zip("xyz", parts, strict=False))
    if len(parts) == 4:
        return dict(zip(("xmin", "ymin", "xmax", "ymax"), parts, strict=True))
    raise InvalidParameter(name, text, _ACCEPTED)


def _add(places: Places, name: str, value: JsonValue) -> None:
    """Take one geometry apart."""
    if not isinstance(value, dict):
        raise InvalidParameter(name, value, _ACCEPTED)
    own = crs_of_json(f"{name}.spatialReference", value.get("spatialReference"))
    if own and places.shapes and own != places.crs:
        raise InvalidParameter(f"{name}.spatialReference", own, "the same for all geometries")
    places.crs = own or places.crs
    key = next((key for key in (*_LISTS, "xmin", "x") if key in value), None)
    if key is None:
        raise InvalidParameter(name, value, _ACCEPTED)
    if key == "x":
        _add_point(places, name, value)
    elif key == "xmin":
        _add_grid(places, name, value)
    else:
        _add_lists(places, name, key, value)
    if len(places.flat) > 3 * MAX_POSITIONS:
        raise _too_many(name, len(places.flat) // 3)


def _add_point(places: Places, name: str, value: dict[str, JsonValue]) -> None:
    x, y, z = (value.get(axis) for axis in "xyz")
    height = _NAN if z in (None, "NaN") else as_number(f"{name}.z", z)
    places.flat.extend((as_number(f"{name}.x", x), as_number(f"{name}.y", y), height))
    places.shapes.append(Shape("point", (1,), not math.isnan(height)))


def _add_grid(places: Places, name: str, value: dict[str, JsonValue]) -> None:
    """Take an envelope as points over all of it: on another map its edges bend."""
    box = envelope_of_json(name, value)
    for row in range(_GRID):
        y = box.ymin + box.height * row / (_GRID - 1)
        for col in range(_GRID):
            places.flat.extend((box.xmin + box.width * col / (_GRID - 1), y, _NAN))
    places.shapes.append(Shape("envelope", (_GRID * _GRID,)))


def _add_lists(places: Places, name: str, key: str, value: dict[str, JsonValue]) -> None:
    parts = [value[key]] if key == "points" else value[key]
    if not isinstance(parts, list) or not all(isinstance(part, list) and part for part in parts):
        raise InvalidParameter(f"{name}.{key}", parts, "lists of [x, y] or [x, y, z]")
    sizes = [len(part) for part in parts if isinstance(part, list)]
    if not sizes or sum(sizes) + len(places.flat) // 3 > MAX_POSITIONS:
        raise _too_many(name, sum(sizes))
    # Without z the third number is a measure.
    takes_z = value.get("hasZ") is True or not value.get("hasM")
    before = len(places.flat)
    for part in parts:
        assert isinstance(part, list)
        for vertex in part:
            places.flat.extend(_vertex(f"{name}.{key}", vertex, with_z=takes_z))
    has_z = any(not math.isnan(height) for height in places.flat[before + 2 :: 3])
    places.shapes.append(Shape(_LISTS[key], tuple(sizes), has_z))


def _vertex(name: str, vertex: JsonValue, *, with_z: bool) -> tuple[float, float, float]:
    if not isinstance(vertex, list) or len(vertex) < 2:
        raise InvalidParameter(name, vertex, "an [x, y] or [x, y, z]")
    z = vertex[2] if with_z and len(vertex) > 2 else None
    height = _NAN if z in (None, "NaN") else as_number(name, z)
    return as_number(name, vertex[0]), as_number(name, vertex[1]), height


def _too_many(name: str, count: int) -> InvalidParameter | RequestTooLarge:
    if not count:
        return InvalidParameter(name, "no vertices", _ACCEPTED)
    return RequestTooLarge(f"number of vertices of '{name}'", count, MAX_POSITIONS)


def _geometry(shape: Shape, parts: list[list[tuple[float, ...]]]) -> dict[str, Any]:
    if shape.kind == "point":
        x, y, z = parts[0][0]
        point = {"x": number(x), "y": number(y)}
        return point if math.isnan(z) else {**point, "z": number(z)}
    kept = [[vertex for vertex in part if not math.isnan(vertex[0])] for part in parts]
    if shape.kind == "envelope":
        return _box(kept[0])
    has_z = bool(kept) and all(not math.isnan(vertex[2]) for part in kept for vertex in part)
    least = {"multipoint": 1, "polyline": 2, "polygon": 3}[shape.kind]
    lists = [
        [list(vertex if has_z else vertex[:2]) for vertex in part]
        for part in kept
        if len(part) >= least
    ]
    key = _KEYS[shape.kind]
    value: list[Any] = lists if key != "points" else (lists[0] if lists else [])
    return {"hasZ": True, key: value} if has_z and value else {key: value}


def _box(vertices: list[tuple[float, ...]]) -> dict[str, Any]:
    if not vertices:
        return dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), "NaN")
    x, y = [vertex[0] for vertex in vertices], [vertex[1] for vertex in vertices]
    return {"xmin": min(x), "ymin": min(y), "xmax": max(x), "ymax": max(y)}
