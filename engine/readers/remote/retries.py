"""When to ask storage again: after a pause that grows, and only while retries are few beside requests."""

from __future__ import annotations

import random
import threading

ATTEMPTS = 6
# A server that is silent costs its whole time limit each time.
ATTEMPTS_AFTER_SILENCE = 2
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 1.6
# Of requests, as gRPC has it: a storm of retries keeps storage down that would come back.
_SHARE = 0.2
_RESERVE = 10.0


def pause_s(attempt: int, asked_s: float = 0.0) -> float:
    """Return how long to wait before the next attempt; `attempt` made so many, from 1.

    Parameters
    ----------
    asked_s : float
        What storage asked for with Retry-After.
    """
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (attempt - 1))
    # Jitter, or all instances would come back at the same moment.
    return max(asked_s, random.uniform(0.75, 1.0) * longest)


class RetryBudget:
    """How many retries a connection has left: some at first, then a share of its requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = _RESERVE

    def count_request(self) -> None:
        """Note a request that is no retry."""
        with self._lock:
            self._left = min(_RESERVE, self._left + _SHARE)

    def take(self) -> bool:
        """Tell whether one more retry may be made, and count it."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True
