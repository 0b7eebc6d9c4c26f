"""How the samples of two rasters at the same places relate: means and spreads of those that agree.

Clouds, cars and harvested fields are in one of two pictures only. Samples that lie far from the line
that most of them follow are left out; the line is found by the least median of squares, so that up to
half of them may be wrong.

References
----------
P. J. Rousseeuw, Least Median of Squares Regression, JASA 79 (1984), doi:10.1080/01621459.1984.10477105.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_SAMPLES = 12
_LINES = 96
_LOOKED_AT = 400
_ROUNDS = 6
# Samples within so many robust standard deviations agree.
_REACH = 2.5
_MAD_TO_DEVIATION = 1.4826


class BandMatch(msgspec.Struct, frozen=True, array_like=True):
    """One band of two rasters at the places where they agree.

    Attributes
    ----------
    count : int
        Places; 0 = nothing is known.
    mean_a, mean_b, spread_a, spread_b : float
        Means and standard deviations.
    correlation : float
    noise : float
        Standard deviation of b from the line through them, in units of b.
    """

    count: int
    mean_a: float = 0.0
    mean_b: float = 0.0
    spread_a: float = 0.0
    spread_b: float = 0.0
    correlation: float = 0.0
    noise: float = 0.0


NO_MATCH = BandMatch(0)


def match_samples(a: Floats, b: Floats, step: float) -> BandMatch:
    """Return how the samples (n,) of two rasters relate.

    Parameters
    ----------
    step : float
        Of the samples' type: 1 of whole numbers, 0 of floats. What differs by less agrees.
    """
    good = np.isfinite(a) & np.isfinite(b)
    a, b = a[good], b[good]
    if a.size < LEAST_SAMPLES:
        return NO_MATCH
    slope, offset = _first_line(a, b)
    keep = np.ones(a.size, np.bool_)
    for _ in range(_ROUNDS):
        rest = b - (slope * a + offset)
        centre = float(np.median(rest[keep]))
        deviation = _MAD_TO_DEVIATION * float(np.median(np.abs(rest[keep] - centre)))
        inside = np.abs(rest - centre) <= _REACH * max(deviation, step * (1 + abs(slope)) / 4)
        if np.count_nonzero(inside) < LEAST_SAMPLES or bool((inside == keep).all()):
            break
        keep = inside
        slope, offset = _axis(a[keep], b[keep], slope)
    return _summed(a[keep], b[keep], slope, offset)


def _first_line(a: Floats, b: Floats) -> tuple[float, float]:
    """Return slope and offset of the line through two samples that has the least median of squares."""
    random = np.random.default_rng(a.size)
    if a.size > _LOOKED_AT:
        chosen = random.choice(a.size, _LOOKED_AT, replace=False)
        a, b = a[chosen], b[chosen]
    first, second = random.integers(0, a.size, (2, _LINES))
    run = a[second] - a[first]
    apart = np.abs(run) > 0.25 * float(np.std(a))
    slopes = (b[second] - b[first])[apart] / run[apart]
    slopes = slopes[(slopes > 0.05) & (slopes < 20.0)]
    # Equal contrast is the line where there is none.
    slopes = np.append(slopes, 1.0)
    rests = b[np.newaxis] - slopes[:, np.newaxis] * a[np.newaxis]
    offsets = np.median(rests, axis=1)
    medians = np.median(np.abs(rests - offsets[:, np.newaxis]), axis=1)
    # Seen from both sides: flat lines have small errors in b alone.
    best = int(np.argmin(medians / np.sqrt(1 + slopes**2)))
    return float(slopes[best]), float(offsets[best])


def _axis(a: Floats, b: Floats, slope: float) -> tuple[float, float]:
    """Return the line through the means whose slope is the ratio of the spreads."""
    spread_a, spread_b = float(np.std(a)), float(np.std(b))
    if spread_a > 0 and spread_b > 0:
        slope = spread_b / spread_a
    return slope, float(np.mean(b)) - slope * float(np.mean(a))


def _summed(a: Floats, b: Floats, slope: float, offset: float) -> BandMatch:
    spread_a, spread_b = float(np.std(a)), float(np.std(b))
    mean_a, mean_b = float(np.mean(a)), float(np.mean(b))
    product = float(np.mean((a - mean_a) * (b - mean_b)))
    both = spread_a * spread_b
    return BandMatch(
        count=int(a.size),
        mean_a=mean_a,
        mean_b=mean_b,
        spread_a=spread_a,
        spread_b=spread_b,
        correlation=product / both if both > 0 else 0.0,
        noise=float(np.std(b - (slope * a + offset))),
    )
