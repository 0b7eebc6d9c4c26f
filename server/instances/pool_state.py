"""What pools tell of themselves, for metrics and health."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from server.instances.control_page import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatState:
    """One seat.

    Attributes
    ----------
    started : float
        Monotonic time at which its instance was asked for; 0 = it has none.
    in_flight : int
        Requests at its instance.
    """

    number: int
    state: Literal["starting", "ready", "busy", "draining"]
    started: float
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """Numbers of one pool; mappings are by number of the seat.

    Attributes
    ----------
    name : str
        "" = the shared pool, else the service that the pool belongs to.
    seats, ready, busy : int
        Seats, those whose instance can take flights, those with flights under way.
    draining : int
        Seats that go as soon as they are empty.
    restarts : int
        Instances that were lost or did not start.
    places : tuple of SeatState
        Seat by seat.
    """

    name: str
    seats: int
    ready: int
    busy: int
    draining: int
    in_flight: int
    waiting: int
    restarts: int
    pids: dict[int, int]
    counts: dict[int, Counts]
    places: tuple[SeatState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolsState:
    """Numbers of all pools.

    Attributes
    ----------
    pools : tuple of PoolState
        The shared one first; each name once.
    restarts : int
        Also of pools that are no more.
    renewed : int
        Instances that were replaced with nothing wrong: they had done enough, or their order had changed.
    fork_parent_pid, spare_pid : int or None
        Processes that fork instances, the one at work and the one that goes on after it.
    versions : dict of str to str
        Of what the instances work with.
    quarantined, refused : int
        Questions that took instances down and were put under quarantine; how often one was refused for that.
    """

    pools: tuple[PoolState, ...]
    restarts: int
    fork_parent_pid: int | None
    spare_pid: int | None
    versions: dict[str, str] = field(default_factory=dict)
    renewed: int = 0
    quarantined: int = 0
    refused: int = 0

    @property
    def instances(self) -> int:
        """Seats of all pools."""
        return sum(pool.seats for pool in self.pools)

    @property
    def ready(self) -> int:
        """Seats of all pools whose instance can take flights."""
        return sum(pool.ready for pool in self.pools)

    @property
    def in_flight(self) -> int:
        """Requests at instances."""
        return sum(pool.in_flight for pool in self.pools)

    @property
    def waiting(self) -> int:
        """Requests that wait for an instance."""
        return sum(pool.waiting for pool in self.pools)

    @property
    def pids(self) -> dict[int, int]:
        """Process ids by number of the seat, which is unique over all pools."""
        return {number: pid for pool in self.pools for number, pid in pool.pids.items()}

    @property
    def counts(self) -> dict[int, Counts]:
        """What each instance tells of itself, by number of the seat."""
        return {number: counts for pool in self.pools for number, counts in pool.counts.items()}
