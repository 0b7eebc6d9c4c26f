"""Answers that were the best ones until a moment ago, for services that allow them.

An answer is stale since the version after its own was published, or since it was older than
`cache.fresh_s`. Pictures alone are given stale: rows and values are looked at together, and shall agree.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from engine.request import ImageRequest
from server.answers.answered import Answered, Stale
from server.http.http_caching import etag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.answers.disk_cache import DiskCache
    from server.answers.response_cache import Key, ResponseCache
    from server.instances.job import Job, Reply


def may_be_stale(job: Job) -> bool:
    """Tell whether an older answer to this question may ever be given."""
    properties = job.service.summary.properties
    if not (properties.stale_while_revalidate_s or properties.stale_if_error_s):
        return False
    return isinstance(job.request, ImageRequest) and not job.renderer


class OlderAnswers:
    """Finds the best older answer in memory and on disk."""

    def __init__(self, memory: ResponseCache, disk: DiskCache | None) -> None:
        self._memory = memory
        self._disk = disk

    async def find(
        self, key: Key, job: Job, why: Literal["revalidate", "error"]
    ) -> Answered | None:
        """Return an older answer that may be given for this reason, None where there is none."""
        properties = job.service.summary.properties
        limit_s = (
            properties.stale_while_revalidate_s
            if why == "revalidate"
            else properties.stale_if_error_s
        )
        now = time.monotonic()
        for candidate, ended in self._candidates(key, job):
            if now - ended > limit_s:
                continue
            reply = await self._kept(candidate)
            if reply is not None and self._stale_s(reply, ended, now) <= limit_s:
                etag = etag_of(candidate[0].encode(), candidate[1].encode(), candidate[2])
                return Answered(reply, "hit", Stale(etag, why, int(now - reply.made)))
        return None

    def _candidates(self, key: Key, job: Job) -> Iterator[tuple[Key, float]]:
        """Yield keys with the time since which their answers are stale at least; best first."""
        if self._memory.fresh_s:
            yield key, float("inf")
        for before in job.service.before:
            yield (before.version, key[1], key[2]), before.ended

    def _stale_s(self, reply: Reply, ended: float, now: float) -> float:
        fresh_s = self._memory.fresh_s
        ends = min(ended, reply.made + fresh_s) if fresh_s else ended
        return now - ends

    async def _kept(self, key: Key) -> Reply | None:
        reply = self._memory.peek(key)
        if reply is None and self._disk is not None and self._disk.holds(key):
            reply = await self._disk.read(key)
            if reply is not None:
                self._memory.put(key, reply)
        return reply
