"""Bands of ground pixel size: sizes in one band count as equal when items are ordered.

A band holds sizes within a factor of about two. Bands fixed in the world always split some near
neighbours (0.353 and 0.354 m), and "nearly equal" pair by pair is no order at all (not transitive). So
the edges are chosen once for a service, at compile, in the widest gaps between the sizes it really
has: every view of one version orders alike.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Less than 2: sizes are measured at raster centres and vary, and 300 m must stay apart from 600 m.
BAND_FACTOR = 1.8
_STEPS = 200.0


class SizeBandCollector:
    """Collect ground sizes in steps of half a percent, in bounded memory."""

    def __init__(self) -> None:
        self._steps: set[int] = set()

    def add(self, ground_size_m: float) -> None:
        """Take one size; what is not positive and finite does not count."""
        if 0 < ground_size_m < math.inf:
            self._steps.add(round(math.log(ground_size_m) * _STEPS))

    def edges(self) -> tuple[float, ...]:
        """Return the edges between bands, ascending."""
        return size_edges(math.exp(step / _STEPS) for step in self._steps)


def size_edges(sizes: Iterable[float]) -> tuple[float, ...]:
    """Choose the edges between bands.

    From the finest size on, a band ends before the size that is `BAND_FACTOR` coarser than its first,
    at the widest gap (the last of equal ones) between neighbouring sizes up to there.
    """
    ordered = sorted(set(sizes))
    edges: list[float] = []
    first = 0
    while True:
        limit = ordered[first] * BAND_FACTOR if ordered else math.inf
        beyond = next((i for i in range(first, len(ordered)) if ordered[i] >= limit), None)
        if beyond is None:
            return tuple(edges)
        # Rounded, so that gaps that only differ by the noise of a division tie.
        cut = max(
            range(first + 1, beyond + 1),
            key=lambda i: (round(ordered[i] / ordered[i - 1], 6), i),
        )
        edges.append(math.sqrt(ordered[cut - 1] * ordered[cut]))
        first = cut


def size_band(ground_size_m: float, edges: Sequence[float]) -> int:
    """Return the number of the band, finest 0; a size that is not known is the coarsest."""
    if not ground_size_m > 0:
        return len(edges) + 1
    return bisect_right(edges, ground_size_m)
