"""The Remap function: ranges of sample values become new values, or no data.

References
----------
ArcGIS REST API, raster function objects: Remap (InputRanges, OutputValues, NoDataRanges, AllowUnmatched,
ReplacementValue): a range holds its lower end and not its upper one, and the first that holds a sample
decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Number, Sample, Table, call
from engine.function_rules import RemapRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.cast import cast
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

# More numbers of ranges than this make a pass that is slower than going over them one by one.
_MOST_MELTED = 128
# Types whose values are worth a table; it is made when the function is bound.
_TABLED = ("uint8", "int8", "uint16", "int16")
_WHOLE_TYPES = (PixelType.U8, PixelType.S16, PixelType.U16, PixelType.S32, PixelType.U32)


def check_remap(rule: RemapRule) -> None:
    """Refuse arguments that no remap can have.

    Raises
    ------
    InvalidParameter
    """
    _check_ranges("InputRanges", rule.input_ranges)
    _check_ranges("NoDataRanges", rule.no_data_ranges)
    count = len(rule.input_ranges) // 2
    if len(rule.output_values) != count:
        raise InvalidParameter(
            "OutputValues",
            f"{len(rule.output_values)} values",
            f"{count}, one for each input range",
        )
    values = (*rule.output_values, rule.replacement_value or 0.0)
    if not all(math.isfinite(value) for value in values):
        raise InvalidParameter("OutputValues, ReplacementValue", values, "finite numbers")
    if not (rule.input_ranges or rule.no_data_ranges):
        raise InvalidParameter("InputRanges", "none", "pairs of numbers, here or in NoDataRanges")


def _check_ranges(name: str, numbers: tuple[float, ...]) -> None:
    if len(numbers) % 2:
        raise InvalidParameter(
            name, f"{len(numbers)} numbers", "pairs of a lowest value and an end"
        )
    for low, high in zip(numbers[::2], numbers[1::2], strict=True):
        if not low <= high:
            raise InvalidParameter(name, (low, high), "a lowest value that is not above the end")


@dataclass(frozen=True, slots=True)
class BoundRemap:
    """Remap with its arguments checked.

    Attributes
    ----------
    table, table_valid : (n,) or None
        Results of every value that the input type has, from its smallest on.
    """

    output: BandsInfo
    input_type: PixelType
    rule: RemapRule
    table: NDArray[np.generic] | None = None
    table_valid: NDArray[np.bool_] | None = None

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the new values in the output type; what no range holds may be no data."""
        if self.table is None or self.table_valid is None:
            return self._by_ranges(block)
        offset = -int(np.iinfo(block.data.dtype).min)
        index = block.data if offset == 0 else block.data.astype(np.int32) + offset
        good = self.table_valid[index]
        if good.all():
            return PixelBlock(self.table[index], block.valid)
        return PixelBlock(self.table[index], block.valid & good)

    @property
    def pointwise(self) -> PointwiseFunction | None:
        """The function as expressions; None with many ranges of values that no table holds."""
        samples = [Sample(0, band) for band in range(self.output.bands)]
        if self.table is not None and self.table_valid is not None:
            values, first = self.table.astype(np.float64), int(self.input_type.limits[0])
            return PointwiseFunction(
                self.output, tuple(Table(each, values, self.table_valid, first) for each in samples)
            )
        if len(self.rule.input_ranges) + len(self.rule.no_data_ranges) > _MOST_MELTED:
            return None
        return PointwiseFunction(self.output, tuple(_expression(self.rule, e) for e in samples))

    def _by_ranges(self, block: PixelBlock) -> PixelBlock:
        values, good = remapped(self.rule, block.data.astype(np.float64))
        return cast(PixelBlock(values, block.valid & good), self.output.pixel_type)

    def tabled(self) -> BoundRemap:
        """Return it with a table of all results."""
        limits = np.iinfo(self.input_type.dtype_name)
        samples = np.arange(limits.min, limits.max + 1, dtype=np.float64)[np.newaxis, np.newaxis]
        done = self._by_ranges(PixelBlock(samples, np.ones(samples.shape, np.bool_)))
        return BoundRemap(
            self.output, self.input_type, self.rule, done.data[0, 0], done.valid[0, 0]
        )


def remapped(
    rule: RemapRule, samples: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return new values of samples of any shape, and which of them are data."""
    replacement = rule.replacement_value
    keeps = rule.allow_unmatched
    values = samples.copy() if keeps else np.full(samples.shape, replacement or 0.0)
    good = np.full(samples.shape, keeps or replacement is not None, np.bool_)
    pairs = list(zip(rule.input_ranges[::2], rule.input_ranges[1::2], strict=True))
    # Backwards, so that the first range has the last word.
    for number in range(len(pairs) - 1, -1, -1):
        is_closed = rule.is_last_range_inclusive and number == len(pairs) - 1
        held = _held(samples, *pairs[number])
        if is_closed:
            held |= samples == pairs[number][1]
        values[held] = rule.output_values[number]
        good[held] = True
    for low, high in zip(rule.no_data_ranges[::2], rule.no_data_ranges[1::2], strict=True):
        good &= ~_held(samples, low, high)
    return values, good & ~np.isnan(samples)


def _held(samples: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    if low == high:
        return np.asarray(samples == low)
    return np.asarray((samples >= low) & (samples < high))


def _expression(rule: RemapRule, sample: Expression) -> Expression:
    """Return what `remapped` gives, as an expression."""
    found: Expression = sample
    if not rule.allow_unmatched:
        # Invalid everywhere, but where it is replaced.
        found = call("set_null", 1.0, 0.0)
        if rule.replacement_value is not None:
            found = Number(rule.replacement_value)
    pairs = list(zip(rule.input_ranges[::2], rule.input_ranges[1::2], strict=True))
    for number in range(len(pairs) - 1, -1, -1):
        is_closed = rule.is_last_range_inclusive and number == len(pairs) - 1
        held = _holds(sample, *pairs[number], upper="le" if is_closed else "lt")
        found = call("con", held, rule.output_values[number], found)
    for low, high in zip(rule.no_data_ranges[::2], rule.no_data_ranges[1::2], strict=True):
        found = call("set_null", _holds(sample, low, high, upper="lt"), found)
    return found


def _holds(sample: Expression, low: float, high: float, *, upper: str) -> Expression:
    if low == high:
        return call("eq", sample, low)
    return call("and", call("ge", sample, low), call(upper, sample, high))


def _output_type(rule: RemapRule, input_type: PixelType) -> PixelType:
    """Return the smallest type that holds every value that may come."""
    values = list(rule.output_values)
    if rule.replacement_value is not None:
        values.append(rule.replacement_value)
    if rule.allow_unmatched:
        if input_type.is_float:
            return input_type
        values.extend(input_type.limits)
    if not values:
        return input_type
    if not all(float(value).is_integer() for value in values):
        return PixelType.F32
    for known in _WHOLE_TYPES:
        low, high = known.limits
        if low <= min(values) and max(values) <= high:
            return known
    return PixelType.F64


class Remap(EachPixel):
    """The raster function; each band by itself. Output is the smallest type that holds the values."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundRemap:
        """Check the ranges, and work out a table where the input has few values.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, RemapRule)
        check_remap(arguments)
        pixel_type = rule.output_pixel_type or _output_type(arguments, info.pixel_type)
        output = BandsInfo(
            pixel_type,
            info.bands,
            names=info.names,
            properties=info.properties,
            is_thematic=info.is_thematic or not arguments.allow_unmatched,
        )
        bound = BoundRemap(output, info.pixel_type, arguments)
        return bound.tabled() if info.pixel_type.dtype_name in _TABLED else bound
