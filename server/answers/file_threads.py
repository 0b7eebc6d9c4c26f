"""Threads for what would block the event loop: files that may lie on a slow, full or hanging disk.

They are daemons: a disk that hangs keeps nobody from stopping.
"""

from __future__ import annotations

import asyncio
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class FileThreads:
    """A few threads that take work in the order in which it is given.

    Parameters
    ----------
    name
        Shown in lists of threads.
    """

    def __init__(self, name: str, count: int = 1) -> None:
        self._orders: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = (
            SimpleQueue()
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Return the outcome of `work`, done in one of the threads; on the event loop."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._orders.put((work, future))
        return future

    async def end(self, within_s: float) -> None:
        """Let the threads do what waits already and end, but wait no longer than so long for it."""
        for _ in self._threads:
            self._orders.put(None)
        async with asyncio.timeout(within_s):
            while any(thread.is_alive() for thread in self._threads):  # noqa: ASYNC110 -- threads have no event
                await asyncio.sleep(0.01)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            work, future = order
            if future.cancelled():
                continue
            try:
                outcome, error = work(), None
            except Exception as err:
                outcome, error = None, err
            try:
                future.get_loop().call_soon_threadsafe(_settle, future, outcome, error)
            except RuntimeError:  # the loop has ended: nobody waits any more
                return


def _settle(future: asyncio.Future[Any], outcome: object, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(outcome)
    else:
        future.set_exception(error)
