"""Statistics and histograms of the pixels in hand, for stretches by dynamic range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.summary import BandStatistics, Histogram

if TYPE_CHECKING:
    from engine.pixels import Array, PixelBlock

# Enough that a percent of the range holds ten bins.
_FLOAT_BINS = 1024
_MOST_SQUARED = 1e150


def _samples(block: PixelBlock, band: int) -> Array:
    """Return the usable, finite samples of a band in their type."""
    valid = block.valid[band if block.valid.shape[0] > 1 else 0]
    samples: Array = block.data[band][valid]
    if block.data.dtype.kind == "f":
        samples = samples[np.isfinite(samples)]
    return samples


def _is_counted(block: PixelBlock) -> bool:
    """Tell whether there is a bin for each value: of whole numbers up to 16 bits."""
    return block.data.dtype.kind != "f" and block.data.dtype.itemsize <= 2


def _counts(samples: Array) -> tuple[int, Array]:
    """Return the least value, and how many samples there are of it and of each one above."""
    low = int(samples.min())
    return low, np.bincount(samples.astype(np.int64) - low)


def statistics_of(block: PixelBlock) -> tuple[BandStatistics, ...]:
    """Return the statistics of each band's usable samples; all 0 where there are none."""
    return tuple(
        _statistics(_samples(block, band), is_counted=_is_counted(block))
        for band in range(block.bands)
    )


def _statistics(samples: Array, *, is_counted: bool) -> BandStatistics:
    if samples.size == 0:
        return BandStatistics(min=0.0, max=0.0, mean=0.0, std=0.0)
    if is_counted:
        first, counts = _counts(samples)
        values = np.arange(counts.size) + float(first)
        mean = float((counts * values).sum() / samples.size)
        variance = float((counts * (values - mean) ** 2).sum() / samples.size)
        return BandStatistics(
            min=float(first),
            max=float(values[-1]),
            mean=mean,
            std=math.sqrt(variance),
            count=int(samples.size),
        )
    low, high = float(samples.min()), float(samples.max())
    most = max(abs(low), abs(high))
    # Sums of squares of the largest numbers are no numbers.
    scale = most if most > _MOST_SQUARED else 1.0
    shares = samples.astype(np.float64)
    if scale != 1.0:
        shares /= scale
    return BandStatistics(
        min=low,
        max=high,
        mean=float(shares.mean()) * scale,
        std=float(shares.std()) * scale,
        count=int(samples.size),
    )


def histograms_of(block: PixelBlock) -> tuple[Histogram, ...]:
    """Return the histogram of each band: a bin a value for integers up to 16 bits, else 1024 bins."""
    return tuple(
        _histogram(_samples(block, band), is_counted=_is_counted(block))
        for band in range(block.bands)
    )


def _histogram(samples: Array, *, is_counted: bool) -> Histogram:
    if samples.size == 0:
        return Histogram(min=0.0, max=0.0, counts=(0,))
    if is_counted:
        first, counts = _counts(samples)
        last = first + counts.size - 1
        return Histogram(min=first - 0.5, max=last + 0.5, counts=tuple(counts.tolist()))
    low, high = float(samples.min()), float(samples.max())
    if low == high or not math.isfinite(high - low):
        return Histogram(min=low, max=high, counts=(int(samples.size),))
    counts, _ = np.histogram(samples.astype(np.float64), bins=_FLOAT_BINS, range=(low, high))
    return Histogram(min=low, max=high, counts=tuple(counts.tolist()))
