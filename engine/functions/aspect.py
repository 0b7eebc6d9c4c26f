"""The Aspect function: where slopes face, degrees clockwise from the map's north; flat ground is -1.

References
----------
ArcGIS REST API, raster function objects: Aspect.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.expressions.tree import Sample, call
from engine.function_rules import AspectRule
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.gradient import EAST, SOUTH, Gradient
from engine.functions.pointwise import PointwiseFunction, StagedFunction
from engine.functions.surface import OfSurface
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

FLAT = -1.0


class Aspect(OfSurface):
    """The raster function; output is F32 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> StagedFunction:
        """Return the function; it has nothing to check."""
        del info
        arguments = arguments_of(rule, AspectRule)
        output = BandsInfo(rule.output_pixel_type or PixelType.F32, 1, names=("Aspect",))
        first = Gradient(is_plain=arguments.plain_cells)
        return StagedFunction(first, PointwiseFunction(output, (aspect_of_rises(),)))


def aspect_of_rises() -> Expression:
    """Return the aspect of rises to the east and to the south."""
    east, south = Sample(0, EAST), Sample(0, SOUTH)
    # Slopes face where the ground falls: to the west where it rises to the east.
    turn = call("mul", call("atan2", call("abs", east), south), math.degrees(1.0))
    turn = call("single", turn)
    around = call("con", call("gt", east, 0.0), call("sub", 360.0, turn), turn)
    is_flat = call("and", call("eq", east, 0.0), call("eq", south, 0.0))
    return call("con", is_flat, FLAT, around)
