"""Finished answers, kept by version and question, bounded by bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cachetools import LRUCache

if TYPE_CHECKING:
    from server.instances.job import Reply

# The version first: when a service changes, its old answers are never asked for again and go.
Key: TypeAlias = tuple[str, str, bytes]

_ENTRY_BYTES = 1024
_LARGEST_SHARE = 8


def _size(reply: Reply) -> int:
    return len(reply.body) + _ENTRY_BYTES


class ResponseCache:
    """The latest used answers, at most `max_bytes` of them.

    An answer larger than an eighth of the cache would push out too many others and is not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._cache: LRUCache[Key, Reply] = LRUCache(max(1, max_bytes), getsizeof=_size)
        self._largest = max_bytes // _LARGEST_SHARE
        self.hits = 0
        self.misses = 0

    @property
    def filled_bytes(self) -> int:
        """Bytes in use."""
        return int(self._cache.currsize)

    def __len__(self) -> int:
        return len(self._cache)

    def get(self, key: Key) -> Reply | None:
        """Return a kept answer."""
        found = self._cache.get(key)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def put(self, key: Key, reply: Reply) -> None:
        """Keep an answer, unless it says that it must not be kept."""
        if reply.cacheable and _size(reply) <= self._largest:
            self._cache[key] = reply
