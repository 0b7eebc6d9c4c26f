"""The Arithmetic function between two rasters, or between samples and constants.

References
----------
ArcGIS REST API, raster function objects: Arithmetic (Operation 1 plus, 2 minus, 3 multiply, 4 divide,
5 power, 6 modulo), with a raster or a number as the second raster.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Number, Sample, call
from engine.function_rules import ArithmeticRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.local import common_bands
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

# Modulo has the sign of the first one, as in C.
OPERATIONS = {1: "add", 2: "sub", 3: "mul", 4: "div", 5: "pow", 6: "mod"}
_NAMES = "1 plus, 2 minus, 3 multiply, 4 divide, 5 power, 6 modulo"


class Arithmetic(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is F32, or F64 for F64, unless the rule names a type."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Check operation and constants.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ArithmeticRule)
        if arguments.operation not in OPERATIONS:
            raise InvalidParameter("Operation", arguments.operation, _NAMES)
        bands = common_bands(infos)
        if len(infos) == 2:
            second: list[Expression] = [
                Sample(1, band if infos[1].bands > 1 else 0) for band in range(bands)
            ]
        else:
            second = [Number(value) for value in _constants(arguments, bands)]
        is_double = any(info.pixel_type is PixelType.F64 for info in infos)
        own = PixelType.F64 if is_double and len(infos) == 1 else PixelType.F32
        operation = OPERATIONS[arguments.operation]
        expressions = tuple(
            call(operation, Sample(0, band if infos[0].bands > 1 else 0), other)
            for band, other in enumerate(second)
        )
        return PointwiseFunction(BandsInfo(rule.output_pixel_type or own, bands), expressions)


def _constants(arguments: ArithmeticRule, bands: int) -> tuple[float, ...]:
    constants = arguments.constants
    if len(constants) not in (1, bands) or not all(map(math.isfinite, constants)):
        accepted = f"a raster, or finite numbers, 1 or {bands} of them"
        raise InvalidParameter("Raster2", constants or "nothing", accepted)
    return constants if len(constants) == bands else constants * bands
