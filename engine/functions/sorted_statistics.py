"""Statistics of several values at each pixel that need them sorted: majority, median, variety, percentiles.

References
----------
ArcGIS REST API, raster function objects: Local, operations 38, 41, 43, 58, 66, 69, 71, 75, 93 and 94. Of
several values that are equally frequent none is the majority or the minority: such a pixel has no data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.functions.cast import cast
from engine.functions.local_operations import MAJORITY, MEDIAN, MINORITY, PERCENTILE, VARIETY
from engine.kernel import kernel
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.functions.base import BandsInfo

_CODES = {MAJORITY: 0, MINORITY: 1, MEDIAN: 2, VARIETY: 3, PERCENTILE: 4}


@kernel
def _sort(values, count):
    for at in range(1, count):
        value = values[at]
        place = at
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@kernel
def _frequent(values, count, wants_most):
    """Return the value that stands most often (or least often) among sorted ones, and whether one does."""
    best, best_count, is_tied = values[0], 0, False
    at = 0
    while at < count:
        end = at + 1
        while end < count and values[end] == values[at]:
            end += 1
        own = end - at
        is_better = best_count == 0 or (own > best_count if wants_most else own < best_count)
        if is_better:
            best, best_count, is_tied = values[at], own, False
        elif own == best_count:
            is_tied = True
        at = end
    return best, not is_tied


@kernel
def _at_share(values, count, share, is_linear):
    """Return the value at a share (0 to 1) of the way through sorted ones."""
    place = share * (count - 1)
    low = int(np.floor(place))
    high = min(low + 1, count - 1)
    part = place - low
    if is_linear:
        return values[low] + (values[high] - values[low]) * part
    return values[low] if part < 0.5 else values[high]


@kernel
def _statistic_kernel(data, valid, options, values, out, good):
    code, share, is_linear, ignores = options
    count, pixels = data.shape
    for pixel in range(pixels):
        found = 0
        for number in range(count):
            if valid[number, pixel]:
                values[found] = data[number, pixel]
                found += 1
        if found == 0 or (found < count and not ignores):
            good[pixel] = False
            out[pixel] = 0.0
            continue
        _sort(values, found)
        good[pixel] = True
        if code <= 1:
            out[pixel], good[pixel] = _frequent(values, found, code == 0)
        elif code == 3:
            variety = 1
            for at in range(1, found):
                variety += values[at] != values[at - 1]
            out[pixel] = variety
        else:
            out[pixel] = _at_share(values, found, share, is_linear)


@dataclass(frozen=True, slots=True)
class SortedStatistic:
    """A bound statistic: band by band of several rasters, or of all bands at once.

    Attributes
    ----------
    name : str
        Of `engine.functions.local_operations`.
    share : float
        Of percentiles, 0 to 1.
    is_linear : bool
        Between two values; else the nearer one.
    ignores_no_data : bool
        Else a pixel where any raster has none has none.
    is_multiband : bool
        Band by band; a raster of one band counts for every band.
    """

    output: BandsInfo
    name: str
    share: float
    is_linear: bool
    ignores_no_data: bool
    is_multiband: bool

    def apply(self, block: PixelBlock) -> PixelBlock:
        """As `combine`, of one raster."""
        return self.combine((block,))

    def combine(self, blocks: Sequence[PixelBlock]) -> PixelBlock:
        """Return the statistic at each pixel."""
        shape = blocks[0].data.shape[1:]
        data = np.empty((self.output.bands, *shape), np.float64)
        good = np.empty((self.output.bands, *shape), np.bool_)
        for band in range(self.output.bands):
            if self.is_multiband:
                values = [_plane(block, band if block.bands > 1 else 0) for block in blocks]
            else:
                values = [_plane(block, own) for block in blocks for own in range(block.bands)]
            _statistic_kernel(
                np.stack([value.astype(np.float64).ravel() for value, _ in values]),
                np.stack([valid.ravel() for _, valid in values]),
                (_CODES[self.name], self.share, self.is_linear, self.ignores_no_data),
                np.empty(len(values), np.float64),
                data[band].reshape(-1),
                good[band].reshape(-1),
            )
        return cast(PixelBlock(data, good), self.output.pixel_type)


def _plane(block: PixelBlock, band: int) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    return block.data[band], block.valid[band if block.valid.shape[0] > 1 else 0]
