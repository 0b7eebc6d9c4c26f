"""The UnitConversion function: lengths, speeds and temperatures in other units.

References
----------
ArcGIS REST API, raster function objects: UnitConversion (FromUnit, ToUnit); the international foot, yard, mile
and nautical mile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import UnitConversionRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule

# By Esri's number: what is measured, and value · factor + offset in metres, metres a second or kelvin.
UNITS: dict[int, tuple[str, float, float]] = {
    1: ("length", 0.0254, 0.0),
    3: ("length", 0.3048, 0.0),
    4: ("length", 0.9144, 0.0),
    5: ("length", 1609.344, 0.0),
    6: ("length", 1852.0, 0.0),
    7: ("length", 0.001, 0.0),
    8: ("length", 0.01, 0.0),
    9: ("length", 1.0, 0.0),
    10: ("length", 1000.0, 0.0),
    12: ("length", 0.1, 0.0),
    100: ("speed", 1.0, 0.0),
    101: ("speed", 1 / 3.6, 0.0),
    102: ("speed", 1852 / 3600, 0.0),
    103: ("speed", 0.3048, 0.0),
    104: ("speed", 1609.344 / 3600, 0.0),
    200: ("heat", 1.0, 273.15),
    201: ("heat", 5 / 9, 459.67 * 5 / 9),
    202: ("heat", 1.0, 0.0),
}


class UnitConversion(EachPixel):
    """The raster function; output is F32 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the units.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, UnitConversionRule)
        for name, unit in (("FromUnit", arguments.from_unit), ("ToUnit", arguments.to_unit)):
            if unit not in UNITS:
                raise InvalidParameter(name, unit, f"one of {', '.join(map(str, UNITS))}")
        kind, factor, offset = UNITS[arguments.from_unit]
        other, other_factor, other_offset = UNITS[arguments.to_unit]
        if kind != other:
            raise InvalidParameter("ToUnit", arguments.to_unit, f"a unit of {kind}")
        gain, shift = factor / other_factor, (offset - other_offset) / other_factor
        expressions = tuple(
            call("add", call("mul", Sample(0, band), gain), shift) for band in range(info.bands)
        )
        own = PixelType.F64 if info.pixel_type is PixelType.F64 else PixelType.F32
        output = BandsInfo(rule.output_pixel_type or own, info.bands, names=info.names)
        return PointwiseFunction(output, expressions)
