"""Stop asking storage that does not answer, and ask again by and by.

Closed: all may ask. After failures in a row it opens: nobody asks, and whoever wants to is told so at
once. Half open, after a pause: one asks for all; what comes of that closes it or doubles the pause.

All processes forked after `share_breakers` share the state, so that a failure is found out once, not once
by each of them. They share it without a lock, which could be lost with its holder: what two note at the same
moment may count once, and two may try. Who tries does so for a time only, and may die meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
import mmap
import threading
import time
from typing import TYPE_CHECKING

from engine.errors import StorageDown

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("swath.storage")

THRESHOLD = 4
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0
_ROWS = 256
# Key of the row, failures in a row, pause and end of the pause: eight bytes each, written at once.
_KEY, _FAILURES, _PAUSE_S, _OPEN_UNTIL, _FIELDS = 0, 1, 2, 3, 4


class _Shared:
    """Rows that processes share; none until `share_breakers`."""

    page: memoryview[float] | None = None


def share_breakers() -> None:
    """Let this process and those forked from it share the state of breakers with the same identity."""
    _Shared.page = memoryview(mmap.mmap(-1, _ROWS * _FIELDS * 8)).cast("d")


def _row(identity: str) -> memoryview[float]:
    """Return the row of an identity: a shared one while there are some left, else one of its own."""
    page = _Shared.page
    if page is not None and identity:
        digest = hashlib.blake2b(identity.encode(), digest_size=6).digest()
        # An integer that a float holds exactly; 0 marks a free row.
        key = float(int.from_bytes(digest, "big") + 1)
        for step in range(_ROWS):
            at = (int(key) + step) % _ROWS * _FIELDS
            if page[at + _KEY] in (0.0, key):
                page[at + _KEY] = key
                return page[at : at + _FIELDS]
    return memoryview(bytearray(_FIELDS * 8)).cast("d")


class Breaker:
    """The breaker of one connection.

    Parameters
    ----------
    name : str
        Of the connection, for the error.
    clock : function
        Seconds that never go back, the same for all processes.
    try_s : float
        Who tries has so long, before another does.
    identity : str
        Breakers of the same identity share their state, see `share_breakers`; "" = nothing is shared.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        try_s: float = 20.0,
        identity: str = "",
    ) -> None:
        self._name = name
        self._clock = clock
        self._try_s = try_s
        self._lock = threading.Lock()
        self._row = _row(identity)
        self._is_trying = False

    @property
    def is_open(self) -> bool:
        """Whether nobody may ask now, but for one that tries."""
        return self._row[_FAILURES] >= THRESHOLD

    def enter(self) -> bool:
        """Ask for leave; True = this is the one that tries whether storage is back.

        Raises
        ------
        StorageDown
        """
        with self._lock:
            if not self.is_open:
                return False
            left = self._row[_OPEN_UNTIL] - self._clock()
            if left > 0:
                raise StorageDown(self._name, min(self._row[_PAUSE_S], max(1.0, left)))
            self._row[_OPEN_UNTIL] = self._clock() + self._try_s
            self._is_trying = True
            return True

    def succeed(self) -> None:
        """Note an answer, whatever it says of the object."""
        with self._lock:
            if self.is_open:
                _log.warning("the storage of connection %r answers again", self._name)
            self._row[_FAILURES] = 0.0
            self._row[_OPEN_UNTIL] = 0.0
            self._is_trying = False

    def fail(self) -> None:
        """Note that there was no answer, or one that cannot be used."""
        with self._lock:
            row, was_open, was_trying = self._row, self.is_open, self._is_trying
            self._is_trying = False
            if not was_open:
                row[_PAUSE_S] = FIRST_PAUSE_S
            elif was_trying:
                row[_PAUSE_S] = min(LONGEST_PAUSE_S, 2 * row[_PAUSE_S])
            until = self._clock() + row[_PAUSE_S]
            # What began before it opened and fails late does not shorten another's try.
            row[_OPEN_UNTIL] = until if was_trying else max(until, row[_OPEN_UNTIL])
            # At last: this process may be killed in between.
            row[_FAILURES] += 1.0
            if self.is_open and not was_open:
                _log.warning("the storage of connection %r fails: not asked for now", self._name)

    def leave(self) -> None:
        """Note that asking was given up for reasons of our own."""
        with self._lock:
            if self._is_trying:
                self._row[_OPEN_UNTIL] = self._clock()
            self._is_trying = False
