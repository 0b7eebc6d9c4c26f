"""Sharing work with a helper thread."""

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import helper_threads
from engine.helper_threads import can_share, share, submit

pytestmark = pytest.mark.skipif(helper_threads.THREADS < 2, reason="one core: nothing is shared")


def test_all_portions_are_done_by_two_threads():
    portions, done = deque(range(100)), []
    both = threading.Barrier(2, timeout=30)

    def task():
        both.wait()  # neither goes on without the other
        while portions:
            try:
                done.append((portions.popleft(), threading.current_thread().name))
            except IndexError:
                return

    share(task)
    assert sorted(number for number, _ in done) == list(range(100))


def test_a_helper_asks_for_no_help():
    assert can_share()
    assert submit(can_share).result(timeout=30) is False


def test_a_helper_is_as_urgent_as_who_asks_for_help():
    def niceness():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def helped():
        os.nice(3)
        return niceness(), submit(niceness).result(timeout=30)

    assert submit(niceness).result(timeout=30) == niceness()
    with ThreadPoolExecutor(1) as other:
        own, helper = other.submit(helped).result(timeout=30)
    assert own == helper == min(19, niceness() + 3)


@pytest.mark.parametrize("on_helper", [True, False])
def test_an_error_of_either_thread_is_raised(on_helper):
    main = threading.current_thread()
    both = threading.Barrier(2, timeout=30)

    def task():
        both.wait()
        if (threading.current_thread() is not main) == on_helper:
            raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here"):
        share(task)


def test_a_busy_helper_is_not_waited_for():
    release = threading.Event()
    busy = [submit(release.wait) for _ in range(helper_threads.THREADS - 1)]
    ran = []
    share(lambda: ran.append(threading.current_thread().name))
    release.set()
    for task in busy:
        task.result(timeout=30)
    assert ran == [threading.current_thread().name]
