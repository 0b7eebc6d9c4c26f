"""Aggregates that SQLite lacks: spread and percentiles of a column, as functions of a connection.

The front imports this with `zmd`: no numpy here.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import sqlite3

Value: TypeAlias = "int | float | None"


class _Variance:
    """Variance of a sample, in one pass and without cancellation.

    References
    ----------
    B. P. Welford, Note on a method for calculating corrected sums of squares and products,
    Technometrics 4 (1962), doi:10.1080/00401706.1962.10490022.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0

    def step(self, value: Value) -> None:
        if value is None:
            return
        self.count += 1
        away = value - self.mean
        self.mean += away / self.count
        self.squares += away * (value - self.mean)

    def finalize(self) -> float | None:
        return self.squares / (self.count - 1) if self.count > 1 else None


class _Deviation(_Variance):
    def finalize(self) -> float | None:
        variance = super().finalize()
        return None if variance is None else math.sqrt(variance)


class _Percentile:
    """A percentile; whole numbers that are at most 2**53 are kept exactly."""

    def __init__(self) -> None:
        self.values = array("d")
        self.share = 0.0

    def step(self, value: Value, share: float) -> None:
        self.share = share
        if value is not None:
            self.values.append(value)


class _Continuous(_Percentile):
    """Between the two values beside the place, as SQL's PERCENTILE_CONT."""

    def finalize(self) -> float | None:
        if not self.values:
            return None
        values = sorted(self.values)
        place = self.share * (len(values) - 1)
        low = math.floor(place)
        high = math.ceil(place)
        return values[low] + (values[high] - values[low]) * (place - low)


class _Discrete(_Percentile):
    """The first value whose share of all is at least the one asked for, as SQL's PERCENTILE_DISC."""

    def finalize(self) -> float | None:
        if not self.values:
            return None
        return sorted(self.values)[max(0, math.ceil(self.share * len(self.values)) - 1)]


class _DiscreteDown(_Percentile):
    """As `_Discrete`, counted from the highest value."""

    def finalize(self) -> float | None:
        if not self.values:
            return None
        values = sorted(self.values, reverse=True)
        return values[max(0, math.ceil(self.share * len(values)) - 1)]


_AGGREGATES = (
    ("VARIANCE", 1, _Variance),
    ("STDDEV", 1, _Deviation),
    ("PERCENTILE_CONT", 2, _Continuous),
    ("PERCENTILE_DISC", 2, _Discrete),
    ("PERCENTILE_DISC_DOWN", 2, _DiscreteDown),
)


def add_aggregates(handle: sqlite3.Connection) -> None:
    """Let a connection know STDDEV(x), VARIANCE(x) and PERCENTILE_CONT, _DISC and _DISC_DOWN(x, share)."""
    for name, arguments, made in _AGGREGATES:
        handle.create_aggregate(name, arguments, made)  # type: ignore[arg-type]  # -- typeshed: integers only
