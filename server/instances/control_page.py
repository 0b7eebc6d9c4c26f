"""A page of memory that the front shares with one instance: deadlines, cancel bytes, a few counts, a heartbeat.

The front writes a request's slot before it sends the frame; the instance looks at it between strips.
So a request is cancelled without a message, however deep in a kernel loop the instance is. The instance
writes the id of the request into its slot when it begins to work on it: after its death the front
knows which request to suspect, and which only stood behind it.

    64 bytes    counts of the instance (float64 each, see `Counts`) · time of its last heartbeat f64
    slots       32 bytes each: id in work u64 · deadline f64 (CLOCK_MONOTONIC) · limit f64 (s) · cancel u8
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from dataclasses import dataclass

from engine.errors import Cancelled, DeadlineExceeded

SLOTS = 64
_COUNTS = struct.Struct("<6d")
_COUNT = struct.Struct("<d")
_OPEN_SERVICES_AT = 2 * _COUNT.size
_BEAT = struct.Struct("<d")
_BEAT_AT = _COUNTS.size
_WORK = struct.Struct("<Q")
_TERMS = struct.Struct("<dd?")
_FIRST_SLOT = 64
_SLOT_BYTES = 32
_PAGE_BYTES = _FIRST_SLOT + SLOTS * _SLOT_BYTES
_TERMS_AT = _WORK.size
_CANCEL_AT = 24


@dataclass(frozen=True, slots=True)
class Counts:
    """What an instance tells of itself, without being asked."""

    answered: float = 0.0
    busy_s: float = 0.0
    open_services: float = 0.0
    block_cache_bytes: float = 0.0
    block_hits: float = 0.0
    block_misses: float = 0.0


class ControlPage:
    """The mapped page; both sides use this class, each its own half."""

    def __init__(self, descriptor: int) -> None:
        self._map = mmap.mmap(descriptor, _PAGE_BYTES)

    @classmethod
    def create(cls) -> tuple[ControlPage, int]:
        """Return a new page and the descriptor that maps it; the caller closes the descriptor."""
        descriptor = os.memfd_create("swath-control", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, _PAGE_BYTES)
        return cls(descriptor), descriptor

    def close(self) -> None:
        """Unmap the page."""
        self._map.close()

    def begin(self, slot: int, deadline: float, limit_s: float) -> None:
        """Write a request's terms into its slot (front); `limit_s` is what the deadline was made from."""
        at = _FIRST_SLOT + slot * _SLOT_BYTES + _TERMS_AT
        _TERMS.pack_into(self._map, at, deadline, limit_s, False)  # noqa: FBT003 -- struct's own signature

    def cancel(self, slot: int) -> None:
        """Tell the instance that nobody waits for this slot's answer (front)."""
        self._map[_FIRST_SLOT + slot * _SLOT_BYTES + _CANCEL_AT] = 1

    def counts(self) -> Counts:
        """Return what the instance last told (front)."""
        return Counts(*_COUNTS.unpack_from(self._map, 0))

    def tell(self, counts: Counts) -> None:
        """Publish the instance's counts (instance)."""
        _COUNTS.pack_into(
            self._map,
            0,
            counts.answered,
            counts.busy_s,
            counts.open_services,
            counts.block_cache_bytes,
            counts.block_hits,
            counts.block_misses,
        )

    def tell_open_services(self, count: int) -> None:
        """Publish the one count that changes without an answer (instance)."""
        _COUNT.pack_into(self._map, _OPEN_SERVICES_AT, count)

    def beat(self, now: float) -> None:
        """Tell that this process runs (instance)."""
        _BEAT.pack_into(self._map, _BEAT_AT, now)

    def last_beat(self) -> float:
        """Return when the instance last told that it runs, 0 = never (front)."""
        beat: float = _BEAT.unpack_from(self._map, _BEAT_AT)[0]
        return beat

    def work_on(self, slot: int, request_id: int) -> SlotBudget:
        """Say that work on the request in `slot` begins, and return its budget (instance)."""
        at = _FIRST_SLOT + slot * _SLOT_BYTES
        _WORK.pack_into(self._map, at, request_id)
        deadline, limit_s, _ = _TERMS.unpack_from(self._map, at + _TERMS_AT)
        return SlotBudget(self._map, at + _CANCEL_AT, deadline, limit_s)

    def was_begun(self, slot: int, request_id: int) -> bool:
        """Tell whether the instance has begun to work on a request (front)."""
        begun: int = _WORK.unpack_from(self._map, _FIRST_SLOT + slot * _SLOT_BYTES)[0]
        return begun == request_id

    def has_worked(self) -> bool:
        """Tell whether the instance has ever begun to work on a request (front)."""
        slots = range(_FIRST_SLOT, _PAGE_BYTES, _SLOT_BYTES)
        return any(_WORK.unpack_from(self._map, at)[0] for at in slots)


class SlotBudget:
    """An `engine.budget.Budget` that looks at one slot of the control page."""

    __slots__ = ("_cancel_at", "_deadline", "_limit_s", "_map")

    def __init__(self, page: mmap.mmap, cancel_at: int, deadline: float, limit_s: float) -> None:
        self._map = page
        self._cancel_at = cancel_at
        self._deadline = deadline
        self._limit_s = limit_s

    def check(self) -> None:
        """Return when the work may go on.

        Raises
        ------
        DeadlineExceeded, Cancelled
        """
        if self._map[self._cancel_at]:
            raise Cancelled
        if time.monotonic() > self._deadline:
            raise DeadlineExceeded(self._limit_s)

    def remaining_s(self) -> float:
        """Return the seconds until the deadline, never negative."""
        return max(0.0, self._deadline - time.monotonic())
