"""Whose time a read spends: the budget of the request that is being answered on this thread.

A context variable, because between the request and the read stands the raster library. Helper threads
take it along (`engine.helper_threads`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from engine.budget import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.budget import Budget
    from engine.errors import StorageError

_SLICE_S = 0.2


class _Spending:
    """The budget of a request, and what storage did to it: one failure ends all its reads."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.failure: StorageError | None = None


_spending: ContextVar[_Spending | None] = ContextVar("spending_of_reads", default=None)


@contextmanager
def reading_for(budget: Budget) -> Iterator[None]:
    """Let reads of this thread spend a request's time until the block ends."""
    token = _spending.set(_Spending(budget))
    try:
        yield
    finally:
        _spending.reset(token)


class Patience:
    """How long one read may still take: its own limit, and what its request has left.

    Parameters
    ----------
    limit_s : float
        Of the read, from now.
    """

    def __init__(self, limit_s: float) -> None:
        # Of commands, which have no budget, each read is for itself.
        self._spending = _spending.get() or _Spending(UNLIMITED)
        self._end = time.monotonic() + limit_s

    def check(self) -> None:
        """Return while somebody waits for the answer.

        Raises
        ------
        DeadlineExceeded, Cancelled
        StorageError
            Another read of the request failed: there will be no answer.
        """
        if self._spending.failure is not None:
            raise self._spending.failure
        self._spending.budget.check()

    def fail(self, error: StorageError) -> None:
        """Note that storage failed the request: its other reads, on any thread, need not wait, too."""
        self._spending.failure = error

    def left_s(self) -> float:
        """Return the seconds until the read's own limit, never negative."""
        return max(0.0, self._end - time.monotonic())

    def slice_s(self, until: float) -> float:
        """Return how long to wait at once, at most until a time: a client that left is soon noticed.

        Raises
        ------
        DeadlineExceeded, Cancelled, StorageError
        """
        self.check()
        left = min(until, self._end) - time.monotonic()
        return max(0.001, min(_SLICE_S, left, self._spending.budget.remaining_s()))

    def sleep(self, seconds: float) -> None:
        """Wait, but not longer than anybody does.

        Raises
        ------
        DeadlineExceeded, Cancelled, StorageError
        """
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            time.sleep(min(self.slice_s(until), until - now))
        self.check()
