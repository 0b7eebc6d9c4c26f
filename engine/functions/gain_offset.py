"""The GainOffset function: samples times a gain plus an offset, band by band.

Radiometric corrections of items are this: reflectance and radiance of products, colour balance. Samples
of eight or sixteen bits go through tables of all results, so that it costs what copying a block does.

References
----------
ArcGIS REST API, raster function objects: Arithmetic (multiply, then plus), of which this is one pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.band_statistics import BandStatistics
from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import GainOffsetRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of, some_bands
from engine.functions.cast import cast
from engine.functions.pointwise import PointwiseFunction
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.pixel_type import PixelType
    from engine.pixels import Array
    from engine.request_parts import RenderingRule

_TABLED = ("uint8", "int8", "uint16", "int16")


@dataclass(frozen=True, slots=True)
class BoundGainOffset:
    """GainOffset with one gain and one offset a band."""

    output: BandsInfo
    input_type: PixelType
    gains: tuple[float, ...]
    offsets: tuple[float, ...]

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the results in the output type: clamped and rounded where it holds whole numbers."""
        if block.data.dtype.name in _TABLED and block.data.dtype.name == self.input_type.dtype_name:
            return PixelBlock(self._by_table(block.data), block.valid)
        gains = np.array(self.gains).reshape(-1, 1, 1)
        offsets = np.array(self.offsets).reshape(-1, 1, 1)
        with np.errstate(all="ignore"):
            values = block.data.astype(np.float64) * gains + offsets
        good = np.isfinite(values)
        valid = block.valid if good.all() else block.valid & good
        return cast(PixelBlock(values, valid), self.output.pixel_type)

    @property
    def pointwise(self) -> PointwiseFunction:
        """The function as expressions."""
        terms = enumerate(zip(self.gains, self.offsets, strict=True))
        return PointwiseFunction(
            self.output,
            tuple(
                call("add", call("mul", Sample(0, band), gain), offset)
                for band, (gain, offset) in terms
            ),
        )

    def for_bands(self, bands: Sequence[int]) -> BoundGainOffset:
        """Return the function for some of its bands."""
        return BoundGainOffset(
            some_bands(self.output, bands),
            self.input_type,
            tuple(self.gains[band] for band in bands),
            tuple(self.offsets[band] for band in bands),
        )

    def _by_table(self, data: Array) -> Array:
        out = np.empty(data.shape, self.output.pixel_type.dtype_name)
        # Signed samples count from the middle of the table.
        places = data.view(f"u{data.dtype.itemsize}")
        for band, (gain, offset) in enumerate(zip(self.gains, self.offsets, strict=True)):
            table = _table(self.input_type, gain, offset, self.output.pixel_type)
            # No sample is beyond the table; with "raise" numpy would fill a copy.
            np.take(table, places[band], out=out[band], mode="clip")
        return out


# A table has 256 kB at most. A block of 512² pixels costs more than making one anew.
@lru_cache(maxsize=64)
def _table(
    input_type: PixelType, gain: float, offset: float, output_type: PixelType
) -> NDArray[np.generic]:
    """Return the result of every value of a type, in the order of their bits as whole numbers."""
    dtype = np.dtype(input_type.dtype_name)
    count = 1 << 8 * dtype.itemsize
    samples = np.arange(count, dtype=f"u{dtype.itemsize}").view(dtype).astype(np.float64)
    values = (samples * gain + offset).reshape(1, 1, -1)
    done = cast(PixelBlock(values, np.ones(values.shape, np.bool_)), output_type)
    return np.ascontiguousarray(done.data[0, 0])


class GainOffset(EachPixel):
    """The raster function; output is of the input's type unless the rule names one."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundGainOffset:
        """Check gains and offsets.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, GainOffsetRule)
        gains = _one_a_band("gains", arguments.gains, info.bands)
        offsets = _one_a_band("offsets", arguments.offsets, info.bands)
        output = _output(info, rule.output_pixel_type or info.pixel_type, gains, offsets)
        return BoundGainOffset(output, info.pixel_type, gains, offsets)


def _output(
    info: BandsInfo, pixel_type: PixelType, gains: tuple[float, ...], offsets: tuple[float, ...]
) -> BandsInfo:
    """Return what is known of the results: statistics go the way of the samples."""
    statistics: tuple[BandStatistics, ...] = ()
    if len(info.statistics) == info.bands:
        terms = zip(info.statistics, gains, offsets, strict=True)
        statistics = tuple(_moved(*each) for each in terms)
    # Heights times a factor are in another unit; which, nobody says.
    height_m = info.height_m if all(gain == 1.0 for gain in gains) else 1.0
    return replace(
        info,
        pixel_type=pixel_type,
        statistics=statistics,
        histograms=(),
        colormap=(),
        height_m=height_m,
    )


def _moved(of: BandStatistics, gain: float, offset: float) -> BandStatistics:
    ends = sorted((of.min * gain + offset, of.max * gain + offset))
    return BandStatistics(
        min=ends[0],
        max=ends[1],
        mean=of.mean * gain + offset,
        std=abs(gain) * of.std,
        count=of.count,
    )


def _one_a_band(name: str, values: tuple[float, ...], bands: int) -> tuple[float, ...]:
    if len(values) not in (1, bands) or not all(map(math.isfinite, values)):
        accepted = "1 finite number" if bands == 1 else f"1 or {bands} finite numbers"
        raise InvalidParameter(name, values, accepted)
    return values if len(values) == bands else values * bands
