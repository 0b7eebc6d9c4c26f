"""Count the samples of one band of an area, block by block: statistics and a histogram.

Samples of 8 and 16 bits are counted by value, in one pass. Others need two: bins lie between the least and
the largest sample, which the first pass finds.

References
----------
ArcGIS REST API, image service: computeStatisticsHistograms (256 bins; of 8-bit data one a value).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.results import BandCounts
from engine.sample_counts import add_bins, add_counts, add_moments, new_moments
from engine.summary import BandStatistics, Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixel_type import PixelType

    Bools = NDArray[np.bool_]

BINS = 256
# Of floats and 32-bit numbers the median is looked for in bins so much finer.
_FINER = 256
_LARGEST = 4e307
_EMPTY = BandStatistics(min=0.0, max=0.0, mean=0.0, std=0.0)


class ValueTally:
    """Samples of 8 or 16 bits; one pass over the blocks."""

    passes = 1

    def __init__(self, pixel_type: PixelType) -> None:
        limits = np.iinfo(pixel_type.dtype_name)
        self._is_byte = limits.bits == 8
        self._least = int(limits.min)
        self._counts = np.zeros(1 << limits.bits, np.int64)

    def add(self, data: NDArray[Any], valid: Bools) -> None:
        """Count the samples of a block, (rows, cols)."""
        add_counts(data, valid, self._least, self._counts)

    def result(self) -> BandCounts:
        """Return what was counted."""
        found = np.flatnonzero(self._counts)
        if not found.size:
            return _nothing(self._bytes() if self._is_byte else None)
        counts = self._counts[found]
        values = (found + self._least).astype(np.float64)
        total = int(counts.sum())
        mean = float((values * counts).sum() / total)
        deviation = math.sqrt(float((np.square(values - mean) * counts).sum()) / total)
        low, high = float(values[0]), float(values[-1])
        return BandCounts(
            statistics=BandStatistics(min=low, max=high, mean=mean, std=deviation, count=total),
            median=_middle(values, counts, total),
            mode=float(values[np.argmax(counts)]),
            histogram=self._bytes() if self._is_byte else _binned(values, counts),
        )

    def _bytes(self) -> Histogram:
        low = self._least - 0.5
        return Histogram(min=low, max=low + BINS, counts=tuple(self._counts.tolist()))


class RangeTally:
    """Samples of any type; two passes over the same blocks."""

    passes = 2

    def __init__(self) -> None:
        self._moments = new_moments()
        self._edges: NDArray[np.float64] | None = None
        self._counts = np.zeros(BINS * _FINER, np.int64)

    def begin_second_pass(self) -> None:
        """Settle the bins."""
        count, low, high = self._moments[:3]
        if count:
            low, high = _range(float(low), float(high))
            self._edges = np.linspace(low, high, self._counts.size + 1)

    def add(self, data: NDArray[Any], valid: Bools) -> None:
        """Count the samples of a block, (rows, cols)."""
        if self._edges is None:
            add_moments(data, valid, self._moments)
        else:
            add_bins(data, valid, self._edges, self._counts)

    def result(self) -> BandCounts:
        """Return what was counted; the median to 1 / 65536 of the range, the mode as a bin's middle."""
        count, low, high, mean, squares = map(float, self._moments)
        edges = self._edges
        if edges is None:
            return _nothing(None)
        shown = self._counts.reshape(BINS, _FINER).sum(axis=1)
        mode = int(np.argmax(shown))
        left, right = float(edges[mode * _FINER]), float(edges[(mode + 1) * _FINER])
        deviation = math.sqrt(squares / count)
        is_one = low == high
        return BandCounts(
            statistics=BandStatistics(
                min=low, max=high, mean=mean, std=deviation, count=int(count)
            ),
            median=low if is_one else min(max(_median_between(edges, self._counts), low), high),
            mode=low if is_one else (left + right) / 2,
            histogram=Histogram(
                min=float(edges[0]), max=float(edges[-1]), counts=tuple(shown.tolist())
            ),
        )


def tally_of(pixel_type: PixelType) -> ValueTally | RangeTally:
    """Return what counts the samples of a band of some type."""
    if pixel_type.is_float or pixel_type.bytes_per_sample > 2:
        return RangeTally()
    return ValueTally(pixel_type)


def _nothing(histogram: Histogram | None) -> BandCounts:
    return BandCounts(
        statistics=_EMPTY, histogram=histogram or Histogram(min=0.0, max=1.0, counts=(0,) * BINS)
    )


def _range(low: float, high: float) -> tuple[float, float]:
    """Return the ends of the bins: least and largest sample, or half a step around a single value."""
    low, high = max(low, -_LARGEST), min(high, _LARGEST)
    if high - low > 2**-1020 * BINS * _FINER and low < low + (high - low) / (BINS * _FINER):
        return low, high
    around = max(0.5, abs(low) * 1e-6)
    return low - around, high + around


def _middle(values: NDArray[np.float64], counts: NDArray[np.int64], total: int) -> float:
    """Return the median of values that stand there so many times each."""
    reached = np.cumsum(counts)
    first = np.searchsorted(reached, (total - 1) // 2, side="right")
    second = np.searchsorted(reached, total // 2, side="right")
    return float((values[first] + values[second]) / 2)


def _median_between(edges: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the value below which half of the samples lie, spread evenly within their bin."""
    reached = np.cumsum(counts)
    half = reached[-1] / 2
    place = int(np.searchsorted(reached, half, side="left"))
    share = (half - (reached[place] - counts[place])) / counts[place]
    return float(edges[place] + share * (edges[place + 1] - edges[place]))


def _binned(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Histogram:
    low, high = _range(float(values[0]), float(values[-1]))
    shown, _ = np.histogram(values, BINS, (low, high), weights=counts)
    return Histogram(min=low, max=high, counts=tuple(shown.astype(np.int64).tolist()))
