"""Bytes of remote objects, in pages, bounded: what headers and neighbouring blocks have in common.

A key holds the object's fingerprint: pages of an overwritten object are never found again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

PAGE_BYTES = 32 * 1024

ObjectKey = tuple[str, str, int]


class PageCache:
    """Least recently used pages leave when the bytes exceed the bound; shared by all threads.

    Parameters
    ----------
    max_bytes : int
        Bound on the bytes held; may be changed.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.nbytes = 0
        self._pages: OrderedDict[tuple[ObjectKey, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: ObjectKey, page: int) -> bytes | None:
        """Return a page, None where it is not held."""
        full = (key, page)
        with self._lock:
            found = self._pages.get(full)
            if found is not None:
                self._pages.move_to_end(full)
            return found

    def put(self, key: ObjectKey, page: int, data: bytes) -> None:
        """Keep a page."""
        full = (key, page)
        with self._lock:
            old = self._pages.pop(full, b"")
            self._pages[full] = data
            self.nbytes += len(data) - len(old)
            while self.nbytes > self.max_bytes and self._pages:
                _, gone = self._pages.popitem(last=False)
                self.nbytes -= len(gone)
