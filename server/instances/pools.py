"""All pools: the shared one and those of services that have their own; the front's one way to pixels.

`fly(job)` goes to the pool of the job's service. A pool that is to come takes requests once its minimum
is ready; one that is to go finishes what it has. So a service moves without losing a request.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from server.instances.keeper import Keeper
from server.instances.pool import Pool
from server.instances.pool_state import PoolsState
from server.instances.quarantine import Quarantine
from server.instances.scaling import Scale, Scaler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from server.instances.flight import Flight
    from server.instances.fork_parents import ForkParentOptions
    from server.instances.job import Job
    from server.instances.pool_options import PoolsOptions

_log = logging.getLogger("swath.pool")

_SWEEP_S = 0.05


class Pools:
    """The shared pool, dedicated pools, and the one keeper of all their instances."""

    def __init__(self, keeping: ForkParentOptions, options: PoolsOptions) -> None:
        self._options = options
        self._keeper = Keeper(keeping, options)
        self._quarantine = Quarantine(options.queueing.quarantine_s)
        self._shared = self._new_pool("")
        self._dedicated: dict[str, Pool] = {}
        self._coming: dict[str, Pool] = {}
        self._leaving: dict[str, Pool] = {}
        self._scalers: dict[str, Scaler] = {"": Scaler(_fixed(options.instances))}
        self._restarts_before = 0
        self._renewed = 0
        self._has_started = False
        self._sweeper: asyncio.Task[None] | None = None

    # Life.

    async def start(self) -> None:
        """Start the minimum of all pools and wait until they are ready.

        Raises
        ------
        ConfigError
            The engine cannot be loaded, or instances die at once.
        """
        self._sweeper = asyncio.create_task(self._sweep())
        await self._keeper.start()
        self._shared.resize(self._options.instances)
        await asyncio.gather(*(life.first for pool in self._all() for life in pool.lives()))
        self._welcome()
        self._has_started = True

    async def stop(self) -> None:
        """End all instances; what still flies or waits fails."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for pool in self._all():
            pool.close()
        await self._keeper.stop()

    @property
    def is_ready(self) -> bool:
        """Whether every seat of the shared pool has an instance that has greeted."""
        return self._has_started and self._shared.is_ready

    def state(self) -> PoolsState:
        """Return numbers for metrics."""
        pools = tuple(pool.state() for pool in self._all())
        return PoolsState(
            pools=pools,
            restarts=self._restarts_before + sum(pool.restarts for pool in pools),
            fork_parent_pid=self._keeper.fork_parent_pid(),
            spare_pid=self._keeper.spare_pid(),
            versions=self._keeper.versions(),
            renewed=self._renewed,
            quarantined=self._quarantine.quarantined,
            refused=self._quarantine.refused,
        )

    # Requests.

    def fly(self, job: Job, waited_s: float = 0.0) -> Flight:
        """Send a job to an instance or queue it; its future gets the Reply or an ImageServerError.

        Parameters
        ----------
        waited_s
            How much of its time is over already.

        Raises
        ------
        Overloaded
            Too much waits already, or the server is stopping.
        DeadlineExceeded
            All of its time is over.
        """
        return self._dedicated.get(job.service.name, self._shared).fly(job, waited_s)

    def abandon(self, flight: Flight) -> None:
        """Stop work on a flight that nobody waits for."""
        if flight.pool is not None:
            flight.pool.abandon(flight)

    def seats(self, service: str) -> int:
        """Return how many seats requests to a service may use at once."""
        return self._dedicated.get(service, self._shared).size

    # Changes.

    def configure(self, options: PoolsOptions) -> None:
        """Follow changed options: queues at once, seats as instances come, their orders one by one."""
        self._options = options
        self._keeper.follow(options)
        self._quarantine.hold_s = options.queueing.quarantine_s
        self._scalers[""].scale = _fixed(options.instances)
        for pool in self._all():
            pool.limit(options.queueing)

    def place(self, wanted: Mapping[str, Scale]) -> None:
        """Give each of these services a pool of its own, and all others the shared one."""
        for name, scale in wanted.items():
            scaler = self._scalers.get(name)
            if scaler is None:
                self._open(name, scale)
            else:
                scaler.scale = scale
        for name in [name for name in self._scalers if name and name not in wanted]:
            self._close(name)

    def _new_pool(self, name: str) -> Pool:
        return Pool(name, self._keeper, self._options.queueing, self._quarantine)

    def _open(self, name: str, scale: Scale) -> None:
        self._scalers[name] = Scaler(scale)
        left = self._leaving.pop(name, None)
        if left is not None:
            self._dedicated[name] = left
            return
        self._coming[name] = pool = self._new_pool(name)
        pool.resize(scale.minimum)
        self._welcome()

    def _close(self, name: str) -> None:
        del self._scalers[name]
        pool = self._dedicated.pop(name, None) or self._coming.pop(name)
        self._leaving[name] = pool

    # What is done all the time.

    def _all(self) -> Iterator[Pool]:
        yield self._shared
        yield from self._dedicated.values()
        yield from self._coming.values()
        yield from self._leaving.values()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                self._look(time.monotonic())
            except Exception:
                # The next look may do better; without looks no deadline would ever be kept.
                _log.exception("looking after the pools failed")

    def _look(self, now: float) -> None:
        self._keeper.listen(now)
        for pool in self._all():
            pool.sweep(now)
        self._welcome()
        self._dismiss(now)
        for pool in self._all():
            scaler = self._scalers.get(pool.name)
            if scaler is not None and (pool is not self._shared or self._has_started):
                self._scale(pool, scaler, now)
        self._renew()

    def _welcome(self) -> None:
        """Let requests go to pools whose minimum is ready."""
        for name, pool in list(self._coming.items()):
            minimum = self._scalers[name].scale.minimum
            if pool.load(0.0).ready >= minimum:
                self._dedicated[name] = self._coming.pop(name)
                _log.info("service %s now has instances of its own", name)

    def _dismiss(self, now: float) -> None:
        """End pools that are no longer wanted, once nothing flies or waits there."""
        for name, pool in list(self._leaving.items()):
            load = pool.load(now)
            if load.flying or load.waiting:
                continue
            self._restarts_before += pool.state().restarts
            pool.resize(0)
            del self._leaving[name]
            _log.info("service %s uses the shared instances", name)

    def _scale(self, pool: Pool, scaler: Scaler, now: float) -> None:
        load = pool.load(now)
        seats = scaler.seats(now, load)
        if seats != load.seats:
            whose = f"service {pool.name}" if pool.name else "the shared pool"
            _log.info("%s: from %d to %d instances", whose, load.seats, seats)
            pool.resize(seats)

    def _renew(self) -> None:
        """Make one stale instance anew; one at a time, since both live for a moment."""
        if any(pool.is_renewing for pool in self._all()):
            return
        for pool in self._all():
            stale = pool.stale()
            if stale is not None:
                pool.add(instead_of=stale.number)
                self._renewed += 1
                return


def _fixed(seats: int) -> Scale:
    return Scale(minimum=seats, maximum=seats)
