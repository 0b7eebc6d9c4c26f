"""Statements of SQLite that take long are ended when their time is up."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import ImageServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.budget import Budget

_STEPS_BETWEEN_CHECKS = 20_000


@contextmanager
def watched(handle: sqlite3.Connection, budget: Budget) -> Iterator[None]:
    """Let `budget` end the statements of a handle.

    Raises
    ------
    DeadlineExceeded, Cancelled
        As `budget.check` says.
    """
    stopped: list[ImageServerError] = []

    def check() -> int:
        try:
            budget.check()
        except ImageServerError as err:
            stopped.append(err)
            return 1
        return 0

    handle.set_progress_handler(check, _STEPS_BETWEEN_CHECKS)
    try:
        yield
    except sqlite3.OperationalError as err:
        if stopped:
            raise stopped[0] from err
        raise
    finally:
        handle.set_progress_handler(None, 0)
