"""The Colormap function: a colour for each value, or a ramp of colours over the range of values.

The result is one band of whole numbers with a colormap; pictures show its colours, data formats carry it along.

References
----------
ArcGIS REST API, raster function objects: Colormap (Colormap, ColorRamp, ColorrampName, ColormapName).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Call, Number, Sample, Table, call
from engine.function_rules import ColormapRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.colour_ramps import NAMED_RAMPS, part_colours, ramp_colours
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.function_rules import RampPart
    from engine.request_parts import RenderingRule

    Colours = tuple[tuple[int, int, int, int], ...]

_STEPS = 256
_MOST_VALUES = 65_536
_RANDOM = "random"
_SEED = 20
_ALGORITHMS = ("lab", "lch", "hsv")
# How the NDVI function writes -1 to 1 as bytes.
_NDVI_BYTES = (0.0, 200.0)


class Colormap(EachPixel):
    """The raster function, of the first band; samples are rounded to whole numbers."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Find the colours.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ColormapRule)
        if arguments.colormap:
            colours = colour_rows("Colormap", arguments.colormap)
            return _by_value(colours, rule.output_pixel_type)
        if arguments.color_ramp:
            colours = part_colours(checked_parts("ColorRamp", arguments.color_ramp), _STEPS)
            return _by_ramp(_range(info), colours, rule.output_pixel_type)
        argument = "ColorrampName" if arguments.colorramp_name else "ColormapName"
        name = (arguments.colorramp_name or arguments.colormap_name).strip().casefold()
        if name == _RANDOM:
            return _at_random(info, rule.output_pixel_type)
        if name not in NAMED_RAMPS:
            known = ", ".join((_RANDOM, *NAMED_RAMPS))
            given = arguments.colorramp_name or arguments.colormap_name or "nothing"
            raise InvalidParameter(argument, given, f"Colormap, ColorRamp, or one of {known}")
        ends = _range(info)
        if name.startswith("ndvi") and info.pixel_type is PixelType.U8:
            ends = _NDVI_BYTES
        return _by_ramp(ends, ramp_colours(NAMED_RAMPS[name], _STEPS), rule.output_pixel_type)


def checked_parts(name: str, parts: tuple[RampPart, ...]) -> tuple[RampPart, ...]:
    """Return the parts of a ramp where they are colours.

    Raises
    ------
    InvalidParameter
    """
    for part in parts:
        for colour in (part.from_color, part.to_color):
            if len(colour) not in (3, 4) or not all(0 <= each <= 255 for each in colour):
                accepted = "red, green and blue from 0 to 255"
                raise InvalidParameter(name, colour, accepted)
        if part.algorithm not in _ALGORITHMS:
            raise InvalidParameter(name, part.algorithm, ", ".join(_ALGORITHMS))
    return parts


def _at_random(info: BandsInfo, pixel_type: PixelType | None) -> PointwiseFunction:
    """Return a colour for each whole number; it is always the same, and comes again after 256."""
    rows = np.random.default_rng(_SEED).integers(0, 256, (_STEPS, 3)).tolist()
    colours = tuple((value, red, green, blue) for value, (red, green, blue) in enumerate(rows))
    sample: Expression = Sample(0, 0)
    if info.pixel_type is not PixelType.U8:
        whole = call("round", sample)
        turns = call("floor", call("mul", whole, 1.0 / _STEPS))
        sample = call("sub", whole, call("mul", turns, _STEPS))
    output = BandsInfo(pixel_type or PixelType.U8, 1, colormap=colours)
    return PointwiseFunction(output, (sample,))


def colour_rows(name: str, given: tuple[tuple[float, ...], ...]) -> Colours:
    """Return the rows of an argument, value, red, green and blue, where they are colours; the last of a value counts.

    Raises
    ------
    InvalidParameter
    """
    if len(given) > _MOST_VALUES:
        raise InvalidParameter(name, len(given), f"at most {_MOST_VALUES} values")
    rows = []
    for row in given:
        if len(row) < 4 or not all(0 <= part <= 255 and part == int(part) for part in row[1:4]):
            raise InvalidParameter(name, row, "[value, red, green, blue], colours 0 to 255")
        if row[0] != int(row[0]) or not -(2**31) <= row[0] < 2**31:
            raise InvalidParameter(name, row[0], "whole numbers")
        rows.append((int(row[0]), int(row[1]), int(row[2]), int(row[3])))
    return tuple({row[0]: row for row in rows}.values())


def _by_value(colours: Colours, pixel_type: PixelType | None) -> PointwiseFunction:
    """Return samples as whole numbers; those without a colour are no data."""
    values = [row[0] for row in colours]
    first, last = min(values), max(values)
    if last - first > _MOST_VALUES:
        raise InvalidParameter(
            "Colormap", f"{first} to {last}", f"a range of {_MOST_VALUES} values"
        )
    valid = np.zeros(last - first + 1, np.bool_)
    valid[[value - first for value in values]] = True
    table = Table(Sample(0, 0), np.arange(first, last + 1, dtype=np.float64), valid, first)
    own = PixelType.U8 if first >= 0 and last <= 255 else PixelType.S32
    if own is PixelType.S32 and first >= 0 and last <= 65_535:
        own = PixelType.U16
    return PointwiseFunction(BandsInfo(pixel_type or own, 1, colormap=colours), (table,))


def _by_ramp(
    ends: tuple[float, float], colours: Colours, pixel_type: PixelType | None
) -> PointwiseFunction:
    """Return samples as places of the ramp, 0 to 255, between two values."""
    sample: Expression = Sample(0, 0)
    low, high = ends
    if (low, high) != (0.0, 255.0):
        share = call("div", call("sub", sample, low), max(high - low, 1e-300))
        sample = call("mul", share, 255.0)
    place = Call("clamp", (call("round", sample), Number(0.0), Number(255.0)))
    return PointwiseFunction(BandsInfo(pixel_type or PixelType.U8, 1, colormap=colours), (place,))


def _range(info: BandsInfo) -> tuple[float, float]:
    if info.pixel_type is PixelType.U8:
        return 0.0, 255.0
    if info.statistics and info.statistics[0].max > info.statistics[0].min:
        return info.statistics[0].min, info.statistics[0].max
    # Floats have no range of their own.
    return (0.0, 255.0) if info.pixel_type.is_float else info.pixel_type.limits
