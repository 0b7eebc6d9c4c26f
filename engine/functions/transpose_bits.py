"""The TransposeBits function: bits of a number go to other places; the rest is filled.

References
----------
ArcGIS REST API, raster function objects: TransposeBits (InputBitPositions, OutputBitPositions, ConstantFillCheck,
ConstantFillValue, FillRaster).
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Number, Sample, call
from engine.function_rules import TransposeBitsRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule

_FLOAT_BITS = 32


class TransposeBits(EachPixel):
    """The raster function; each band by itself.

    Output is of the input's type, or U32 of floating point, of which the whole part counts, unless the
    rule names one.
    """

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Check the places of bits.

        Raises
        ------
        InvalidParameter
        """
        return self.bind_inputs([info], rule)

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Check the places of bits, and the raster that fills the others.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, TransposeBitsRule)
        first = infos[0]
        own = PixelType.U32 if first.pixel_type.is_float else first.pixel_type
        output_type = rule.output_pixel_type or own
        _check_positions("InputBitPositions", arguments.input_bit_positions, first.pixel_type)
        _check_positions("OutputBitPositions", arguments.output_bit_positions, output_type)
        counts = len(arguments.input_bit_positions), len(arguments.output_bit_positions)
        if counts[0] != counts[1] or not counts[0]:
            accepted = "as many places as InputBitPositions, at least one"
            raise InvalidParameter("OutputBitPositions", f"{counts[1]} places", accepted)
        if len(set(arguments.output_bit_positions)) < counts[1]:
            raise InvalidParameter(
                "OutputBitPositions", arguments.output_bit_positions, "each place once"
            )
        output = BandsInfo(output_type, first.bands, names=first.names, is_thematic=True)
        fills = [_fill(arguments, infos, band) for band in range(first.bands)]
        return PointwiseFunction(
            output,
            tuple(
                _moved(arguments, Sample(0, band), fill, output_type)
                for band, fill in enumerate(fills)
            ),
        )


def _bits(pixel_type: PixelType) -> int:
    if pixel_type.is_float:
        return _FLOAT_BITS
    low, high = pixel_type.limits
    return (int(high) - int(low)).bit_length()


def _check_positions(name: str, positions: tuple[int, ...], pixel_type: PixelType) -> None:
    most = _bits(pixel_type) - 1
    if not all(0 <= position <= most for position in positions):
        raise InvalidParameter(name, positions, f"places from 0 to {most} in {pixel_type}")


def _fill(arguments: TransposeBitsRule, infos: Sequence[BandsInfo], band: int) -> Expression:
    if arguments.constant_fill_check:
        return Number(float(arguments.constant_fill_value))
    if len(infos) > 1:
        # One band fills all.
        return Sample(1, min(band, infos[1].bands - 1))
    return Number(0.0)


def _moved(
    arguments: TransposeBitsRule, sample: Expression, fill: Expression, output_type: PixelType
) -> Expression:
    bits = _bits(output_type)
    taken = sum(1 << place for place in arguments.output_bit_positions)
    rest = ((1 << bits) - 1) & ~taken
    parts: list[Expression] = [call("bit_and", fill, rest)]
    pairs = zip(arguments.input_bit_positions, arguments.output_bit_positions, strict=True)
    for one, other in pairs:
        bit = call("bit_and", call("shift_right", sample, one), 1)
        parts.append(call("shift_left", bit, other))
    whole = reduce(lambda left, right: call("bit_or", left, right), parts)
    if output_type.is_float or output_type.limits[0] == 0:
        return whole
    # The highest bit is the sign.
    top = 1 << (bits - 1)
    return call("con", call("ge", whole, top), call("sub", whole, 2 * top), whole)
