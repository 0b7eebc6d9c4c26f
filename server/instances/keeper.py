"""Begins the lives that instances of all pools lead on their seats, and has them forked.

Listens to their hearts, and weighs them now and then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from server.instances.fork_parents import ForkParentOptions, ForkParents
from server.instances.process import proportional_bytes
from server.instances.seat_life import SeatEvents, SeatLife

if TYPE_CHECKING:
    from server.instances.forker import Forker
    from server.instances.instance import InstanceOrder
    from server.instances.pool_options import PoolsOptions

_log = logging.getLogger("swath.pool")

_WEIGH_S = 5.0


class Keeper:
    """The fork parents and the lives on all seats.

    Parameters
    ----------
    following
        Its template is what new instances are told, but for their number. See `follow`.
    """

    def __init__(self, options: ForkParentOptions, following: PoolsOptions) -> None:
        self._parents = ForkParents(options)
        self._following = following
        self._lives: dict[int, SeatLife] = {}
        self._weigher: asyncio.Task[None] | None = None
        self._listened = time.monotonic()

    async def start(self) -> None:
        """Start the fork parent.

        Raises
        ------
        ConfigError
            The engine cannot be loaded.
        """
        await self._parents.start()
        self._weigher = asyncio.create_task(self._weigh())

    async def stop(self) -> None:
        """End all instances and the fork parents."""
        if self._weigher is not None:
            self._weigher.cancel()
        lives = list(self._lives.values())
        await asyncio.gather(*(life.abort() for life in lives))
        await self._parents.stop()
        for life in lives:
            # Those of a fork parent that has gone are killed by nobody else; one may be deep in a library.
            life.kill()

    def follow(self, options: PoolsOptions) -> None:
        """Change what new instances are told, and what all of them may come to."""
        self._following = options

    def begin(self, events: SeatEvents) -> SeatLife:
        """Begin the life on a new seat, whose number is the lowest that no seat of any pool has."""
        number = next(number for number in count() if number not in self._lives)
        self._lives[number] = life = SeatLife(number, self, events, self._forget)
        return life

    def fork_parent_pid(self) -> int | None:
        """Return the fork parent's process id while it runs."""
        return forker.pid if (forker := self._parents.at_work) is not None else None

    def spare_pid(self) -> int | None:
        """Return the process id of the spare fork parent, while there is one."""
        return self._parents.spare_pid

    def versions(self) -> dict[str, str]:
        """Return versions of what the instances work with; none while no fork parent is ready."""
        return forker.versions if (forker := self._parents.at_work) is not None else {}

    async def forker(self) -> Forker:
        """Return the fork parent, once there is one."""
        return await self._parents.get()

    def order(self, number: int) -> InstanceOrder:
        """Return what the next instance on a seat is told."""
        return msgspec.structs.replace(self._following.template, number=number)

    def is_stale(self, life: SeatLife) -> bool:
        """Tell whether an instance is to be renewed: it would be told otherwise now, or has done enough."""
        if life.order is not None and life.order != self.order(life.number):
            return True
        why = life.worn(self._following.recycling)
        if why:
            _log.info("instance %d is recycled after %s", life.number, why)
        return bool(why)

    def listen(self, now: float) -> None:
        """Listen to all hearts; called often."""
        step_s, self._listened = now - self._listened, now
        for life in self._lives.values():
            life.listen(step_s)

    async def _weigh(self) -> None:
        while True:
            await asyncio.sleep(_WEIGH_S)
            if self._following.recycling.memory_bytes:
                # One after the other, and beside the event loop: the kernel walks over all pages.
                for life in list(self._lives.values()):
                    pid = life.pid
                    held = await asyncio.to_thread(proportional_bytes, pid) if pid else 0
                    if held and life.pid == pid:
                        life.weigh(held)

    def _forget(self, life: SeatLife) -> None:
        if self._lives.get(life.number) is life:
            del self._lives[life.number]
