"""The steps from a question to its answer: memory, disk, an older answer where allowed, an instance.

Askers of one question share each step. An answer in memory is found by `memory.get` alone; what goes
further is a `Flight` where nothing but an instance can answer, else a `Search`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import (
    ConfigError,
    DeadlineExceeded,
    ImageServerError,
    InstanceLost,
    Overloaded,
    SourceError,
)
from engine.request import ImageRequest
from server.answers.answered import Answered
from server.answers.cache_orders import CacheReport, ServiceShare
from server.answers.coalesce import is_first_askers
from server.answers.older_answers import OlderAnswers, may_be_stale
from server.answers.refresher import Refresher
from server.instances.flight import Flight

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.answers.cache_orders import CacheOrder
    from server.answers.coalesce import Coalescer
    from server.answers.disk_cache import DiskCache, DiskCounts
    from server.answers.response_cache import Key, MemoryCounts, ResponseCache
    from server.instances.job import Job, Reply
    from server.metrics.counts import Metrics
    from server.site.service_registry import ServiceRegistry

_log = logging.getLogger("swath.server")

# Of storage, of load, of ours: what an older answer may stand in for. A wrong question is none of them.
_FAULTS: tuple[type[ImageServerError], ...] = (
    SourceError,
    ConfigError,
    Overloaded,
    DeadlineExceeded,
    InstanceLost,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCounts:
    """Numbers for metrics and `swath cache show`.

    Attributes
    ----------
    stale_while_revalidate, stale_if_error : int
        Older answers given.
    refreshes, refreshes_failed, refreshes_waiting : int
        Answers made in the background.
    """

    memory: MemoryCounts
    disk: DiskCounts | None
    stale_while_revalidate: int
    stale_if_error: int
    refreshes: int
    refreshes_failed: int
    refreshes_waiting: int


class Search:
    """One question on its way through disk and older answers; all who ask it share it."""

    __slots__ = ("future", "key", "waiters")

    def __init__(self, key: Key, task: asyncio.Task[Answered]) -> None:
        self.key = key
        self.future = task
        self.waiters = 0


class Answers:
    """The one way to answers.

    Parameters
    ----------
    disk
        None = none.
    """

    def __init__(
        self,
        memory: ResponseCache,
        disk: DiskCache | None,
        coalescer: Coalescer,
        metrics: Metrics,
    ) -> None:
        self.memory = memory
        self.disk = disk
        self._coalescer = coalescer
        self._metrics = metrics
        self._older = OlderAnswers(memory, disk)
        self._refresher: Refresher | None = None
        self._searches: dict[Key, Search] = {}
        self._cleared: dict[str, float] = {}
        self._stale_counts = {"revalidate": 0, "error": 0}

    async def start(self, registry: ServiceRegistry, is_busy: Callable[[], bool]) -> None:
        """Open the disk cache and refresh from now on.

        Parameters
        ----------
        registry
            Knows which versions serve.
        is_busy
            Tells whether askers wait for an instance.

        Raises
        ------
        ConfigError
        """

        def serves(job: Job) -> bool:
            service = registry.get(job.service.name)
            return service is not None and service.version == job.service.version

        self._refresher = Refresher(self._make, serves, is_busy)
        if self.disk is not None:
            await self.disk.start()

    async def sweep(self) -> None:
        """Take pictures of versions away from the disk that nobody can ask for any more."""
        if self.disk is not None:
            await self.disk.sweep()

    async def stop(self) -> None:
        """Refresh no more and end the disk cache."""
        if self._refresher is not None:
            self._refresher.stop()
        if self.disk is not None:
            await self.disk.stop()

    def counts(self) -> CacheCounts:
        """Return numbers for metrics."""
        refresher = self._refresher
        return CacheCounts(
            memory=self.memory.counts(),
            disk=None if self.disk is None else self.disk.counts(),
            stale_while_revalidate=self._stale_counts["revalidate"],
            stale_if_error=self._stale_counts["error"],
            refreshes=0 if refresher is None else refresher.made,
            refreshes_failed=0 if refresher is None else refresher.failed,
            refreshes_waiting=0 if refresher is None else len(refresher),
        )

    # Asking.

    def confirms(self, key: Key) -> bool:
        """Tell whether an answer that a client has by its ETag still counts, without one at hand."""
        return not self.memory.fresh_s or self.memory.is_fresh(key)

    async def ask(self, key: Key, job: Job) -> Answered:
        """Return the answer to a question.

        Raises
        ------
        ImageServerError
        """
        kept = self.memory.get(key)
        if kept is not None:
            return Answered(kept, "hit")
        if not self._needs_search(key, job):
            return self.settled(key, job, await self._coalescer.ask(key, job))
        asked = time.monotonic()
        search = self._join_search(key, job, 0.0)
        is_first = search.waiters == 1
        try:
            return await self._found(search)
        except ImageServerError as error:
            if is_first or not is_first_askers(error):
                raise
        return await self._found(self._join_search(key, job, time.monotonic() - asked))

    async def _found(self, search: Search) -> Answered:
        try:
            # Shielded: an asker who is cancelled must not take the others' answer along.
            return await asyncio.shield(search.future)
        finally:
            self.leave(search)

    def join(self, key: Key, job: Job, waited_s: float = 0.0) -> Flight | Search:
        """Return what leads to an answer that is not in memory; each joiner leaves it once.

        A flight's future gives a `Reply` to be `settled`, that of a search an `Answered`. It has one
        waiter afterwards if it was begun here. `waited_s` of the joiner's time are over.

        Raises
        ------
        Overloaded, DeadlineExceeded
        """
        if not self._needs_search(key, job):
            return self._coalescer.join(key, job, waited_s)
        return self._join_search(key, job, waited_s)

    def _needs_search(self, key: Key, job: Job) -> bool:
        """Tell whether anything but an instance may have the answer: two look-ups, no file."""
        return (self.disk is not None and self.disk.holds(key)) or may_be_stale(job)

    def _join_search(self, key: Key, job: Job, waited_s: float) -> Search:
        search = self._searches.get(key)
        if search is None:
            search = Search(key, asyncio.create_task(self._search(key, job, waited_s)))
            self._searches[key] = search
            search.future.add_done_callback(partial(self._end_search, search))
        search.waiters += 1
        return search

    def leave(self, asked: Flight | Search) -> None:
        """Wait no more; with the last who waits the work ends."""
        if isinstance(asked, Flight):
            self._coalescer.leave(asked)
            return
        asked.waiters -= 1
        if asked.waiters == 0 and not asked.future.done():
            # At once, not in the callback: the next asker must not join what is being cancelled.
            self._forget(asked)
            asked.future.cancel()

    def settled(self, key: Key, job: Job, reply: Reply) -> Answered:
        """Take note of a new answer: caches, times of its stages, log."""
        if not self._is_cleared(key[1], reply):
            self.memory.put(key, reply)
            if self.disk is not None and isinstance(job.request, ImageRequest):
                self.disk.offer(key, reply)
        self._metrics.observe_reply(job, reply)
        if reply.truncated:
            _log.warning("%s of %s was truncated", job.operation, key[1])
        return Answered(reply)

    # Clearing.

    def clear(self, service: str = "") -> tuple[int, int]:
        """Drop the answers of a service, or all; return how many, in memory and on disk.

        What is being made meanwhile may be of what was there before and is not kept either.
        """
        self._cleared[service] = time.monotonic()
        on_disk = 0 if self.disk is None else self.disk.clear(service)
        return self.memory.clear(service), on_disk

    def follow(self, order: CacheOrder) -> CacheReport:
        """Do what `swath cache` asks for and say what is kept."""
        cleared = self.clear(order.service) if order.what == "clear" else (0, 0)
        counts = self.counts()
        memory, disk = self.memory.services(), {} if self.disk is None else self.disk.services()
        return CacheReport(
            pid=os.getpid(),
            cleared=cleared,
            memory_max_bytes=counts.memory.max_bytes,
            disk_max_bytes=0 if counts.disk is None else counts.disk.max_bytes,
            disk_trouble="" if counts.disk is None else counts.disk.trouble,
            hits=counts.memory.hits,
            misses=counts.memory.misses,
            disk_hits=0 if counts.disk is None else counts.disk.hits,
            disk_misses=0 if counts.disk is None else counts.disk.misses,
            stale=counts.stale_while_revalidate + counts.stale_if_error,
            services=tuple(
                ServiceShare(name, *memory.get(name, (0, 0)), *disk.get(name, (0, 0)))
                for name in sorted(memory.keys() | disk.keys())
            ),
        )

    def _is_cleared(self, service: str, reply: Reply) -> bool:
        if not self._cleared:
            return False
        begun = reply.made - reply.stages.get("total", 0.0) / 1e3
        return begun < max(self._cleared.get("", 0.0), self._cleared.get(service, 0.0))

    # Searching.

    async def _search(self, key: Key, job: Job, waited_s: float) -> Answered:
        if self.disk is not None:
            kept = await self.disk.read(key)
            if kept is not None and self.memory.counts_as_fresh(kept):
                self.memory.put(key, kept)
                return Answered(kept, "disk")
        if not may_be_stale(job):
            return self.settled(key, job, await self._coalescer.ask(key, job, waited_s))
        older = await self._older.find(key, job, "revalidate")
        if older is not None and self._refresher is not None:
            self._refresher.want(key, job)
            return self._counted(older)
        try:
            found = self.settled(key, job, await self._coalescer.ask(key, job, waited_s))
        except _FAULTS:
            older = await self._older.find(key, job, "error")
            if older is None:
                raise
            return self._counted(older)
        if not found.reply.cacheable:
            # Something could not be read: an older answer that is whole is better.
            older = await self._older.find(key, job, "error")
            if older is not None:
                return self._counted(older)
        return found

    async def _make(self, key: Key, job: Job) -> Reply:
        """Make an answer for the refresher."""
        return self.settled(key, job, await self._coalescer.ask(key, job)).reply

    def _counted(self, older: Answered) -> Answered:
        assert older.stale is not None
        self._stale_counts[older.stale.why] += 1
        return older

    def _end_search(self, search: Search, task: asyncio.Task[Answered]) -> None:
        self._forget(search)
        if not task.cancelled():
            task.exception()  # seen: each asker is told it

    def _forget(self, search: Search) -> None:
        if self._searches.get(search.key) is search:
            del self._searches[search.key]
