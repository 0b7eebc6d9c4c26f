"""The ShadedRelief function: colours of heights in the light of a hillshade.

The value (of hue, saturation and value) of each colour is multiplied by the light, which scales red, green and blue
alike.

References
----------
ArcGIS REST API, raster function objects: ShadedRelief (the arguments of Hillshade, Colormap, ColorRamp). Smith, A. R.
(1978), Color gamut transform pairs, Computer Graphics 12(3), 12-19 (hue, saturation, value).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.expressions.tree import Sample, call, replaced
from engine.function_rules import ColormapRule, ShadedReliefRule
from engine.functions.base import BandsInfo, arguments_of, some_bands
from engine.functions.colormap import Colormap
from engine.functions.colormap_to_rgb import ColormapToRgb
from engine.functions.hillshade import shade_of
from engine.functions.pointwise import PointwiseFunction, StagedFunction, as_type
from engine.functions.slope import gradient_of
from engine.functions.surface import OfSurface
from engine.pixel_type import PixelType
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from engine.expressions.tree import Expression

_DEFAULT_RAMP = "elevation"


class ShadedRelief(OfSurface):
    """The raster function; output is three bands of U8 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> StagedFunction:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ShadedReliefRule)
        shade = call("div", as_type(shade_of(arguments), PixelType.U8), 255.0)
        first = replace(gradient_of(arguments, info), has_heights=True)
        heights = Sample(0, first.output.bands - 1)
        colours = _colours(some_bands(info, [0]), arguments, heights)
        names = ("Red", "Green", "Blue")
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, len(names), names=names)
        lit = tuple(call("mul", colour, shade) for colour in colours)
        return StagedFunction(first, PointwiseFunction(output, lit))


def _colours(
    info: BandsInfo, arguments: ShadedReliefRule, heights: Sample
) -> tuple[Expression, ...]:
    """Return red, green and blue of heights; raises InvalidParameter."""
    is_given = arguments.colormap or arguments.color_ramp or arguments.colorramp_name
    wanted = ColormapRule(
        colormap=arguments.colormap,
        color_ramp=arguments.color_ramp,
        colorramp_name=arguments.colorramp_name,
        colormap_name=arguments.colormap_name or ("" if is_given else _DEFAULT_RAMP),
    )
    mapped = Colormap().bind(info, RenderingRule(function="Colormap", arguments=wanted))
    place = as_type(replaced(mapped.expressions[0], lambda _: heights), mapped.output.pixel_type)
    split = ColormapToRgb().bind(mapped.output, RenderingRule(function="ColormapToRGB"))
    return tuple(replaced(each, lambda _: place) for each in split.expressions)
