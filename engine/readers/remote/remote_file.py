"""An object behind a connection, as a file that can be read and sought: pages, fetched when needed.

What goes wrong under the raster library is noted and raised when the library has returned
(`engine.readers.remote.remote_dataset`): it would make an exception a line of log.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from engine.errors import ImageServerError, SourceCorrupt
from engine.readers.remote.connections import connections, pages
from engine.readers.remote.page_cache import PAGE_BYTES
from engine.source_name import canonical_name, split_name

if TYPE_CHECKING:
    from engine.readers.remote.page_cache import ObjectKey, PageCache

# A header with the tables of a COG of 30,000 × 30,000 pixels is as long.
_HEAD_PAGES = 4
# In one request; larger reads are several.
_MOST_PAGES = 256
# One read: a block of a raster that is worth serving from afar is smaller.
MAX_READ_BYTES = 64 << 20


def object_state(path: str) -> tuple[int, int]:
    """Return size and fingerprint of an object; fetches its beginning.

    Raises
    ------
    SourceError, StorageError, DeadlineExceeded, Cancelled
    """
    name, key = split_name(path)
    client = connections().client(name)
    stop = _HEAD_PAGES * PAGE_BYTES
    found = client.fetch(key, 0, stop, None)
    _keep(pages(), (name + client.connection.root, key, found.tag), 0, found.data)
    return found.size, found.tag


def _keep(cache: PageCache, key: ObjectKey, first: int, data: bytes) -> None:
    for number, at in enumerate(range(0, len(data), PAGE_BYTES)):
        cache.put(key, first + number, data[at : at + PAGE_BYTES])


class RemoteFile(io.RawIOBase):
    """A readable, seekable file; belongs to one thread.

    Parameters
    ----------
    path : str
        connection://NAME/path.
    known : (size, fingerprint)
        The object must be this one, at every answer.
    """

    def __init__(self, path: str, known: tuple[int, int]) -> None:
        super().__init__()
        self.path = canonical_name(path)
        name, self._object = split_name(path)
        self._client = connections().client(name)
        self._known = known
        self._pages = pages()
        self._key: ObjectKey = (name + self._client.connection.root, self._object, known[1])
        self._at = 0
        # The page read last: headers are read in hundreds of crumbs.
        self._page, self._bytes = -1, b""
        self._next = -1
        self.failure: ImageServerError | None = None

    @property
    def size(self) -> int:
        """Bytes of the object."""
        return self._known[0]

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return bytes from the position on; b"" at the end, and where they cannot be had (see `failure`)."""
        start = self._at
        stop = self.size if size < 0 else min(self.size, start + size)
        if start >= stop or self.failure is not None:
            return b""
        try:
            data = self._read(start, stop)
        except ImageServerError as err:
            self.failure = err
            return b""
        self._at = stop
        return data

    def _read(self, start: int, stop: int) -> bytes:
        first, last = start // PAGE_BYTES, (stop - 1) // PAGE_BYTES
        if first == last == self._page:
            return self._bytes[start - first * PAGE_BYTES : stop - first * PAGE_BYTES]
        if stop - start > MAX_READ_BYTES:
            why = f"is stored in blocks of more than {MAX_READ_BYTES >> 20} MB; rewrite it as a COG"
            raise SourceCorrupt(self.path, why)
        found: dict[int, bytes] = {}
        missing: list[int] = []
        for page in range(first, last + 1):
            kept = self._pages.get(self._key, page)
            if kept is None:
                missing.append(page)
            else:
                found[page] = kept
        for begin, end in _runs(missing):
            found.update(self._fetch(begin, end))
        if first == last:
            self._page, self._bytes = first, found[first]
            return self._bytes[start - first * PAGE_BYTES : stop - first * PAGE_BYTES]
        whole = b"".join(found[page] for page in range(first, last + 1))
        return whole[start - first * PAGE_BYTES : stop - first * PAGE_BYTES]

    def _fetch(self, begin: int, end: int) -> dict[int, bytes]:
        """Return pages from `begin` until `end` in one request."""
        pages_in_all = -(-self.size // PAGE_BYTES)
        ahead = _HEAD_PAGES - 1 if begin in (0, self._next) and end - begin < _HEAD_PAGES else 0
        stop = min(end + ahead, pages_in_all)
        self._next = stop
        answer = self._client.fetch(
            self._object, begin * PAGE_BYTES, min(stop * PAGE_BYTES, self.size), self._known
        )
        data = answer.data
        _keep(self._pages, self._key, begin, data)
        return {
            begin + number: data[at : at + PAGE_BYTES]
            for number, at in enumerate(range(0, len(data), PAGE_BYTES))
        }


def _runs(missing: list[int]) -> list[tuple[int, int]]:
    """Return neighbouring pages as (first, end), of bounded length; small gaps are read over."""
    runs: list[tuple[int, int]] = []
    for page in missing:
        if runs and page - runs[-1][1] <= 1 and page - runs[-1][0] < _MOST_PAGES:
            runs[-1] = (runs[-1][0], page + 1)
        else:
            runs.append((page, page + 1))
    return runs
