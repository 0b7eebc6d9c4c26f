"""Identical requests in flight are rendered once.

The render belongs to its key: it goes on as long as anybody waits and is abandoned when the last
waiter leaves. All waiters see its outcome, also a failure of the question itself; nothing of a failure
stays behind. Where a render failed of what befell its first asker (whose time was over, whose place in
the queue went to another, whose instance died), those who joined later ask once more, together, in
the time that each still has.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from engine.errors import (
    DeadlineExceeded,
    ImageServerError,
    InstanceLost,
    Overloaded,
    Quarantined,
)

if TYPE_CHECKING:
    from server.answers.response_cache import Key
    from server.instances.flight import Flight
    from server.instances.job import Job, Reply
    from server.instances.pools import Pools


# What befalls one asker and not the question.
_FATES = (DeadlineExceeded, InstanceLost, Overloaded)


def is_first_askers(error: ImageServerError) -> bool:
    """Tell whether a render failed of what befell its first asker, so that others may ask again."""
    return isinstance(error, _FATES) and not isinstance(error, Quarantined)


class Coalescer:
    """Joins askers of one key to one flight."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._flights: dict[Key, Flight] = {}
        self.joined = 0

    def __len__(self) -> int:
        return len(self._flights)

    async def ask(self, key: Key, job: Job, waited_s: float = 0.0) -> Reply:
        """Return the answer of the flight under way for `key`, begun here if there is none.

        `waited_s` of the asker's time are over.

        Raises
        ------
        ImageServerError
        """
        asked = time.monotonic() - waited_s
        flight = self.join(key, job, waited_s)
        is_first = flight.waiters == 1
        try:
            return await self._outcome(flight)
        except ImageServerError as error:
            if is_first or not is_first_askers(error):
                raise
        return await self._outcome(self.join(key, job, time.monotonic() - asked))

    async def _outcome(self, flight: Flight) -> Reply:
        try:
            # Shielded: a waiter that is cancelled must not cancel the others' render.
            return await asyncio.shield(flight.future)
        finally:
            self.leave(flight)

    def join(self, key: Key, job: Job, waited_s: float = 0.0) -> Flight:
        """Return the flight for `key`, begun here if there is none; each joiner leaves it once.

        It has one waiter afterwards if it was begun here. `waited_s` of the joiner's time are over.

        Raises
        ------
        Overloaded, DeadlineExceeded
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._pools.fly(job, waited_s)
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
            self._pools.abandon(flight)

    def _forget(self, flight: Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
