"""Colour maps of SLD as rendering rules: values, intervals and ramps."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.errors import RequestTooLarge
from engine.function_rules import ColormapRule, RemapRule, StretchRule
from engine.pixel_type import PixelType
from engine.request_parts import RenderingRule
from server.protocols.arcgis.parameters import as_number
from server.protocols.input_limits import MAX_SLD_COLOURS
from server.protocols.wms.refusal import WmsRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLOUR = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.IGNORECASE | re.ASCII)
_STEPS = 256
_STRETCHES = {"Normalize": 5, "Histogram": 4}
# Below all that a raster can hold.
_LOWEST = -1e38


@dataclass(frozen=True, slots=True)
class _Entry:
    quantity: float
    colour: tuple[int, int, int]
    is_seen: bool


def stretch_rule(kind: str) -> RenderingRule:
    """Return the stretch of a ContrastEnhancement: Normalize or Histogram."""
    return RenderingRule(function="Stretch", arguments=StretchRule(stretch_type=_STRETCHES[kind]))


def colour_rule(kind: str, given: Sequence[Mapping[str, str]]) -> RenderingRule:
    """Return the rule that colours one band.

    Parameters
    ----------
    kind : "ramp", "intervals" or "values"
        Intervals end, not included, at the quantity of their entry.
    given
        Attributes of each ColorMapEntry.

    Raises
    ------
    WmsRefusal, RequestTooLarge
        Quantities do not rise, colours are none, or there are too many.
    """
    makers = {"ramp": _ramp, "intervals": _intervals, "values": _values}
    if kind.casefold() not in makers:
        raise _refusal("type", kind, "ramp, intervals or values")
    if len(given) > MAX_SLD_COLOURS:
        raise RequestTooLarge("number of ColorMapEntry elements", len(given), MAX_SLD_COLOURS)
    entries = [_entry(attributes) for attributes in given]
    for before, after in pairwise(entries):
        if after.quantity <= before.quantity:
            raise _refusal("quantity", after.quantity, f"more than {before.quantity:g} before it")
    if not any(entry.is_seen for entry in entries):
        raise _refusal("ColorMap", f"{len(entries)} entries", "one that is seen")
    return makers[kind.casefold()](entries)


def _values(entries: list[_Entry]) -> RenderingRule:
    return _coloured([(entry.quantity, *entry.colour) for entry in entries if entry.is_seen])


def _intervals(entries: list[_Entry]) -> RenderingRule:
    ends = [_LOWEST, *(entry.quantity for entry in entries)]
    seen = [number for number, entry in enumerate(entries) if entry.is_seen]
    classes = RenderingRule(
        function="Remap",
        arguments=RemapRule(
            input_ranges=tuple(end for number in seen for end in ends[number : number + 2]),
            output_values=tuple(float(number) for number in seen),
        ),
        output_pixel_type=PixelType.U16,
    )
    return _coloured([(number, *entries[number].colour) for number in seen], classes)


def _ramp(entries: list[_Entry]) -> RenderingRule:
    if len(entries) < 2 or not all(entry.is_seen for entry in entries):
        raise _refusal("ColorMap", f"{len(entries)} entries", "two or more of opacity 1 in a ramp")
    low, high = entries[0].quantity, entries[-1].quantity
    middle = (low + high) / 2
    steps = RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, statistics=((low, high, middle, 1.0),)),
        output_pixel_type=PixelType.U8,
    )
    quantities = [entry.quantity for entry in entries]
    rows = []
    for step in range(_STEPS):
        quantity = low + (high - low) * step / (_STEPS - 1)
        place = min(max(bisect_right(quantities, quantity), 1), len(entries) - 1)
        before, after = entries[place - 1], entries[place]
        share = (quantity - before.quantity) / (after.quantity - before.quantity)
        mixed = [
            round(a + (b - a) * share) for a, b in zip(before.colour, after.colour, strict=True)
        ]
        rows.append((step, *mixed))
    return _coloured(rows, steps)


def _coloured(
    rows: Sequence[tuple[float, ...]], classes: RenderingRule | None = None
) -> RenderingRule:
    colours = tuple(tuple(float(part) for part in row) for row in rows)
    inputs = () if classes is None else (classes,)
    return RenderingRule(
        function="Colormap", arguments=ColormapRule(colormap=colours), inputs=inputs
    )


def _entry(attributes: Mapping[str, str]) -> _Entry:
    colour = attributes.get("color", "")
    match = _COLOUR.fullmatch(colour)
    if match is None:
        raise _refusal("color", colour, "a colour #RRGGBB")
    opacity = as_number("SLD_BODY: opacity", attributes.get("opacity", "1"))
    if opacity not in (0, 1):
        raise _refusal("opacity", opacity, "0 or 1")
    red, green, blue = (int(part, 16) for part in match.groups())
    quantity = as_number("SLD_BODY: quantity", attributes.get("quantity", ""))
    return _Entry(quantity, (red, green, blue), is_seen=opacity == 1)


def _refusal(part: str, value: object, accepted: str) -> WmsRefusal:
    return WmsRefusal("", f"SLD_BODY: {part}", value, accepted)
