"""The Slope function: how steep the ground is.

References
----------
ArcGIS REST API, raster function objects: Slope (ZFactor, SlopeType, PSPower, PSZFactor).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import SlopeRule
from engine.function_rules.terrain import ADJUSTED, DEGREE, PERCENT
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.gradient import CELL, EAST, SOUTH, Gradient
from engine.functions.pointwise import PointwiseFunction, StagedFunction
from engine.functions.surface import OfSurface
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.function_rules import HillshadeRule
    from engine.request_parts import RenderingRule


class Slope(OfSurface):
    """The raster function; output is F32 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> StagedFunction:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, SlopeRule)
        if arguments.slope_type not in (DEGREE, PERCENT, ADJUSTED):
            accepted = "1 (degree), 2 (percent rise) or 3 (adjusted)"
            raise InvalidParameter("SlopeType", arguments.slope_type, accepted)
        east, south = scaled_rises(arguments)
        steep = call("sqrt", call("add", call("square", east), call("square", south)))
        if arguments.slope_type == PERCENT:
            found = call("mul", steep, 100.0)
        else:
            found = call("mul", call("atan", steep), math.degrees(1.0))
        output = BandsInfo(rule.output_pixel_type or PixelType.F32, 1, names=("Slope",))
        return StagedFunction(gradient_of(arguments, info), PointwiseFunction(output, (found,)))


def gradient_of(arguments: SlopeRule | HillshadeRule, info: BandsInfo) -> Gradient:
    """Return the first step of functions of slopes; heights are in the unit that the input's are in."""
    has_cell = arguments.slope_type == ADJUSTED
    return Gradient(
        is_plain=arguments.plain_cells,
        has_cell=has_cell,
        height_m=info.height_m,
        needs_all=arguments.remove_edge_effect,
    )


def scaled_rises(arguments: SlopeRule | HillshadeRule) -> tuple[Expression, Expression]:
    """Return the rises to the east and to the south, metres a metre, times the factor of heights.

    Raises
    ------
    InvalidParameter
    """
    for name, value in (
        ("ZFactor", arguments.z_factor),
        ("PSPower", arguments.ps_power),
        ("PSZFactor", arguments.ps_z_factor),
    ):
        if not math.isfinite(value):
            raise InvalidParameter(name, value, "a finite number")
    if arguments.slope_type != ADJUSTED:
        factor: Expression | float = arguments.z_factor
        if factor == 1.0:
            return Sample(0, EAST), Sample(0, SOUTH)
    else:
        grown = call("pow", Sample(0, CELL), arguments.ps_power)
        factor = call("add", call("mul", grown, arguments.ps_z_factor), arguments.z_factor)
    return call("mul", Sample(0, EAST), factor), call("mul", Sample(0, SOUTH), factor)
