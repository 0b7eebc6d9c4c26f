"""The WeightedOverlay function: classes of several rasters on one scale, weighed by their influence.

References
----------
ArcGIS REST API, raster function objects: WeightedOverlay (Rasters, Influences, Remaps, EvalFrom, EvalTo); ArcGIS
Pro, Weighted Overlay: the sum of new values times percents, rounded; a restricted class gives the start of the
scale less 1, whatever the other rasters have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Number, Table, call
from engine.function_rules import WeightedOverlayRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.local import common_bands
from engine.functions.pointwise import PointwiseFunction
from engine.functions.weighted_sum import check_fields, samples_by_band
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression, Sample
    from engine.request_parts import RenderingRule

_MOST_CLASSES = 65_536
_FAR = 2**31
_NO_DATA, _RESTRICTED = "nodata", "restricted"
_TYPES = (PixelType.U8, PixelType.S16, PixelType.S32)
_ACCEPTED = "entries such as '1 10; 2 NoData; 3 5 Restricted', whole numbers"

# Lowest and highest class, and what becomes of them.
_Entry = tuple[int, int, str]


class WeightedOverlay(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is the smallest whole type that holds the scale."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Check influences and read the remaps.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, WeightedOverlayRule)
        check_fields(arguments.fields)
        shares = _shares(arguments, len(infos))
        remaps = arguments.remaps or ("",) * len(infos)
        if len(remaps) != len(infos):
            raise InvalidParameter("Remaps", f"{len(remaps)} texts", f"{len(infos)}, one a raster")
        entries = [_entries(text) for text in remaps]
        restricted = arguments.eval_from - 1
        bands = common_bands(infos)
        expressions = tuple(
            _overlaid(samples, entries, shares, restricted)
            for samples in samples_by_band(infos, bands)
        )
        pixel_type = rule.output_pixel_type or _output_type(arguments, entries)
        return PointwiseFunction(BandsInfo(pixel_type, bands, is_thematic=True), expressions)


def _shares(arguments: WeightedOverlayRule, count: int) -> list[float]:
    influences = arguments.influences
    if not influences:
        return [1.0 / count] * count
    if len(influences) != count or sum(influences) != 100 or min(influences) < 0:
        accepted = f"{count} percents, one a raster, 100 together"
        raise InvalidParameter("Influences", influences, accepted)
    return [each / 100 for each in influences]


def _entries(text: str) -> list[_Entry]:
    """Read the classes of one raster; later entries go before earlier ones."""
    found = []
    for part in re.split(r"[;\n]", text):
        words = part.replace(",", " ").split()
        if not words:
            continue
        new = words[-1].casefold()
        try:
            numbers = [int(float(word)) for word in words[:-1] if word.casefold() != _NO_DATA]
            if new not in (_NO_DATA, _RESTRICTED):
                new = str(int(float(new)))
        except (ValueError, OverflowError):
            raise InvalidParameter("Remaps", part.strip(), _ACCEPTED) from None
        if words[0].casefold() == _NO_DATA and len(words) == 2:
            # No data stays no data.
            continue
        if len(numbers) not in (1, 2) or numbers[0] > numbers[-1] or abs(float(numbers[-1])) > _FAR:
            raise InvalidParameter("Remaps", part.strip(), _ACCEPTED)
        found.append((numbers[0], numbers[-1], new))
    if found and max(e[1] for e in found) - min(e[0] for e in found) >= _MOST_CLASSES:
        raise InvalidParameter("Remaps", text[:100], f"classes less than {_MOST_CLASSES} apart")
    return found


def _overlaid(
    samples: Sequence[Sample],
    entries: Sequence[list[_Entry]],
    shares: Sequence[float],
    restricted: int,
) -> Expression:
    values, bars = [], []
    for sample, own, share in zip(samples, entries, shares, strict=True):
        if not own:
            values.append(call("mul", call("round", sample), share))
            continue
        value, bar = _tables(sample, own)
        values.append(call("mul", value, share))
        bars.append(bar)
    total: Expression = call("sum", *values)
    if not bars:
        return total
    return call("con", call("max", *bars), Number(float(restricted)), total)


def _tables(sample: Sample, entries: list[_Entry]) -> tuple[Table, Table]:
    """Return the new value of a sample, and whether it is restricted."""
    first = min(low for low, _, _ in entries)
    size = max(high for _, high, _ in entries) - first + 1
    values, bars = np.zeros(size), np.zeros(size)
    valid = np.zeros(size, np.bool_)
    for low, high, new in entries:
        part = slice(low - first, high - first + 1)
        valid[part] = new != _NO_DATA
        bars[part] = new == _RESTRICTED
        values[part] = 0.0 if new in (_NO_DATA, _RESTRICTED) else float(new)
    return Table(sample, values, valid, first), Table(sample, bars, valid, first)


def _output_type(arguments: WeightedOverlayRule, entries: Sequence[list[_Entry]]) -> PixelType:
    marks = {_NO_DATA, _RESTRICTED}
    found = [int(new) for own in entries for _, _, new in own if new not in marks]
    found += [arguments.eval_from - 1, arguments.eval_from, arguments.eval_to]
    if not all(entries):
        return PixelType.S32
    for known in _TYPES:
        if known.limits[0] <= min(found) and max(found) <= known.limits[1]:
            return known
    return PixelType.S32
