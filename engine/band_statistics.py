"""What is known of the samples of a band: statistics and a histogram."""

from __future__ import annotations

import msgspec


class BandStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of the valid samples of one band; see `is_empty`."""

    min: float
    max: float
    mean: float
    std: float
    count: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether no sample was counted: then nothing is known of the band, and all is 0."""
        return self.count == 0 and self.min == self.max == self.mean == self.std == 0.0


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Counts in equal bins from `min` to `max` (outer edges)."""

    min: float
    max: float
    counts: tuple[int, ...]
