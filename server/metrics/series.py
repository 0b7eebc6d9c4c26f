"""What is counted of one operation of one service: plain numbers, touched on the event loop alone.

A labelled metric of the Prometheus client costs more than the look-up of a cached tile.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from server.metrics.histogram import BUCKETS_S, Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping


class Series:
    """Requests of one service, protocol and operation.

    Attributes
    ----------
    labels : tuple of str
        Service, protocol, operation.
    statuses : dict of int to int
        Requests by HTTP status (what happened, where a protocol answers errors with 200).
    stages : dict of str to list
        Runs and milliseconds of each stage.
    """

    __slots__ = ("body_bytes", "durations", "labels", "stages", "statuses")

    def __init__(self, labels: tuple[str, str, str]) -> None:
        self.labels = labels
        self.statuses: dict[int, int] = {}
        self.durations = Histogram()
        self.body_bytes = 0
        self.stages: dict[str, list[float]] = {}

    def observe(self, status: int, seconds: float, size: int) -> None:
        """Count one finished request with `size` bytes of body."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        durations = self.durations
        durations.counts[bisect_left(BUCKETS_S, seconds)] += 1  # not `observe`: a call less a tile
        durations.total_s += seconds
        self.body_bytes += size

    def observe_stages(self, stages: Mapping[str, float]) -> None:
        """Add the milliseconds of each stage of one rendered answer."""
        for name, milliseconds in stages.items():
            found = self.stages.get(name)
            if found is None:
                found = self.stages[name] = [0, 0.0]
            found[0] += 1
            found[1] += milliseconds
