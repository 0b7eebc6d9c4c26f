"""One gain and one offset an item and band, so that neighbours agree where they overlap.

Two sparse least squares a band, each reweighted so that overlaps that do not fit (clouds, wrong places)
lose their say. First the gains: the spreads of two rasters, times their gains, are equal, which is
linear in logarithms and cannot be satisfied by gains of 0. Then the levels. Each item is also drawn to
the identity, weakly: that settles what overlaps leave open, for each group of connected items by itself.

Rule: pure. Uncertainties are standard deviations, so that all equations are in the same unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import lsmr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from engine.build.balance.robust_match import BandMatch

    Floats = NDArray[np.float64]

Method = Literal["gain-offset", "gain"]

# How far items are thought to be off before anything is known: a factor of e**0.5, two spreads.
_GAIN_PRIOR = 0.5
_LEVEL_PRIOR = 2.0
# Of items that stay as they are.
_FIXED = 1e-5
# No overlap tells a gain, or a level in spreads, better than this: the light is not the same.
_GAIN_FLOOR = 0.01
_LEVEL_FLOOR = 0.01
# Samples of an overlap are not independent: about one in so many is.
_ALIKE = 8.0
_ROUNDS = 10
_REACH = 2.0
_MAD_TO_DEVIATION = 1.4826
_CLOSE = 1e-7
_LEAST_GAIN, _MOST_GAIN = 0.1, 10.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """What one band of two items, by their numbers from 0, has in common; `b` -1 = the target."""

    a: int
    b: int
    match: BandMatch


@dataclass(frozen=True, slots=True)
class Corrections:
    """Gains and offsets (n,) of one band, and the steps in overlaps before and after.

    Attributes
    ----------
    step_before, step_after : (overlaps,)
        Difference of means between two items; NaN where nothing is known.
    """

    gains: Floats
    offsets: Floats
    step_before: Floats
    step_after: Floats


@dataclass(frozen=True, slots=True)
class _Rows:
    """Overlaps as columns: numbers of items, whether b is the target, means, spreads."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    mean_a: Floats
    mean_b: Floats
    spread_a: Floats
    spread_b: Floats
    correlation: Floats
    noise: Floats
    independent: Floats

    @property
    def is_pair(self) -> NDArray[np.bool_]:
        return np.asarray(self.b >= 0)


def solve_band(
    count: int, overlaps: Sequence[Overlap], fixed: frozenset[int], method: Method
) -> Corrections:
    """Return the corrections of `count` items in one band.

    Parameters
    ----------
    fixed
        Numbers of items that stay as they are.
    """
    known = np.array([overlap.match.count > 0 for overlap in overlaps], np.bool_)
    used = [overlap for overlap in overlaps if overlap.match.count > 0]
    gains, offsets = np.ones(count), np.zeros(count)
    step_before = np.full(len(overlaps), np.nan)
    step_after = step_before.copy()
    if used:
        rows = _rows(used)
        if method == "gain":
            gains = _gains_of_means(count, rows, fixed)
        else:
            gains = _gains_of_spreads(count, rows, fixed)
            offsets = _offsets(count, rows, gains, fixed)
        step_before[known] = rows.mean_a - rows.mean_b
        step_after[known] = _level(rows, gains, offsets, "a") - _level(rows, gains, offsets, "b")
    return Corrections(gains, offsets, step_before, step_after)


def _rows(used: list[Overlap]) -> _Rows:
    matches = [overlap.match for overlap in used]
    counts = np.array([match.count for match in matches])

    def column(name: str) -> Floats:
        return np.array([getattr(match, name) for match in matches], np.float64)

    return _Rows(
        np.array([o.a for o in used], np.int64),
        np.array([o.b for o in used], np.int64),
        column("mean_a"),
        column("mean_b"),
        column("spread_a"),
        column("spread_b"),
        column("correlation"),
        column("noise"),
        np.maximum(2.0, counts / _ALIKE),
    )


def _level(rows: _Rows, gains: Floats, offsets: Floats, side: Literal["a", "b"]) -> Floats:
    """Return the corrected means of one side; the target's stay."""
    number, mean = (rows.a, rows.mean_a) if side == "a" else (rows.b, rows.mean_b)
    return np.where(number >= 0, gains[number] * mean + offsets[number], mean)


