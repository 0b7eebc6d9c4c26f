"""Identical requests in flight are rendered once.

The render belongs to its key: it goes on as long as anybody waits and is abandoned when the last
waiter leaves. All waiters see its outcome, also a failure; nothing of a failure stays behind.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.instances.dispatch import Flight
    from server.instances.job import Job, Reply
    from server.instances.pool import Pool
    from server.response_cache import Key


class Coalescer:
    """Joins askers of one key to one flight."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flights: dict[Key, Flight] = {}
        self.joined = 0

    def __len__(self) -> int:
        return len(self._flights)

    async def ask(self, key: Key, job: Job) -> Reply:
        """Return the answer of the flight under way for `key`, begun here if there is none.

        Raises
        ------
        ImageServerError
        """
        flight = self.join(key, job)
        try:
            # Shielded: a waiter that is cancelled must not cancel the others' render.
            return await asyncio.shield(flight.future)
        finally:
            self.leave(flight)

    def join(self, key: Key, job: Job) -> Flight:
        """Return the flight for `key`, begun here if there is none; each joiner leaves it once.

        Raises
        ------
        Overloaded
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._pool.fly(job)
            flight.key = key
            self._flights[key] = flight
            begun = flight
            flight.future.add_done_callback(lambda _: self._forget(begun))
        else:
            self.joined += 1
        flight.waiters += 1
        return flight

    def leave(self, flight: Flight) -> None:
        """Wait no more; the last to leave an unfinished flight abandons it."""
        flight.waiters -= 1
        if flight.waiters == 0 and not flight.future.done():
            # At once, not in the callback: the next asker must not join a cancelled render.
            self._forget(flight)
            self._pool.abandon(flight)

    def _forget(self, flight: Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
