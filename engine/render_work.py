"""What one render carries through the engine: the service, the budget, and the time of each stage."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.budget import Budget
    from engine.service import ImageService


@dataclass(slots=True)
class Work:
    """One request under way.

    Attributes
    ----------
    stages : dict of str to float
        Milliseconds by stage: plan, grid, blocks, sample, picture, encode.
    skipped : list of str
        Sources that could not be read, with the reason (for the log; paths stay inside).
    filled : int
        Valid pixels written so far.
    samplings : int
        Times that a raster was sampled onto a cell, or onto the window of a later stage.
    no_terrain : int
        Pixels that are empty because terrain is missing.
    dead : dict
        Items whose source could not be read, with who found it; common to all threads of a request.
    """

    service: ImageService
    budget: Budget
    stages: dict[str, float] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    filled: int = 0
    samplings: int = 0
    no_terrain: int = 0
    dead: dict[int, object] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, start)

    def add(self, name: str, start: float) -> None:
        """Add the time since `start` (perf_counter) to a stage."""
        self.stages[name] = self.stages.get(name, 0.0) + (time.perf_counter() - start) * 1e3

    def take(self, other: Work) -> None:
        """Add what another thread did for the same request."""
        for name, ms in other.stages.items():
            self.stages[name] = self.stages.get(name, 0.0) + ms
        self.skipped.extend(other.skipped)
        self.filled += other.filled
        self.samplings += other.samplings
        self.no_terrain += other.no_terrain
