"""A histogram of times: fixed buckets, plain numbers."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
BOUNDS = (*(str(bound) for bound in BUCKETS_S), "+Inf")


class Histogram:
    """Times counted in `BUCKETS_S`.

    Attributes
    ----------
    counts : list of int
        One a bucket, the last beyond all bounds; not cumulative.
    """

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one time."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds

    def cumulative(self) -> list[int]:
        """Return how many are at or below each bound."""
        return list(accumulate(self.counts))
