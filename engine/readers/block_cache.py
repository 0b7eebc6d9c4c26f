"""Decoded blocks of one instance, bounded by bytes, shared by its render threads.

A key holds the file's size and time of change: blocks of an overwritten file are never found again.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from engine.readers.block_reader import Block, BlockRequest, read_planes, read_rgbv

if TYPE_CHECKING:
    from engine.item import Item
    from engine.readers.handles import HandlePool

Form = Literal["rgbv", "planes"]
Key = tuple[object, ...]


@lru_cache(maxsize=4096)
def _crc(packed: bytes) -> int:
    return zlib.crc32(packed)


def block_key(request: BlockRequest, form: Form) -> Key:
    """Return what all blocks of one raster, level and form have in common in their keys."""
    view = request.view
    clip = _crc(request.clip) if request.clip else 0
    if request.seam:
        clip = (clip << 32) | _crc(request.seam)
    averaged = (view.shrink, request.thematic) if view.shrink else 0
    plain = (request.identity, view.index, averaged, request.bands, clip, form)
    return plain if request.prefix is None else (*plain, *request.prefix.key, request.prefix.take)


class Identities:
    """Whole numbers that stand for an item's files and how they are read, so keys stay short.

    Two items (of any services or versions) have one number only if their decoded blocks are equal.
    """

    def __init__(self, max_entries: int = 100_000) -> None:
        self._max_entries = max_entries
        self._next = 0
        self._numbers: dict[tuple[object, ...], int] = {}
        self._lock = threading.Lock()

    def number(self, item: Item) -> int:
        """Return the number of an item; numbers are never used again."""
        facts = (
            item.sources,
            item.bands,
            item.levels,
            item.no_data,
            item.valid_range,
            item.alpha,
            item.dataset_mask,
        )
        with self._lock:
            found = self._numbers.get(facts)
            if found is None:
                if len(self._numbers) >= self._max_entries:
                    self._numbers.clear()
                found = self._numbers[facts] = self._next
                self._next += 1
            return found


class BlockCache:
    """Least recently used blocks leave when the bytes exceed the bound.

    Parameters
    ----------
    max_bytes : int
        Bound on the decoded bytes held.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.nbytes = 0
        self.hits = 0
        self.misses = 0
        self._blocks: OrderedDict[Key, Block] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, key: Key, place: tuple[int, int]) -> Block | None:
        """Return a block that is at hand, or None.

        Parameters
        ----------
        key : tuple
            `block_key(request, form)`.
        place : (row, col)
            Number of the block.
        """
        full = (key, place)
        with self._lock:
            found = self._blocks.get(full)
            if found is not None:
                self._blocks.move_to_end(full)
                self.hits += 1
            return found

    def load(
        self,
        handles: HandlePool,
        request: BlockRequest,
        form: Form,
        key: Key,
        place: tuple[int, int],
    ) -> Block:
        """Decode a block and keep it.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
        """
        read = read_rgbv if form == "rgbv" else read_planes
        block = read(handles, request, *place)
        full = (key, place)
        with self._lock:
            self.misses += 1
            if full not in self._blocks:
                self._blocks[full] = block
                self.nbytes += block.nbytes
            while self.nbytes > self.max_bytes and len(self._blocks) > 1:
                _, old = self._blocks.popitem(last=False)
                self.nbytes -= old.nbytes
        return block

    def clear(self) -> None:
        """Forget all blocks (benchmarks use it for cold rows)."""
        with self._lock:
            self._blocks.clear()
            self.nbytes = 0
