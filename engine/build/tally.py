"""Count the values of a band, so that counts of many rasters add up exactly.

Bins are 2^k wide and start at multiples of their width, so bins of one tally are whole numbers of bins
of a finer one: adding tallies loses nothing and does not depend on their order.
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.build.value_counts import count_values
from engine.summary import BandStatistics, Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.pixel_type import PixelType

_MAX_BINS = 4096
_MAX_SHOWN_BINS = 1024
_LEAST_EXPONENT = -1000
_MOST = 1e150


class BandTally(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Counts and moments of valid samples.

    Attributes
    ----------
    squares : float
        Sum of squared differences from the mean.
    exponent : int
        Bins are 2^exponent wide.
    first : int
        The first bin starts at first · 2^exponent.
    packed : bytes
        Counts, int64 little-endian, deflated.
    """

    count: int = 0
    min: float = 0.0
    max: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    exponent: int = _LEAST_EXPONENT
    first: int = 0
    packed: bytes = b""

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return the counts per bin."""
        return np.frombuffer(zlib.decompress(self.packed), "<i8") if self.packed else _NONE


_NONE = np.zeros(0, np.int64)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[BandTally, ...]).decode


def pack_tallies(tallies: Iterable[BandTally]) -> bytes:
    """Return tallies of all bands as bytes."""
    return _encode(tuple(tallies))


def unpack_tallies(packed: bytes) -> tuple[BandTally, ...]:
    """Return the tallies of `pack_tallies`; b"" gives ()."""
    return _decode(packed) if packed else ()


def tally_samples(samples: NDArray[Any]) -> BandTally:
    """Count valid samples.

    Parameters
    ----------
    samples : (n,)
        Any number type; values that are not finite are left out.
    """
    if samples.dtype.kind == "f":
        samples = samples[np.isfinite(samples)]
    if samples.size == 0:
        return BandTally()
    if samples.dtype.kind in "iu" and samples.dtype.itemsize <= 2:
        return _tally_short(samples.ravel())
    # Beyond these, squares and sums are no numbers any more.
    values = np.clip(samples.astype(np.float64), -_MOST, _MOST)
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    exponent = _exponent(low, high, 0 if samples.dtype.kind in "iub" else _LEAST_EXPONENT)
    bins = np.floor(np.ldexp(values, -exponent)).astype(np.int64)
    first = int(bins.min())
    counts = np.bincount(bins - first)
    return BandTally(
        count=values.size,
        min=low,
        max=high,
        mean=mean,
        squares=float(np.square(values - mean).sum()),
        exponent=exponent,
        first=first,
        packed=_pack(counts),
    )


def _tally_short(samples: NDArray[Any]) -> BandTally:
    """Count samples of 8 or 16 bits: how often each value stands there tells all else."""
    least, _ = _limits(samples.dtype)
    if samples.dtype.itemsize == 1:
        by_value = count_values(samples)
    else:
        by_value = np.bincount(samples.astype(np.intp) - least if least else samples)
    found = np.flatnonzero(by_value)
    counts, values = by_value[found], (found + least).astype(np.float64)
    low, high = float(values[0]), float(values[-1])
    mean = float((values * counts).sum() / samples.size)
    exponent = _exponent(low, high, 0)
    bins = (found + least) >> exponent
    first = int(bins[0])
    return BandTally(
        count=samples.size,
        min=low,
        max=high,
        mean=mean,
        squares=float((np.square(values - mean) * counts).sum()),
        exponent=exponent,
        first=first,
        packed=_pack(np.bincount(bins - first, weights=counts)),
    )


def _exponent(low: float, high: float, least: int) -> int:
    """Return the smallest power of two whose bins are few enough from `low` to `high`."""
    span = max(high - low, abs(high) * 1e-12, abs(low) * 1e-12)
    if span <= 0:
        return max(least, -20)
    return max(least, math.ceil(math.log2(span / (_MAX_BINS - 2))))


def _pack(counts: NDArray[Any]) -> bytes:
    return zlib.compress(counts.astype("<i8").tobytes(), 1)


def _coarsened(
    tally: BandTally, counts: NDArray[np.int64], exponent: int
) -> tuple[int, NDArray[np.int64]]:
    """Return first bin and counts in bins of 2^exponent, which is not finer than the tally's."""
    shift = exponent - tally.exponent
    if shift == 0:
        return tally.first, counts
    bins = (tally.first + np.arange(counts.size)) >> shift
    first = int(bins[0])
    return first, np.bincount(bins - first, weights=counts).astype(np.int64)


