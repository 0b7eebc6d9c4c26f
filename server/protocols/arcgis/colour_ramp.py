"""Colour ramps of Esri's JSON, read into the parts that functions take.

References
----------
ArcGIS REST API, common data types: color ramp objects (algorithmic and multipart).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.function_rules import RampPart
from server.protocols.arcgis.parameters import as_number
from server.protocols.input_limits import MAX_RAMP_DEPTH, MAX_RAMP_PARTS

if TYPE_CHECKING:
    from server.protocols.arcgis.sloppy_json import JsonValue

_ALGORITHMS = {
    "hsv": "hsv",
    "0": "hsv",
    "cielab": "lab",
    "1": "lab",
    "lablch": "lch",
    "2": "lch",
}


def ramp_parts(name: str, value: JsonValue, depth: int = 0) -> tuple[RampPart, ...]:
    """Return the parts of a ramp, in order.

    Raises
    ------
    InvalidParameter
        It is no ramp, or has more than 256 parts.
    """
    if not isinstance(value, dict) or depth > MAX_RAMP_DEPTH:
        raise InvalidParameter(name, value, "a colour ramp: algorithmic or multipart, or its name")
    fields = {key.casefold(): entry for key, entry in value.items()}
    inner = fields.get("colorramps")
    if inner is None:
        return (_part(name, fields),)
    if not isinstance(inner, list) or not 0 < len(inner) <= MAX_RAMP_PARTS:
        raise InvalidParameter(f"{name}.colorRamps", inner, f"1 to {MAX_RAMP_PARTS} colour ramps")
    parts = tuple(
        part for each in inner for part in ramp_parts(f"{name}.colorRamps", each, depth + 1)
    )
    if len(parts) > MAX_RAMP_PARTS:
        raise InvalidParameter(f"{name}.colorRamps", len(parts), f"at most {MAX_RAMP_PARTS} parts")
    return parts


def _part(name: str, fields: dict[str, JsonValue]) -> RampPart:
    said = str(fields.get("algorithm") or "cielab").casefold()
    word = said.replace("-", "").replace("_", "").removeprefix("esri").removesuffix("algorithm")
    if word not in _ALGORITHMS:
        accepted = "esriHSVAlgorithm, esriCIELabAlgorithm or esriLabLChAlgorithm"
        raise InvalidParameter(f"{name}.algorithm", fields.get("algorithm"), accepted)
    return RampPart(
        from_color=_colour(f"{name}.fromColor", fields.get("fromcolor")),
        to_color=_colour(f"{name}.toColor", fields.get("tocolor")),
        algorithm=_ALGORITHMS[word],
    )


def _colour(name: str, value: JsonValue) -> tuple[float, ...]:
    parts = value if isinstance(value, list) else []
    if len(parts) not in (3, 4):
        raise InvalidParameter(name, value, "[red, green, blue] or [red, green, blue, alpha]")
    numbers = tuple(as_number(name, each) for each in parts)
    if not all(0 <= each <= 255 for each in numbers):
        raise InvalidParameter(name, value, "numbers from 0 to 255")
    return numbers
