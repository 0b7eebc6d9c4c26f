"""The Table function: pixels as they are, which a table gives colours.

References
----------
ArcGIS Pro, raster functions: Attribute Table.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.expressions.tree import Sample
from engine.function_rules import TableRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.colormap import colour_rows
from engine.functions.pointwise import PointwiseFunction

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule


class Table(EachPixel):
    """The raster function; without colours in its table the raster keeps its own."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Describe the samples as classes.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, TableRule)
        colours = colour_rows("Colors", arguments.colors)
        output = replace(
            info,
            pixel_type=rule.output_pixel_type or info.pixel_type,
            colormap=(colours or info.colormap) if info.bands == 1 else (),
            is_thematic=True,
        )
        return PointwiseFunction(output, tuple(Sample(0, band) for band in range(info.bands)))
