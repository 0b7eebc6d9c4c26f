"""The AspectSlope function: where slopes face as a hue, how steep they are as its saturation.

Eight directions by three classes of steepness (5, 20 and 40 percent rise), ground that is nearly flat in grey: the
25 colours of Brewer and Marlow, as Esri's aspect-slope style has them in red, green and blue.

References
----------
Brewer, C. A., Marlow, K. A. (1993), Color representation of aspect and slope simultaneously, Proceedings Auto-Carto
11, 328-337. Moellering, H., Kimerling, A. J. (1990), A new digital slope-aspect display process, Cartography and
Geographic Information Systems 17(2), 151-159. Buckley, A. (2008), Aspect-slope map, ArcGIS blog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.expressions.tree import Table, call
from engine.function_rules import AspectSlopeRule, SlopeRule
from engine.functions.aspect import aspect_of_rises
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.pointwise import PointwiseFunction, StagedFunction
from engine.functions.slope import gradient_of, scaled_rises
from engine.functions.surface import OfSurface
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule

_STEPS_PERCENT = (5.0, 20.0, 40.0)
_OCTANTS = 8
_FLAT = (153, 153, 153)
# From north clockwise, a row for each class of steepness.
_COLOURS = (
    (
        *((147, 166, 89), (102, 153, 102), (102, 153, 136), (89, 89, 166)),
        *((128, 108, 147), (166, 89, 89), (166, 134, 89), (166, 166, 89)),
    ),
    (
        *((172, 217, 38), (77, 179, 77), (73, 182, 146), (51, 51, 204)),
        *((128, 89, 166), (217, 38, 38), (217, 142, 38), (217, 217, 38)),
    ),
    (
        *((191, 255, 0), (51, 204, 51), (51, 204, 153), (26, 26, 230)),
        *((128, 51, 204), (255, 0, 0), (255, 149, 0), (255, 255, 0)),
    ),
)


class AspectSlope(OfSurface):
    """The raster function; output is three bands of U8 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> StagedFunction:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, AspectSlopeRule)
        slope = SlopeRule(z_factor=arguments.z_factor, plain_cells=arguments.plain_cells)
        east, south = scaled_rises(slope)
        rise = call("add", call("square", east), call("square", south))
        percent = call("mul", call("sqrt", rise), 100.0)
        steepness = call("sum", *(call("ge", percent, step) for step in _STEPS_PERCENT))
        # The octant of north goes around 0.
        octant = call("ceil", call("div", call("sub", aspect_of_rises(), 22.5), 45.0))
        octant = call("mod", octant, float(_OCTANTS))
        row = call("mul", call("sub", steepness, 1.0), float(_OCTANTS))
        place = call("con", steepness, call("add", call("add", row, octant), 1.0), 0.0)
        colours = np.array([_FLAT, *(colour for own in _COLOURS for colour in own)], np.float64)
        valid = np.ones(len(colours), np.bool_)
        parts = tuple(Table(place, np.ascontiguousarray(part), valid) for part in colours.T)
        names = ("Red", "Green", "Blue")
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, len(names), names=names)
        return StagedFunction(gradient_of(slope, info), PointwiseFunction(output, parts))
