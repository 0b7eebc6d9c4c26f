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
    """Return the usable, finite samples of a band as float64."""
    valid = block.valid[band if block.valid.shape[0] > 1 else 0]
    samples: Array = block.data[band][valid].astype(np.float64)
    if block.data.dtype.kind == "f":
        samples = samples[np.isfinite(samples)]
    return samples


def statistics_of(block: PixelBlock) -> tuple[BandStatistics, ...]:
    """Return the statistics of each band's usable samples; all 0 where there are none."""
    found = []
    for band in range(block.bands):
        samples = _samples(block, band)
        if samples.size == 0:
            found.append(BandStatistics(min=0.0, max=0.0, mean=0.0, std=0.0))
            continue
        low, high = float(samples.min()), float(samples.max())
        most = max(abs(low), abs(high))
        # Sums of squares of the largest numbers are no numbers.
        scale = most if most > _MOST_SQUARED else 1.0
        shares = samples / scale if scale != 1.0 else samples
        found.append(
            BandStatistics(
                min=low,
                max=high,
                mean=float(shares.mean()) * scale,
                std=float(shares.std()) * scale,
                count=int(samples.size),
            )
        )
    return tuple(found)


def histograms_of(block: PixelBlock) -> tuple[Histogram, ...]:
    """Return the histogram of each band: a bin a value for integers up to 16 bits, else 1024 bins."""
    return tuple(_histogram(block, band) for band in range(block.bands))


def _histogram(block: PixelBlock, band: int) -> Histogram:
    samples = _samples(block, band)
    if samples.size == 0:
        return Histogram(min=0.0, max=0.0, counts=(0,))
    low, high = float(samples.min()), float(samples.max())
    if block.data.dtype.kind != "f" and block.data.dtype.itemsize <= 2:
        counts = np.bincount((samples - low).astype(np.int64))
        return Histogram(min=low - 0.5, max=high + 0.5, counts=tuple(counts.tolist()))
    if low == high or not math.isfinite(high - low):
        return Histogram(min=low, max=high, counts=(int(samples.size),))
    counts, _ = np.histogram(samples, bins=_FLOAT_BINS, range=(low, high))
    return Histogram(min=low, max=high, counts=tuple(counts.tolist()))
