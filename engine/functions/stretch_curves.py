"""Curves of the stretches that follow a histogram, and the gamma that brightens a band by its mean.

A curve is output shares at even steps between the two ends of the cut, linear between them.

References
----------
R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed. (2018), 3.3: histogram equalization and
specification. The sigmoid is the logistic function scaled to leave both ends where they are, as ImageMagick's
-sigmoidal-contrast is. What ArcGIS takes for the strength levels of its sigmoid, and for the gamma that it
computes, is not published: here they are a slope of 2 + 2 · level, and what brings the mean to the middle.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.special import ndtri

from engine.summary import BandStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.summary import Histogram

Curve: TypeAlias = tuple[float, ...]

# More steps than a picture has greys; whole numbers have a step each up to here.
_MOST_STEPS = 4096
# The gaussian ends at so many deviations: one sample of 370 lies beyond.
_REACH = 3.0
_SIGMOID_STEPS = 1024
_LEAST_GAMMA, _MOST_GAMMA = 0.1, 10.0


class Cumulative:
    """The share of a histogram's samples below a value; samples are spread evenly within bins."""

    def __init__(self, histogram: Histogram) -> None:
        counts = np.asarray(histogram.counts, np.float64)
        self._edges = np.linspace(histogram.min, histogram.max, counts.size + 1)
        self._below = np.concatenate(([0.0], np.cumsum(counts))) / max(counts.sum(), 1.0)

    def below(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shares."""
        return np.asarray(np.interp(values, self._edges, self._below))

    def value(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values below which such shares lie."""
        rises = np.diff(self._below) > 0
        if not rises.any():
            return np.full(shares.shape, self._edges[0])
        # Of a run of empty bins its two ends count: no value lies between them.
        ends = np.concatenate((rises, [False])) | np.concatenate(([False], rises))
        return np.asarray(np.interp(shares, self._below[ends], self._edges[ends]))


def steps_between(low: float, high: float, *, whole: bool) -> NDArray[np.float64]:
    """Return the values at which curves have a step: each whole number where these are not too many."""
    count = _MOST_STEPS
    if whole and high - low <= _MOST_STEPS:
        count = max(round(high - low), 1)
    return np.linspace(low, high, count + 1)


def equalized(histogram: Histogram, low: float, high: float, *, whole: bool) -> Curve:
    """Return the curve that makes all output values about as frequent."""
    # A whole number counts among those that are not above it.
    at = steps_between(low, high, whole=whole) + (0.5 if whole else 0.0)
    return _curve(Cumulative(histogram).below(at))


def gaussian(histogram: Histogram, low: float, high: float, *, whole: bool) -> Curve:
    """Return the curve that gives output values a normal distribution, cut at three deviations."""
    shares = Cumulative(histogram).below(steps_between(low, high, whole=whole))
    return _curve(0.5 + ndtri(shares) / (2 * _REACH))


def specified(
    histogram: Histogram, target: Histogram, low: float, high: float, *, whole: bool
) -> Curve:
    """Return the curve that gives output values a histogram of the shape of `target`."""
    shares = Cumulative(histogram).below(steps_between(low, high, whole=whole))
    values = Cumulative(target).value(shares)
    return _curve((values - target.min) / max(target.max - target.min, 1e-300))


def sigmoid(strength: int, middle: float) -> Curve:
    """Return an S-shaped curve, steepest at `middle` (a share), of a strength from 1 to 6."""
    slope = 2.0 + 2.0 * strength
    at = np.linspace(0.0, 1.0, _SIGMOID_STEPS + 1)
    values = 1.0 / (1.0 + np.exp(-slope * (at - min(max(middle, 0.0), 1.0))))
    return _curve((values - values[0]) / (values[-1] - values[0]))


def _curve(shares: NDArray[np.float64]) -> Curve:
    return tuple(np.clip(shares, 0.0, 1.0).tolist())


def mean_gamma(share: float) -> float:
    """Return the gamma that lifts or lowers a mean at this share of the cut to its middle."""
    if not 0.0 < share < 1.0:
        return 1.0
    return min(max(math.log(share) / math.log(0.5), _LEAST_GAMMA), _MOST_GAMMA)


def statistics_from(histogram: Histogram) -> BandStatistics:
    """Return what a histogram alone tells of its samples."""
    counts = np.asarray(histogram.counts, np.float64)
    total = counts.sum()
    if not total > 0:
        return BandStatistics(min=histogram.min, max=histogram.max, mean=histogram.min, std=0.0)
    edges = np.linspace(histogram.min, histogram.max, counts.size + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    mean = float((middles * counts).sum() / total)
    variance = float(((middles - mean) ** 2 * counts).sum() / total)
    return BandStatistics(
        min=histogram.min, max=histogram.max, mean=mean, std=math.sqrt(variance), count=int(total)
    )
