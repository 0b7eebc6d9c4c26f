"""What a piece of work may spend: time until its deadline, its caller's patience, memory.

The engine asks the budget between strips, before each block it decodes and before each item; it does
not know who keeps the clock (an instance's control page, a test, the command line).
"""

from __future__ import annotations

import math
from typing import Protocol

import msgspec

_MB = 1024 * 1024


class Budget(Protocol):
    """Say whether work on a request may go on."""

    def check(self) -> None:
        """Return when the work may go on.

        Raises
        ------
        DeadlineExceeded
            The time limit of the request has passed.
        Cancelled
            Nobody waits for the answer any more.
        """
        ...

    def remaining_s(self) -> float:
        """Return the seconds until the deadline; infinite without one, never negative."""
        ...


class _Unlimited:
    """A budget without end."""

    def check(self) -> None:
        """Return always."""

    def remaining_s(self) -> float:
        """Return infinity."""
        return math.inf


UNLIMITED: Budget = _Unlimited()


class InstanceMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of memory that one instance may fill, in bytes (see config.settings.MemorySettings)."""

    block_cache_bytes: int = 256 * _MB
    gdal_cache_bytes: int = 32 * _MB
    scratch_bytes: int = 256 * _MB
    terrain_bytes: int = 32 * _MB
    remote_bytes: int = 16 * _MB