def _gains_of_spreads(count: int, rows: _Rows, fixed: frozenset[int]) -> Floats:
    has_contrast = (rows.spread_a > 0) & (rows.spread_b > 0) & (rows.correlation > 0)
    # The ratio of spreads says nothing where the two do not vary together.
    likeness = np.maximum(rows.correlation, 0.02)
    doubt = np.sqrt((1 - np.minimum(likeness, 1.0) ** 2) / rows.independent) / likeness**2
    return _gains(count, rows, (rows.spread_a, rows.spread_b), (doubt, has_contrast), fixed)


def _gains_of_means(count: int, rows: _Rows, fixed: frozenset[int]) -> Floats:
    is_positive = (rows.mean_a > 0) & (rows.mean_b > 0)
    doubt = rows.noise / np.sqrt(rows.independent) / np.where(is_positive, rows.mean_b, 1.0)
    return _gains(count, rows, (rows.mean_a, rows.mean_b), (doubt, is_positive), fixed)


def _gains(
    count: int,
    rows: _Rows,
    sizes: tuple[Floats, Floats],
    trust: tuple[Floats, NDArray[np.bool_]],
    fixed: frozenset[int],
) -> Floats:
    doubt, usable = trust
    size_a, size_b = (np.log(np.where(usable, size, 1.0)) for size in sizes)
    sigma = np.where(usable, np.hypot(doubt, _GAIN_FLOOR), np.inf)
    logs = _solve(rows, size_b - size_a, sigma, _prior(count, fixed, _GAIN_PRIOR))
    return np.clip(np.exp(logs), _LEAST_GAIN, _MOST_GAIN)


def _offsets(count: int, rows: _Rows, gains: Floats, fixed: frozenset[int]) -> Floats:
    """Return the offsets that make corrected means equal.

    Items are drawn to a level unchanged in the middle of their samples, not at 0, where a gain alone
    would change it.
    """
    middle = float(np.median(np.concatenate([rows.mean_a, rows.mean_b])))
    spread = float(np.median(np.concatenate([rows.spread_a, rows.spread_b])))
    scale = max(spread, 1e-6 * max(abs(middle), 1e-12))
    still = middle * (1.0 - gains)
    level_a = _level(rows, gains, still, "a")
    level_b = _level(rows, gains, still, "b")
    sigma = np.hypot(rows.noise / np.sqrt(rows.independent), _LEVEL_FLOOR * scale) / scale
    prior = _prior(count, fixed, _LEVEL_PRIOR)
    shifts = _solve(rows, (level_b - level_a) / scale, sigma, prior)
    found = still + shifts * scale
    found[list(fixed)] = 0.0
    return np.asarray(found)


def _prior(count: int, fixed: frozenset[int], usual: float) -> Floats:
    prior = np.full(count, usual)
    prior[list(fixed)] = _FIXED
    return prior


def _solve(rows: _Rows, difference: Floats, sigma: Floats, prior: Floats) -> Floats:
    """Solve x_a - x_b = difference, reweighted; each x is drawn to 0 with its deviation `prior`."""
    count = len(prior)
    # The target is no unknown: its factor is 0.
    factor_b, b = rows.is_pair.astype(np.float64), np.where(rows.is_pair, rows.b, 0)
    unknown, weight = np.zeros(count), np.ones(len(difference))
    for _ in range(_ROUNDS):
        scale = np.sqrt(weight) / sigma
        matrix = _matrix((rows.a, b), (scale, factor_b * scale), prior)
        right = np.concatenate([difference * scale, np.zeros(count)])
        before = unknown
        unknown = lsmr(matrix, right, atol=1e-10, btol=1e-10, conlim=0, maxiter=20 * count + 200)[0]
        rest = (unknown[rows.a] - factor_b * unknown[b] - difference) / sigma
        usual = _MAD_TO_DEVIATION * float(np.median(np.abs(rest)))
        # Cauchy's weights: what does not fit at all has almost no say.
        weight = 1.0 / (1.0 + (rest / (_REACH * max(1.0, usual))) ** 2)
        if float(np.abs(unknown - before).max(initial=0.0)) < _CLOSE:
            break
    return np.asarray(unknown)


def _matrix(
    numbers: tuple[NDArray[np.int64], NDArray[np.int64]],
    factors: tuple[Floats, Floats],
    prior: Floats,
) -> csr_array:
    pairs, count = len(numbers[0]), len(prior)
    row = np.concatenate([np.arange(pairs), np.arange(pairs), pairs + np.arange(count)])
    column = np.concatenate([*numbers, np.arange(count)])
    value = np.concatenate([factors[0], -factors[1], 1.0 / prior])
    return coo_array((value, (row, column)), shape=(pairs + count, count)).tocsr()
