"""Keeps a fork parent at hand: the one at work, and a spare forked from it that goes on where that one ends.

To load everything anew takes seconds, in which an instance that is lost, too, has no one to come after it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ImageServerError
from server.instances.forker import TITLE, Forker

if TYPE_CHECKING:
    from collections.abc import Coroutine

_log = logging.getLogger("swath.pool")

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_YOUNG_S = 5.0


class ForkParentOptions(msgspec.Struct, frozen=True, kw_only=True):
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


class ForkParents:
    """The fork parent at work, and the spare."""

    def __init__(self, options: ForkParentOptions) -> None:
        self._options = options
        self._at_work: Forker | None = None
        self._spare: Forker | None = None
        self._is_there = asyncio.Event()
        self._is_short = asyncio.Event()
        self._spare_since = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the first.

        Raises
        ------
        ConfigError
            The engine cannot be loaded.
        """
        await self._take(await self._new())
        self._begin(self._keep_spare())

    async def stop(self) -> None:
        """End both."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._is_there.clear()
        forkers, self._spare, self._at_work = (self._spare, self._at_work), None, None
        ends = (forker.stop() for forker in forkers if forker is not None)
        await asyncio.gather(*ends)

    @property
    def at_work(self) -> Forker | None:
        """The one that forks instances, while there is one."""
        return self._at_work

    @property
    def spare_pid(self) -> int | None:
        """Process id of the spare, while there is one."""
        return self._spare.pid if self._spare is not None else None

    async def get(self) -> Forker:
        """Return the one that forks instances, once there is one."""
        while self._at_work is None:
            await self._is_there.wait()
        return self._at_work

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, forker: Forker) -> None:
        """Put a new one where one is missing."""
        if self._at_work is None:
            self._put_to_work(forker)
        elif self._spare is None:
            self._spare, self._spare_since = forker, time.monotonic()
            self._is_short.clear()
        else:
            await forker.stop()

    def _put_to_work(self, forker: Forker) -> None:
        forker.title = TITLE
        self._at_work = forker
        self._is_there.set()
        self._is_short.set()

    async def _new(self) -> Forker:
        options = self._options
        forker = Forker(options.work, options.log_format, options.environment, self._lost)
        await forker.start()
        return forker

    def _lost(self, forker: Forker) -> None:
        # Instances live on; only those that are lost meanwhile wait for the next one.
        if forker is self._spare:
            self._spare = None
            self._pause_longer(is_young=time.monotonic() - self._spare_since < _YOUNG_S)
            self._is_short.set()
        if forker is not self._at_work:
            return
        spare, self._at_work, self._spare = self._spare, None, None
        if spare is None:
            self._is_there.clear()
            self._begin(self._start_another())
            return
        self._pause_s = _FIRST_PAUSE_S
        _log.info("the spare fork parent (process %d) takes over", spare.pid or 0)
        self._put_to_work(spare)

    async def _start_another(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._take(await self._new())
            except (ImageServerError, OSError):
                _log.exception("no fork parent; next try in %g s", pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
            else:
                return

    async def _keep_spare(self) -> None:
        """Have the fork parent fork a spare whenever there is none."""
        while True:
            await self._is_short.wait()
            # First come those instances that somebody may wait for.
            await asyncio.sleep(self._pause_s)
            try:
                await self._take(await (await self.get()).spare())
            except (ImageServerError, OSError) as err:
                self._pause_longer(is_young=True)
                _log.warning("no spare fork parent: %s; next try in %g s", err, self._pause_s)

    def _pause_longer(self, *, is_young: bool) -> None:
        longer_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)
        self._pause_s = longer_s if is_young else _FIRST_PAUSE_S
