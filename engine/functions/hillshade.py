"""The Hillshade function: how light the ground is under a sun, from one direction or from six.

References
----------
ArcGIS REST API, raster function objects: Hillshade (Azimuth, Altitude, ZFactor, SlopeType, PSPower, PSZFactor,
HillshadeType); the six directions and their weights are those of ArcGIS API for JavaScript.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Number, call
from engine.function_rules import HillshadeRule
from engine.function_rules.terrain import ADJUSTED, DEGREE
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.pointwise import PointwiseFunction, StagedFunction
from engine.functions.slope import gradient_of, scaled_rises
from engine.functions.surface import OfSurface
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_TRADITIONAL, _MULTIDIRECTIONAL = 0, 1
# Azimuth, altitude, weight; heights count twice.
_SUNS = (
    (315.0, 60.0, 3.0),
    (270.0, 60.0, 5.0),
    (225.0, 60.0, 3.0),
    (360.0, 60.0, 2.0),
    (180.0, 60.0, 1.0),
    (0.0, 90.0, 4.0),
)
_HEIGHTENED = 2.0


class Hillshade(OfSurface):
    """The raster function; output is U8 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> StagedFunction:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, HillshadeRule)
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, 1, names=("Hillshade",))
        shade = shade_of(arguments)
        return StagedFunction(gradient_of(arguments, info), PointwiseFunction(output, (shade,)))


def shade_of(arguments: HillshadeRule) -> Expression:
    """Return the shade, 0 to 255, of the rises that `gradient_of` gives.

    Raises
    ------
    InvalidParameter
    """
    if arguments.slope_type not in (DEGREE, ADJUSTED):
        raise InvalidParameter("SlopeType", arguments.slope_type, "1 (degree) or 3 (scaled)")
    if not math.isfinite(arguments.azimuth):
        raise InvalidParameter("Azimuth", arguments.azimuth, "degrees clockwise from north")
    if not 0 <= arguments.altitude <= 90:
        raise InvalidParameter("Altitude", arguments.altitude, "0 to 90 degrees")
    rises = scaled_rises(arguments)
    if arguments.hillshade_type == _TRADITIONAL:
        return _lit(rises, arguments.azimuth, arguments.altitude)
    if arguments.hillshade_type != _MULTIDIRECTIONAL:
        accepted = "0 (traditional) or 1 (multidirectional)"
        raise InvalidParameter("HillshadeType", arguments.hillshade_type, accepted)
    east, south = (call("mul", rise, _HEIGHTENED) for rise in rises)
    total = sum(weight for _, _, weight in _SUNS)
    parts = [
        call("mul", _lit((east, south), azimuth, altitude), weight / total)
        for azimuth, altitude, weight in _SUNS
    ]
    return call("single", call("sum", *parts))


def _lit(rises: tuple[Expression, Expression], azimuth: float, altitude: float) -> Expression:
    """Return the share of light that falls onto the ground, times 255; 0 where it is turned away.

    Of light single precision does: a unit of it is a ten-thousandth of what is shown.
    """
    east, south = rises
    zenith = math.radians(90.0 - altitude)
    angle = math.radians(360.0 - azimuth + 90.0)
    # What is 0 but for the digits of pi is 0.
    to_south = call("mul", south, round(math.sin(zenith) * math.sin(angle), 12))
    to_east = call("mul", east, round(math.sin(zenith) * math.cos(angle), 12))
    turned = call("single", call("sub", call("single", to_south), call("single", to_east)))
    length = call(
        "sqrt", call("add", call("add", call("square", east), call("square", south)), 1.0)
    )
    facing = call(
        "single", call("add", turned, call("single", Number(round(math.cos(zenith), 12))))
    )
    light = call("div", call("mul", facing, 255.0), length)
    return call("single", call("max", light, 0.0))
