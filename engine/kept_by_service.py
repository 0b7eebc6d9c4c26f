"""What is worked out of a service once and asked for again: a few results a service, by a key."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

from cachetools import LRUCache

if TYPE_CHECKING:
    from collections.abc import Hashable

    from engine.service import ImageService

Key = TypeVar("Key", bound="Hashable")
Value = TypeVar("Value")


class KeptByService(Generic[Key, Value]):
    """Results by service and key; a service that is closed takes its own along.

    Parameters
    ----------
    most : int
        Results that one service keeps; the least recently asked goes first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._by_service: WeakKeyDictionary[ImageService, LRUCache[Key, Value]] = (
            WeakKeyDictionary()
        )

    def get(self, service: ImageService, key: Key) -> Value | None:
        """Return what is kept, or None."""
        with self._lock:
            kept = self._by_service.get(service)
            return None if kept is None else kept.get(key)

    def put(self, service: ImageService, key: Key, value: Value) -> None:
        """Keep a result."""
        with self._lock:
            self._by_service.setdefault(service, LRUCache(self._most))[key] = value
