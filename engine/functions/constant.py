"""The Constant function: a raster with the same values everywhere, one a band.

References
----------
ArcGIS REST API, raster function objects: Constant.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Number
from engine.function_rules import ConstantRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule

_MOST_BANDS = 256


class Constant(EachPixel):
    """The raster function; output is F32 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the values; there is no raster that counts.

        Raises
        ------
        InvalidParameter
        """
        del info
        values = arguments_of(rule, ConstantRule).constant
        if not 1 <= len(values) <= _MOST_BANDS or not all(map(math.isfinite, values)):
            accepted = f"finite numbers, 1 to {_MOST_BANDS} of them"
            raise InvalidParameter("Constant", values or "nothing", accepted)
        output = BandsInfo(rule.output_pixel_type or PixelType.F32, len(values))
        return PointwiseFunction(output, tuple(map(Number, values)))
