"""The ArgStatistics function: which band of several rasters has the largest, smallest or median value.

Bands count from 0 through all rasters in order. A pixel needs all of them.

References
----------
ArcGIS REST API, raster function objects: ArgStatistics (ArgStatisticsType, MinValue, MaxValue, UndefinedClass);
ArcGIS Pro, ArgStatistics function: of n sorted values the median is number (n - 1) / 2, rounded down; the
duration is the longest run of bands with values in a range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Number, Sample, call
from engine.function_rules import ArgStatisticsRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.kernel import kernel
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_MAX, _MIN, _MEDIAN, _DURATION = 0, 1, 2, 3
_MOST_BANDS = 256
_TYPES = (PixelType.U8, PixelType.S16, PixelType.S32)


class ArgStatistics(EachPixel, OfSeveral["PointwiseFunction | ArgMedian"]):
    """The raster function; output is of a whole type that holds all results unless the rule names one."""

    def bind_inputs(
        self, infos: Sequence[BandsInfo], rule: RenderingRule
    ) -> PointwiseFunction | ArgMedian:
        """Check the arguments against the rasters.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ArgStatisticsRule)
        kind, undefined = arguments.arg_statistics_type, arguments.undefined_class
        samples = [Sample(n, band) for n, info in enumerate(infos) for band in range(info.bands)]
        if len(samples) > _MOST_BANDS:
            raise InvalidParameter("Rasters", f"{len(samples)} bands", f"at most {_MOST_BANDS}")
        output = _output(rule, len(samples), undefined)
        if kind == _MEDIAN:
            return ArgMedian(output, -1 if undefined is None else undefined, undefined is not None)
        if kind == _DURATION:
            found = longest_run(samples, *_range(arguments))
        elif kind in (_MAX, _MIN):
            found = arg_extreme(samples, "gt" if kind == _MAX else "lt", undefined)
        else:
            accepted = "0 (max), 1 (min), 2 (median) or 3 (duration)"
            raise InvalidParameter("ArgStatisticsType", kind, accepted)
        return PointwiseFunction(output, (found,))


def _output(rule: RenderingRule, most: int, undefined: int | None) -> BandsInfo:
    low, high = min(0, undefined or 0), max(most, undefined or 0)
    for own in (rule.output_pixel_type,) if rule.output_pixel_type else _TYPES:
        if rule.output_pixel_type or (own.limits[0] <= low and high <= own.limits[1]):
            return BandsInfo(own, 1, is_thematic=True)
    raise InvalidParameter("UndefinedClass", undefined, "a whole number of 32 bits")


def _range(arguments: ArgStatisticsRule) -> tuple[float, float]:
    low, high = arguments.min_value, arguments.max_value
    for name, value in (("MinValue", low), ("MaxValue", high)):
        if value is None or math.isnan(value):
            raise InvalidParameter(name, "nothing", "a number, for a duration")
    assert low is not None
    assert high is not None
    if low > high:
        raise InvalidParameter("MinValue", low, f"at most MaxValue, {high:g}")
    return low, high


def arg_extreme(values: Sequence[Expression], better: str, undefined: int | None) -> Expression:
    """Return the place (from 0) of the value that all others are not `better` ("gt", "lt") than.

    Parameters
    ----------
    undefined
        The result where several places have that value; None = the first of them.
    """
    # 0, where there is a first value at all; each comparison asks for one more.
    best: Expression = values[0]
    place: Expression = call("ne", values[0], values[0])
    for number, value in enumerate(values[1:], 1):
        others: Expression = place
        if undefined is not None:
            others = call("con", call("eq", value, best), undefined, place)
        place = call("con", call(better, value, best), number, others)
        best = call("max" if better == "gt" else "min", best, value)
    return place


def longest_run(values: Sequence[Expression], low: float, high: float) -> Expression:
    """Return how many values in a row are from `low` to `high`, at most."""
    run: Expression = Number(0.0)
    longest: Expression = Number(0.0)
    for value in values:
        is_within = call("and", call("ge", value, low), call("le", value, high))
        run = call("mul", call("add", run, 1.0), is_within)
        longest = call("max", longest, run)
    return longest


@kernel
def _arg_median_kernel(data, valid, tie, buffer, out, good):
    count, pixels = data.shape
    undefined, is_marked = tie
    middle = (count - 1) // 2
    for pixel in range(pixels):
        if not valid[pixel]:
            out[pixel], good[pixel] = 0, False
            continue
        for number in range(count):
            value = data[number, pixel]
            place = number
            while place > 0 and buffer[place - 1] > value:
                buffer[place] = buffer[place - 1]
                place -= 1
            buffer[place] = value
        median = buffer[middle]
        first, times = -1, 0
        for number in range(count):
            if data[number, pixel] == median:
                times += 1
                if first < 0:
                    first = number
        out[pixel] = undefined if is_marked and times > 1 else first
        good[pixel] = True


@dataclass(frozen=True, slots=True)
class ArgMedian:
    """The bound function for medians.

    Attributes
    ----------
    undefined : int
        The result where several bands have the median; counts where `is_marked`.
    """

    output: BandsInfo
    undefined: int
    is_marked: bool

    def apply(self, block: PixelBlock) -> PixelBlock:
        """As `combine`, of one raster."""
        return self.combine((block,))

    def combine(self, blocks: Sequence[PixelBlock]) -> PixelBlock:
        """Return which band has the median, row by row."""
        rows, cols = blocks[0].rows, blocks[0].cols
        count = sum(block.bands for block in blocks)
        low, high = self.output.pixel_type.limits
        out = np.empty((1, rows, cols), self.output.pixel_type.dtype_name)
        good = np.empty((1, rows, cols), np.bool_)
        values, places = np.empty((count, cols)), np.empty(cols, np.int64)
        tie, buffer = (self.undefined, self.is_marked), np.empty(count)
        for row in range(rows):
            np.concatenate([block.data[:, row] for block in blocks], out=values)
            valid = np.isfinite(values).all(axis=0)
            for block in blocks:
                valid &= block.valid[:, row].all(axis=0)
            _arg_median_kernel(values, valid, tie, buffer, places, good[0, row])
            out[0, row] = np.clip(places, max(low, -(2**31)), min(high, 2**32))
        return PixelBlock(out, good)
