"""The operations of the Local function by Esri's numbers, as expressions.

References
----------
ArcGIS REST API, raster function objects: Local (Operation); ArcGIS API for Python, arcgis.raster.functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.expressions.tree import call
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.expressions.tree import Expression

    Build = Callable[[Sequence[Expression]], Expression]

MAJORITY, MEDIAN, MINORITY, VARIETY, PERCENTILE = (
    "majority",
    "median",
    "minority",
    "variety",
    "percentile",
)


@dataclass(frozen=True, slots=True)
class LocalOperation:
    """One operation.

    Attributes
    ----------
    least, most : int
        Counts of rasters.
    build : callable or None
        Makes the expression; None: values must be sorted (`engine.functions.sorted_statistics`).
    result : str
        "float", "bool" (0 or 1), "whole" (32 bits), or "same" (a type that holds the rasters').
    ignores_no_data : bool
    """

    name: str
    least: int
    most: int
    build: Build | None
    result: str = "float"
    ignores_no_data: bool = False


_MOST = 256
# Single precision does not hold all their samples.
_WIDE = (PixelType.F64, PixelType.S32, PixelType.U32)


def _call(name: str) -> Build:
    return lambda rasters: call(name, *rasters)


def _fold(name: str) -> Build:
    """Apply an operation of two to one raster after the other."""

    def build(rasters: Sequence[Expression]) -> Expression:
        found = rasters[0]
        for each in rasters[1:]:
            found = call(name, found, each)
        return found

    return build


def _con(rasters: Sequence[Expression]) -> Expression:
    """Return the conditional of two or three rasters; without a third, no data where it is false."""
    if len(rasters) == 3:
        return call("con", *rasters)
    return call("set_null", call("not", rasters[0]), rasters[1])


def _of_one(names: dict[int, str], result: str = "float") -> dict[int, LocalOperation]:
    return {
        number: LocalOperation(name, 1, 1, _call(name), result) for number, name in names.items()
    }


def _of_two(names: dict[int, str], result: str = "float") -> dict[int, LocalOperation]:
    return {
        number: LocalOperation(name, 2, 2, _call(name), result) for number, name in names.items()
    }


def _statistic(name: str, result: str, *, ignores: bool) -> LocalOperation:
    build = _call(f"{name}_valid" if ignores else name)
    return LocalOperation(name, 1, _MOST, build, result, ignores)


def _sorted(name: str, result: str, *, ignores: bool) -> LocalOperation:
    return LocalOperation(name, 1, _MOST, None, result, ignores)


_MANY = {
    39: ("max", "same"),
    40: ("mean", "float"),
    42: ("min", "same"),
    47: ("range", "same"),
    54: ("std", "float"),
    55: ("sum", "float"),
}
_MANY_IGNORING = {67: 39, 68: 40, 70: 42, 72: 47, 73: 54, 74: 55}

LOCAL_OPERATIONS: dict[int, LocalOperation] = {
    1: LocalOperation("plus", 2, _MOST, _fold("add")),
    2: LocalOperation("minus", 2, _MOST, _fold("sub")),
    3: LocalOperation("times", 2, _MOST, _fold("mul")),
    23: LocalOperation("divide", 2, _MOST, _fold("div")),
    **_of_one({4: "sqrt", 6: "acos", 7: "asin", 8: "atan", 9: "atanh", 10: "abs"}),
    **_of_one({21: "cos", 22: "cosh", 25: "exp", 26: "exp10", 27: "exp2"}),
    **_of_one({35: "ln", 36: "log10", 37: "log2", 45: "neg", 48: "floor", 49: "ceil"}),
    **_of_one(
        {51: "sin", 52: "sinh", 53: "square", 56: "tan", 57: "tanh", 59: "acosh", 60: "asinh"}
    ),
    **_of_one({30: "trunc", 13: "bit_not"}, "whole"),
    **_of_one({18: "not", 31: "is_null"}, "bool"),
    32: LocalOperation("float", 1, 1, lambda rasters: rasters[0]),
    **_of_two({5: "pow", 44: "mod", 61: "atan2", 64: "div"}),
    **_of_two({65: "floor_div"}),
    **_of_two(
        {11: "bit_and", 12: "shift_left", 14: "bit_or", 15: "shift_right", 16: "bit_xor"}, "whole"
    ),
    **_of_two({17: "and", 19: "or", 20: "xor", 24: "eq", 28: "gt", 29: "ge", 33: "lt"}, "bool"),
    **_of_two({34: "le", 46: "ne"}, "bool"),
    50: LocalOperation("set null", 2, 2, _call("set_null"), "same"),
    78: LocalOperation("con", 2, 3, _con, "same"),
    84: LocalOperation("pick", 2, _MOST, _call("pick"), "same"),
    **{number: _statistic(name, result, ignores=False) for number, (name, result) in _MANY.items()},
    **{number: _statistic(*_MANY[other], ignores=True) for number, other in _MANY_IGNORING.items()},
    38: _sorted(MAJORITY, "same", ignores=False),
    41: _sorted(MEDIAN, "same", ignores=False),
    43: _sorted(MINORITY, "same", ignores=False),
    58: _sorted(VARIETY, "whole", ignores=False),
    66: _sorted(MAJORITY, "same", ignores=True),
    69: _sorted(MEDIAN, "same", ignores=True),
    71: _sorted(MINORITY, "same", ignores=True),
    75: _sorted(VARIETY, "whole", ignores=True),
    93: _sorted(PERCENTILE, "same", ignores=False),
    94: _sorted(PERCENTILE, "same", ignores=True),
}


def result_type(operation: LocalOperation, common: PixelType) -> PixelType:
    """Return the pixel type of an operation's results.

    Parameters
    ----------
    common
        A type that holds the samples of all rasters.
    """
    if operation.result == "bool":
        return PixelType.U8
    if operation.result == "whole":
        return PixelType.S32
    if operation.result == "same":
        return common
    return PixelType.F64 if common in _WIDE else PixelType.F32
