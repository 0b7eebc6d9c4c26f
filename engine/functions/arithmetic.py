"""The Arithmetic function between samples and constants: gains, offsets, units.

References
----------
ArcGIS REST API, raster function objects: Arithmetic (Operation 1 plus, 2 minus, 3 multiply, 4 divide,
5 power, 6 modulo), with a number as the second raster.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import ArithmeticRule
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.cast import cast
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.request import RenderingRule

OPERATIONS: dict[int, Callable[[Any, Any], Any]] = {
    1: np.add,
    2: np.subtract,
    3: np.multiply,
    4: np.divide,
    5: np.power,
    # Of the sign of the sample, as in C.
    6: np.fmod,
}
_NAMES = "1 plus, 2 minus, 3 multiply, 4 divide, 5 power, 6 modulo"


@dataclass(frozen=True, slots=True)
class BoundArithmetic:
    """Arithmetic with its constants, one a band."""

    output: BandsInfo
    operation: int
    constants: tuple[float, ...]

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the results in the output type; what is no finite number is no data."""
        operate = OPERATIONS[self.operation]
        constants = np.array(self.constants).reshape(-1, 1, 1)
        with np.errstate(all="ignore"):
            values = np.asarray(operate(block.data.astype(np.float64), constants), np.float64)
        good = np.isfinite(values)
        valid = block.valid if good.all() else block.valid & good
        return cast(PixelBlock(values, valid), self.output.pixel_type)


class Arithmetic:
    """The raster function; output is F32, or F64 for F64, unless the rule names a type."""

    def padding(self, rule: RenderingRule) -> int:
        """Return 0: each pixel by itself."""
        del rule
        return 0

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundArithmetic:
        """Check operation and constants.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ArithmeticRule)
        if arguments.operation not in OPERATIONS:
            raise InvalidParameter("Operation", arguments.operation, _NAMES)
        constants = arguments.constants
        if len(constants) not in (1, info.bands) or not all(map(math.isfinite, constants)):
            accepted = f"finite numbers, 1 or {info.bands} of them"
            raise InvalidParameter("Raster2", constants, accepted)
        own = PixelType.F64 if info.pixel_type is PixelType.F64 else PixelType.F32
        return BoundArithmetic(
            BandsInfo(rule.output_pixel_type or own, info.bands),
            arguments.operation,
            constants if len(constants) == info.bands else constants * info.bands,
        )
