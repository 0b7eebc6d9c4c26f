"""New answers made while older ones are given: one at a time, one for a question, after all who wait."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import ImageServerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from server.answers.response_cache import Key
    from server.instances.job import Job, Reply

_log = logging.getLogger("swath.cache")

# Who wants more than these refreshed asks again, and is given the older answer again meanwhile.
_MOST_WANTED = 1024
_YIELD_S = 0.02
# Nobody's: what is refreshed takes no turn of who happened to ask.
_CLIENT = "refresh"
_AFTER_FAILURE_S = 1.0


class Refresher:
    """Makes answers that nobody waits for.

    Parameters
    ----------
    make
        Makes and keeps an answer.
    is_wanted
        Tells whether a job is still about the version that serves.
    is_busy
        Tells whether askers wait for an instance.
    """

    def __init__(
        self,
        make: Callable[[Key, Job], Awaitable[Reply]],
        is_wanted: Callable[[Job], bool],
        is_busy: Callable[[], bool],
    ) -> None:
        self._make = make
        self._is_wanted = is_wanted
        self._is_busy = is_busy
        self._wanted: OrderedDict[Key, Job] = OrderedDict()
        self._under_way: Key | None = None
        self._task: asyncio.Task[None] | None = None
        self.made = self.failed = 0

    def __len__(self) -> int:
        return len(self._wanted)

    def want(self, key: Key, job: Job) -> None:
        """Have an answer made soon, unless it is wanted already."""
        if key in self._wanted or key == self._under_way or len(self._wanted) >= _MOST_WANTED:
            return
        self._wanted[key] = job
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    def stop(self) -> None:
        """Make no more."""
        self._wanted.clear()
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        while self._wanted:
            while self._is_busy():  # noqa: ASYNC110 -- those who wait have no event for their end
                await asyncio.sleep(_YIELD_S)
            key, job = self._wanted.popitem(last=False)
            if not self._is_wanted(job):
                continue
            self._under_way = key
            try:
                await self._make(key, replace(job, client=_CLIENT))
                self.made += 1
            except ImageServerError as error:
                self.failed += 1
                _log.info("%s was not refreshed: %s", key[1], error)
                await asyncio.sleep(_AFTER_FAILURE_S)
            finally:
                self._under_way = None
