"""Finished answers, kept by version and question, bounded by bytes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cachetools import LRUCache

if TYPE_CHECKING:
    from server.instances.job import Reply

# The version first: when a service changes, its old answers are never asked for again and go.
Key: TypeAlias = tuple[str, str, bytes]

_ENTRY_BYTES = 1024
_LARGEST_SHARE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCounts:
    """Numbers for metrics and `swath cache show`."""

    answers: int
    bytes: int
    max_bytes: int
    hits: int
    misses: int


def _size(reply: Reply) -> int:
    return len(reply.body) + _ENTRY_BYTES


class ResponseCache:
    """The latest used answers, at most `max_bytes` of them.

    An answer larger than an eighth of the cache would push out too many others and is not kept.

    Parameters
    ----------
    fresh_s
        Older answers are found by `peek` alone; 0 = an answer stays fresh.
    """

    def __init__(self, max_bytes: int, fresh_s: float = 0.0) -> None:
        self._cache: LRUCache[Key, Reply] = LRUCache(max(1, max_bytes), getsizeof=_size)
        self._max_bytes = max_bytes
        self._largest = max_bytes // _LARGEST_SHARE
        self.fresh_s = fresh_s
        self.hits = 0
        self.misses = 0

    def resize(self, max_bytes: int) -> None:
        """Change how much may be kept; the latest used answers stay."""
        if self._cache.maxsize == max(1, max_bytes):
            return
        latest_last = [self._cache.popitem() for _ in range(len(self._cache))]
        self._cache = LRUCache(max(1, max_bytes), getsizeof=_size)
        self._max_bytes = max_bytes
        self._largest = max_bytes // _LARGEST_SHARE
        for key, reply in latest_last:
            self.put(key, reply)

    @property
    def filled_bytes(self) -> int:
        """Bytes in use."""
        return int(self._cache.currsize)

    def __len__(self) -> int:
        return len(self._cache)

    def counts(self) -> MemoryCounts:
        """Return numbers for metrics."""
        return MemoryCounts(
            answers=len(self),
            bytes=self.filled_bytes,
            max_bytes=self._max_bytes,
            hits=self.hits,
            misses=self.misses,
        )

    def services(self) -> dict[str, tuple[int, int]]:
        """Return how many answers and bytes there are of each service."""
        found: dict[str, tuple[int, int]] = {}
        for (_, service, _), reply in self._cache.items():
            answers, size = found.get(service, (0, 0))
            found[service] = (answers + 1, size + _size(reply))
        return found

    def get(self, key: Key) -> Reply | None:
        """Return a kept answer that is fresh."""
        found = self._cache.get(key)
        if found is None or (self.fresh_s and not self.counts_as_fresh(found)):
            self.misses += 1
            return None
        self.hits += 1
        return found

    def peek(self, key: Key) -> Reply | None:
        """Return a kept answer of any age; it counts as no look-up."""
        return self._cache.get(key)

    def is_fresh(self, key: Key) -> bool:
        """Tell whether a fresh answer is kept."""
        found = self._cache.get(key)
        return found is not None and self.counts_as_fresh(found)

    def counts_as_fresh(self, reply: Reply) -> bool:
        """Tell whether an answer is young enough to be given."""
        return not self.fresh_s or time.monotonic() - reply.made <= self.fresh_s

    def put(self, key: Key, reply: Reply) -> None:
        """Keep an answer, unless it says that it must not be kept."""
        if reply.cacheable and _size(reply) <= self._largest:
            self._cache[key] = reply

    def clear(self, service: str = "") -> int:
        """Drop the answers of a service, or all, and return how many."""
        gone = [key for key in self._cache if service in ("", key[1])]
        for key in gone:
            del self._cache[key]
        return len(gone)
