"""Keeps the one fork parent alive, and begins the lives that instances of all pools lead on their seats.

Listens to their hearts, and weighs them now and then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ImageServerError
from server.instances.forker import Forker
from server.instances.process import proportional_bytes
from server.instances.seat_life import SeatEvents, SeatLife

if TYPE_CHECKING:
    from server.instances.instance import InstanceOrder
    from server.instances.pool_options import PoolsOptions

_log = logging.getLogger("swath.pool")

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_WEIGH_S = 5.0


class KeeperOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the fork parent is started.

    Attributes
    ----------
    work : str
        Module that does the instances' work (`server.instances.instance.WorkFactory`).
    environment : dict
        Added to the environment of the fork parent.
    """

    log_format: str = "text"
    work: str = "server.instances.engine_work"
    environment: dict[str, str] = {}


class Keeper:
    """One fork parent and the lives on all seats.

    Parameters
    ----------
    following
        Its template is what new instances are told, but for their number. See `follow`.
    """

    def __init__(self, options: KeeperOptions, following: PoolsOptions) -> None:
        self._options = options
        self._following = following
        self._lives: dict[int, SeatLife] = {}
        self._forker: Forker | None = None
        self._is_there = asyncio.Event()
        self._replacing: asyncio.Task[None] | None = None
        self._weigher: asyncio.Task[None] | None = None
        self._listened = time.monotonic()

    async def start(self) -> None:
        """Start the fork parent.

        Raises
        ------
        ConfigError
            The engine cannot be loaded.
        """
        self._forker = await self._new_forker()
        self._is_there.set()
        self._weigher = asyncio.create_task(self._weigh())

    async def stop(self) -> None:
        """End all instances and the fork parent."""
        for task in (self._replacing, self._weigher):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(life.abort() for life in list(self._lives.values())))
        self._is_there.clear()
        forker, self._forker = self._forker, None
        if forker is not None:
            await forker.stop()

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
        return self._forker.pid if self._forker is not None else None

    def versions(self) -> dict[str, str]:
        """Return versions of what the instances work with; none while no fork parent is ready."""
        return self._forker.versions if self._forker is not None else {}

    async def forker(self) -> Forker:
        """Return the fork parent, once there is one."""
        while self._forker is None:
            await self._is_there.wait()
        return self._forker

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

    async def _new_forker(self) -> Forker:
        options = self._options
        forker = Forker(options.work, options.log_format, options.environment, self._forker_lost)
        await forker.start()
        return forker

    def _forker_lost(self) -> None:
        # Instances live on; only those that are lost meanwhile wait for the next one.
        self._forker = None
        self._is_there.clear()
        self._replacing = asyncio.create_task(self._replace_forker())

    async def _replace_forker(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                self._forker = await self._new_forker()
            except ImageServerError:
                _log.exception("no fork parent; next try in %g s", pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
            else:
                self._is_there.set()
                return
