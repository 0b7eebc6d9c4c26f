"""The ColorspaceConversion function: red, green and blue as hue, saturation and value, and back.

Hue (360 degrees) and saturation (1) are written as 0 to 255, value in the unit of the colours.

References
----------
A. R. Smith (1978), Color gamut transform pairs, Computer Graphics 12(3), 12-19. ArcGIS REST API, raster function
objects: ColorspaceConversion (ConversionType 0 RGB to HSV, 1 HSV to RGB); its numbers' range is not published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import ColorspaceConversionRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_TO_HSV, _TO_RGB = 0, 1
_NAMES = {_TO_HSV: ("Hue", "Saturation", "Value"), _TO_RGB: ("Red", "Green", "Blue")}
_MOST = 255.0
# Of the six parts of the circle of hues.
_SIXTH = _MOST / 6.0


class ColorspaceConversion(EachPixel):
    """The raster function, of the first three bands; output is U8 of U8, else F32."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the bands.

        Raises
        ------
        InvalidParameter
        """
        kind = arguments_of(rule, ColorspaceConversionRule).conversion_type
        if kind not in _NAMES:
            raise InvalidParameter("ConversionType", kind, "0 (RGB to HSV) or 1 (HSV to RGB)")
        if info.bands < 3:
            raise InvalidParameter("Raster", f"{info.bands} bands", "at least 3 bands")
        own = PixelType.U8 if info.pixel_type is PixelType.U8 else PixelType.F32
        output = BandsInfo(rule.output_pixel_type or own, 3, names=_NAMES[kind])
        bands = (Sample(0, 0), Sample(0, 1), Sample(0, 2))
        made = _hsv(*bands) if kind == _TO_HSV else _rgb(*bands)
        return PointwiseFunction(output, made)


def _hsv(red: Expression, green: Expression, blue: Expression) -> tuple[Expression, ...]:
    most, least = call("max", red, green, blue), call("min", red, green, blue)
    span = call("sub", most, least)

    def part(one: Expression, other: Expression, start: float) -> Expression:
        return call("add", call("div", call("sub", one, other), span), start)

    warm = part(green, blue, 0.0)
    sixths = call(
        "con",
        call("eq", most, red),
        call("con", call("lt", warm, 0.0), call("add", warm, 6.0), warm),
        call("con", call("eq", most, green), part(blue, red, 2.0), part(red, green, 4.0)),
    )
    hue = call("con", call("eq", span, 0.0), 0.0, call("mul", sixths, _SIXTH))
    share = call("mul", call("div", span, most), _MOST)
    return hue, call("con", call("eq", most, 0.0), 0.0, share), most


def _rgb(hue: Expression, saturation: Expression, value: Expression) -> tuple[Expression, ...]:
    sixths = call("div", hue, _SIXTH)
    depth = call("mul", value, call("div", saturation, _MOST))

    def channel(start: float) -> Expression:
        place = call("add", sixths, start)
        place = call("con", call("ge", place, 6.0), call("sub", place, 6.0), place)
        slope = call("clamp", call("min", place, call("sub", 4.0, place)), 0.0, 1.0)
        return call("sub", value, call("mul", depth, slope))

    return channel(5.0), channel(3.0), channel(1.0)