class TallySum:
    """Add tallies one by one; packs counts only at the end, so that very many are added quickly."""

    def __init__(self, start: BandTally | None = None) -> None:
        self._sum = start or BandTally()
        self._counts = self._sum.counts

    def add(self, other: BandTally) -> None:
        """Add the samples of another tally."""
        one = self._sum
        if not other.count:
            return
        if not one.count:
            self._sum, self._counts = other, other.counts
            return
        low, high = min(one.min, other.min), max(one.max, other.max)
        exponent = max(one.exponent, other.exponent, _exponent(low, high, _LEAST_EXPONENT))
        parts = [
            _coarsened(tally, counts, exponent)
            for tally, counts in ((one, self._counts), (other, other.counts))
        ]
        first = min(start for start, _ in parts)
        counts = np.zeros(max(start + part.size for start, part in parts) - first, np.int64)
        for start, part in parts:
            counts[start - first : start - first + part.size] += part
        count = one.count + other.count
        delta = other.mean - one.mean
        self._counts = counts
        self._sum = BandTally(
            count=count,
            min=low,
            max=high,
            mean=one.mean + delta * other.count / count,
            squares=one.squares + other.squares + delta * delta * one.count * other.count / count,
            exponent=exponent,
            first=first,
        )

    def result(self) -> BandTally:
        """Return the tally of all samples."""
        if not self._sum.count:
            return self._sum
        return msgspec.structs.replace(self._sum, packed=_pack(self._counts))


def add_tallies(one: BandTally, other: BandTally) -> BandTally:
    """Return the tally of both sets of samples."""
    both = TallySum(one)
    both.add(other)
    return both.result()


def statistics_of(tally: BandTally) -> BandStatistics:
    """Return minimum, maximum, mean and standard deviation."""
    deviation = math.sqrt(max(0.0, tally.squares / tally.count)) if tally.count else 0.0
    return BandStatistics(
        min=tally.min, max=tally.max, mean=tally.mean, std=deviation, count=tally.count
    )


def histogram_of(tally: BandTally, pixel_type: PixelType) -> Histogram:
    """Return the histogram: of 8-bit data one bin a value, from -0.5 to 255.5; else up to 1024 bins.

    Edges of integer types lie between values.
    """
    if pixel_type.bytes_per_sample == 1:
        low = int(min(pixel_type.limits[0], 0))
        counts = np.zeros(256, np.int64)
        if tally.count:
            first, own = _coarsened(tally, tally.counts, max(0, tally.exponent))
            at = np.clip(first + np.arange(own.size) - low, 0, 255)
            np.add.at(counts, at, own)
        return Histogram(min=low - 0.5, max=low + 255.5, counts=tuple(counts.tolist()))
    if not tally.count:
        return Histogram(min=0.0, max=1.0, counts=(0,))
    exponent = tally.exponent
    first, counts = _coarsened(tally, tally.counts, exponent)
    while counts.size > _MAX_SHOWN_BINS:
        exponent += 1
        first, counts = _coarsened(tally, tally.counts, exponent)
    width = math.ldexp(1.0, exponent)
    edge = 0.0 if pixel_type.is_float else 0.5
    return Histogram(
        min=first * width - edge,
        max=(first + counts.size) * width - edge,
        counts=tuple(counts.tolist()),
    )


@lru_cache(maxsize=16)
def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    # NumPy works them out anew each time.
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def as_served(samples: NDArray[Any], pixel_type: PixelType) -> NDArray[Any]:
    """Return samples as the service gives them: rounded and cut off at its type's limits."""
    if pixel_type.is_float:
        return samples
    low, high = pixel_type.limits
    if samples.dtype.kind == "f":
        clipped = np.clip(samples[np.isfinite(samples)], low, high)
        return np.asarray(np.rint(clipped), np.int64)
    least, most = _limits(samples.dtype)
    if low <= least and most <= high:
        return samples
    return np.asarray(np.clip(samples.astype(np.int64), int(low), int(high)))
