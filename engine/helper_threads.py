"""The helper threads of a process: they share the work of one request, never that of several.

Made at first use, so that nothing of them exists before a fork. A helper never waits for a helper.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

# Instances are as many as cores: a second thread shortens one request where another core is idle,
# more would only add threads to a busy machine.
THREADS = min(2, os.cpu_count() or 1)

_NAME = "helper"
# Bytes copied at a time, and from how many on two threads copy.
_PORTION = 1 << 21
_LEAST_COPIED = 1 << 23


# By niceness: who helps urgent work must not stand back where it does not, or the work waits for its helper.
_executors: dict[int, ThreadPoolExecutor] = {}


def submit(task: Callable[[], None]) -> Future[None]:
    """Run a task on a helper thread that is as urgent as this one."""
    niceness = os.getpriority(os.PRIO_PROCESS, 0)  # on Linux, of the calling thread
    executor = _executors.get(niceness)
    if executor is None:
        # Its thread is begun by the first who submits, and inherits its niceness.
        executor = _executors[niceness] = ThreadPoolExecutor(max(1, THREADS - 1), _NAME)
    return executor.submit(task)


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
    # What the request may spend is said by the context.
    context = contextvars.copy_context()
    other = submit(lambda: context.run(task))
    try:
        task()
    finally:
        if not other.cancel():
            wait([other])
    if not other.cancelled():
        other.result()


def fill(target: NDArray[np.uint8], source: NDArray[np.uint8]) -> None:
    """Copy bytes of the same shape, on two threads where there are many."""
    if target.size < _LEAST_COPIED or not can_share():
        target[:] = source
        return
    portions = deque(range(0, target.size, _PORTION))

    def copy_some() -> None:
        while portions:
            try:
                start = portions.popleft()
            except IndexError:  # the other thread has taken the last one
                return
            target[start : start + _PORTION] = source[start : start + _PORTION]

    share(copy_some)
