"""Stop asking storage that does not answer, and ask again by and by.

Closed: all may ask. After failures in a row it opens: nobody asks, and whoever wants to is told so at
once. Half open, after a pause: one asks for all; what comes of that closes it or doubles the pause.
"""

from __future__ import annotations

import logging
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


class Breaker:
    """The breaker of one connection in one process.

    Parameters
    ----------
    name : str
        Of the connection, for the error.
    clock : function
        Seconds that never go back.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause_s = FIRST_PAUSE_S
        self._open_until = 0.0
        self._is_probed = False

    @property
    def is_open(self) -> bool:
        """Whether nobody may ask now, but for one that tries."""
        return self._failures >= THRESHOLD

    def enter(self) -> bool:
        """Ask for leave; True = this is the one that tries whether storage is back.

        Raises
        ------
        StorageDown
        """
        with self._lock:
            if not self.is_open:
                return False
            left = self._open_until - self._clock()
            if left > 0 or self._is_probed:
                raise StorageDown(self._name, max(1.0, left))
            self._is_probed = True
            return True

    def succeed(self) -> None:
        """Note an answer, whatever it says of the object."""
        with self._lock:
            if self.is_open:
                _log.warning("the storage of connection %r answers again", self._name)
            self._failures, self._pause_s, self._is_probed = 0, FIRST_PAUSE_S, False

    def fail(self) -> None:
        """Note that there was no answer, or one that cannot be used."""
        with self._lock:
            was_open = self.is_open
            self._failures += 1
            if was_open and self._is_probed:
                self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
            if self.is_open:
                self._open_until = self._clock() + self._pause_s
                if not was_open:
                    _log.warning(
                        "the storage of connection %r fails: not asked for now", self._name
                    )
            self._is_probed = False

    def leave(self) -> None:
        """Note that asking was given up for reasons of our own."""
        with self._lock:
            self._is_probed = False
