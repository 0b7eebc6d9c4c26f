"""Arguments of functions that work pixel by pixel on several rasters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule


class ArithmeticRule(FunctionRule, tag="Arithmetic", frozen=True, kw_only=True):
    """Arguments of the Arithmetic function, of two rasters or of one and constants.

    Attributes
    ----------
    operation : int
        1 plus, 2 minus, 3 multiply, 4 divide, 5 power, 6 modulo.
    constants : one for all bands, or one per band
        In place of the second raster.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Raster", "Raster2?")

    operation: int = 1
    constants: tuple[float, ...] = ()

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "operation": {"plus": 1, "minus": 2, "multiply": 3, "divide": 4, "power": 5, "mod": 6}
    }


class LocalRule(FunctionRule, tag="Local", frozen=True, kw_only=True):
    """Arguments of the Local function.

    Attributes
    ----------
    operation : int
        Esri's number (`engine.functions.local_operations`).
    process_as_multiband : bool
        Band by band; else all bands of all rasters are one list, for operations that take any count.
    percentile_value : float
        0 to 100.
    percentile_interpolation_type : str
        AUTO_DETECT, NEAREST or LINEAR.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)

    operation: int = 0
    process_as_multiband: bool = True
    percentile_value: float = 90.0
    percentile_interpolation_type: str = "AUTO_DETECT"


class CellStatisticsRule(FunctionRule, tag="CellStatistics", frozen=True, kw_only=True):
    """Arguments of the CellStatistics function: Local's operations from 38 to 75.

    Attributes
    ----------
    operation : int
        As of Local.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)

    operation: int = 40
    process_as_multiband: bool = True
    percentile_value: float = 90.0
    percentile_interpolation_type: str = "AUTO_DETECT"


class MergeRastersRule(FunctionRule, tag="MergeRasters", frozen=True, kw_only=True):
    """Arguments of the MergeRasters function: rasters alone."""

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)


class RasterCalculatorRule(FunctionRule, tag="RasterCalculator", frozen=True, kw_only=True):
    """Arguments of the RasterCalculator function.

    Attributes
    ----------
    input_names : tuple of str
        What the rasters are called in the expression, in order.
    expression : str
        In the grammar of `engine.expressions.grammar`.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)

    input_names: tuple[str, ...] = ()
    expression: str = ""


class ArgStatisticsRule(FunctionRule, tag="ArgStatistics", frozen=True, kw_only=True):
    """Arguments of the ArgStatistics function.

    Attributes
    ----------
    arg_statistics_type : int
        Which band of all rasters has the 0 largest, 1 smallest, 2 median value; 3 how many in a row have
        values from `min_value` to `max_value`, at most.
    undefined_class : int or None
        The result where several bands have that value; None = the first one of them.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)

    arg_statistics_type: int = 0
    min_value: float | None = None
    max_value: float | None = None
    undefined_class: int | None = None

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "arg_statistics_type": {"max": 0, "min": 1, "median": 2, "duration": 3}
    }
