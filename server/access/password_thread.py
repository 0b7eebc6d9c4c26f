"""One thread that compares passwords, beside the event loop, with a bounded queue before it.

One at a time: a comparison takes a core for some 40 ms and 19 MiB, and rendering goes before it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from engine.errors import TooManyAttempts
from server.access.passwords import is_right

_MAX_WAITING = 32
_EACH_S = 0.05
_NICE = 10


class PasswordThread:
    """Compares passwords one after the other."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "swath-passwords", initializer=_step_back)
        self._waiting = 0

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Compare a password with what is kept; None = there is no such user.

        Raises
        ------
        TooManyAttempts
            Too many wait already.
        """
        if self._waiting >= _MAX_WAITING:
            raise TooManyAttempts(max(1.0, _MAX_WAITING * _EACH_S))
        self._waiting += 1
        loop = asyncio.get_running_loop()
        comparing = loop.run_in_executor(self._executor, is_right, kept, password)
        # Not when the caller is cancelled: the thread goes on with it.
        comparing.add_done_callback(self._one_less)
        return await asyncio.shield(comparing)

    def close(self) -> None:
        """End the thread; what waits is dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _one_less(self, _: asyncio.Future[bool]) -> None:
        self._waiting -= 1


def _step_back() -> None:
    """Let everything else go first; Linux counts threads as processes there."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
