"""The Mask function: values that are no data, and ranges outside of which there is none.

References
----------
ArcGIS REST API, raster function objects: Mask (NoDataValues, IncludedRanges, NoDataInterpretation).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import MaskRule
from engine.functions.base import EachPixel, arguments_of, retyped
from engine.functions.pointwise import PointwiseFunction

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.functions.base import BandsInfo
    from engine.request_parts import RenderingRule

_ANY, _ALL = 0, 1
_MOST_VALUES = 64


class Mask(EachPixel):
    """The raster function; samples stay as they are."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check values and ranges.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, MaskRule)
        if arguments.no_data_interpretation not in (_ANY, _ALL):
            accepted = "0 (any band) or 1 (all bands)"
            raise InvalidParameter(
                "NoDataInterpretation", arguments.no_data_interpretation, accepted
            )
        values = _values(arguments.no_data_values, info.bands)
        ranges = _ranges(arguments.included_ranges, info.bands)
        hidden = [_hidden(Sample(0, n), values[n], ranges[n]) for n in range(info.bands)]
        if arguments.no_data_interpretation == _ALL:
            every: Expression | None = None
            for each in hidden:
                # A band without a condition never hides.
                own = call("add", 0.0, 0.0) if each is None else each
                every = own if every is None else call("and", every, own)
            hidden = [every] * info.bands
        expressions = tuple(
            Sample(0, n) if each is None else call("set_null", each, Sample(0, n))
            for n, each in enumerate(hidden)
        )
        output = retyped(info, rule.output_pixel_type or info.pixel_type)
        return PointwiseFunction(output, expressions)


def _hidden(
    sample: Expression, values: tuple[float, ...], limits: tuple[float, float] | None
) -> Expression | None:
    """Return the condition under which a band has no data; None = it always has."""
    conditions = [call("eq", sample, value) for value in values]
    if limits is not None:
        conditions += [call("lt", sample, limits[0]), call("gt", sample, limits[1])]
    found: Expression | None = None
    for each in conditions:
        found = each if found is None else call("or", found, each)
    return found


def _values(texts: tuple[str, ...], bands: int) -> list[tuple[float, ...]]:
    """Return the values of each band: a text of numbers a band, or one for all."""
    if not texts:
        return [()] * bands
    if len(texts) not in (1, bands):
        accepted = f"1 text or {bands}, of numbers with blanks between"
        raise InvalidParameter("NoDataValues", f"{len(texts)} texts", accepted)
    found = [_numbers(text) for text in texts]
    return found * bands if len(found) == 1 else found


def _numbers(text: str) -> tuple[float, ...]:
    words = text.replace(",", " ").split()
    try:
        numbers = tuple(float(word) for word in words)
    except ValueError:
        raise InvalidParameter("NoDataValues", text, "numbers with blanks between") from None
    if len(numbers) > _MOST_VALUES or not all(map(math.isfinite, numbers)):
        raise InvalidParameter("NoDataValues", text, f"at most {_MOST_VALUES} finite numbers")
    return numbers


def _ranges(limits: tuple[float, ...], bands: int) -> list[tuple[float, float] | None]:
    """Return the range of each band: a pair a band, or one for all."""
    if not limits:
        return [None] * bands
    pairs = list(zip(limits[::2], limits[1::2], strict=False))
    if len(limits) % 2 or len(pairs) not in (1, bands) or any(low > high for low, high in pairs):
        accepted = f"1 or {bands} pairs of a least and a largest value"
        raise InvalidParameter("IncludedRanges", limits, accepted)
    found: list[tuple[float, float] | None] = [*pairs]
    return found * bands if len(found) == 1 else found
