"""The RasterCalculator function: an expression of the user's over several rasters.

References
----------
ArcGIS REST API, raster function objects: RasterCalculator (InputNames, Rasters, Expression).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.grammar import expression_of
from engine.expressions.tree import Sample
from engine.function_rules import RasterCalculatorRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.local import common_bands
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule


class RasterCalculator(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is F32 unless the rule names a type."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Read the expression.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, RasterCalculatorRule)
        names = [name.strip().casefold() for name in arguments.input_names]
        if len(names) != len(infos) or len(set(names)) != len(names):
            accepted = f"{len(infos)} different names, one a raster"
            raise InvalidParameter("InputNames", ", ".join(arguments.input_names), accepted)
        bands = common_bands(infos)

        def named(band: int, name: str) -> Expression | None:
            if name.casefold() not in names:
                return None
            place = names.index(name.casefold())
            return Sample(place, band if infos[place].bands > 1 else 0)

        expressions = tuple(
            expression_of(arguments.expression, partial(named, band)) for band in range(bands)
        )
        output = BandsInfo(rule.output_pixel_type or PixelType.F32, bands)
        return PointwiseFunction(output, expressions)
