"""The `pixelSize` parameter: `x,y`, one number, or a point object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from server.protocols.arcgis.parameters import Parameters, as_number
from server.protocols.arcgis.spatial_reference import crs_of_json

if TYPE_CHECKING:
    from server.protocols.arcgis.sloppy_json import JsonValue


def pixel_size(parameters: Parameters) -> tuple[float, float] | None:
    """Return the pixel size along x and y; None where not given.

    Raises
    ------
    InvalidParameter
        Not one or two numbers above 0.
    """
    text = parameters.text("pixelSize")
    if text.startswith("{"):
        value = parameters.json("pixelSize")
        if value is None:
            return None
        parts = _of_object(value)
    else:
        parts = list(parameters.numbers("pixelSize"))
        if not parts:
            return None
    if len(parts) == 1:
        parts = parts * 2
    if len(parts) != 2 or min(parts) <= 0:
        raise InvalidParameter("pixelSize", text, "x,y above 0")
    return parts[0], parts[1]


def pixel_size_crs(parameters: Parameters) -> str:
    """Return the CRS that a pixel size states itself; "" = none, that of the geometry.

    Raises
    ------
    InvalidParameter
    """
    value = parameters.json("pixelSize") if parameters.text("pixelSize").startswith("{") else None
    reference = value.get("spatialReference") if isinstance(value, dict) else None
    return crs_of_json("pixelSize.spatialReference", reference)


def _of_object(value: JsonValue) -> list[float]:
    if not isinstance(value, dict):
        raise InvalidParameter("pixelSize", value, "x,y above 0")
    return [as_number(f"pixelSize.{axis}", value.get(axis)) for axis in "xy"]
