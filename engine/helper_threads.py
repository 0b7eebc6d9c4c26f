"""The helper threads of a process: they share the work of one request, never that of several.

Made at first use, so that nothing of them exists before a fork. A helper never waits for a helper.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Instances are as many as cores: a second thread shortens one request where another core is idle,
# more would only add threads to a busy machine.
THREADS = min(2, os.cpu_count() or 1)

_NAME = "helper"


class _Pool:
    executor: ThreadPoolExecutor | None = None


def submit(task: Callable[[], None]) -> Future[None]:
    """Run a task on a helper thread."""
    if _Pool.executor is None:
        _Pool.executor = ThreadPoolExecutor(max(1, THREADS - 1), thread_name_prefix=_NAME)
    return _Pool.executor.submit(task)


def can_share() -> bool:
    """Tell whether this thread may ask for help."""
    return THREADS > 1 and not threading.current_thread().name.startswith(_NAME)


def share(task: Callable[[], None]) -> None:
    """Run a task here and on a helper at once, and return when both have ended.

    The task takes its portions from somewhere common to both, until there are none. A helper that has
    not begun by the time this thread is through is not waited for.

    Raises
    ------
    Whatever the task raises, on either thread.
    """
    other = submit(task)
    try:
        task()
    finally:
        if not other.cancel():
            wait([other])
    if not other.cancelled():
        other.result()
