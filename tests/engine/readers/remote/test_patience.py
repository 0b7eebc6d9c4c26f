"""A read waits no longer than its own limit and its request's budget allow."""

from __future__ import annotations

import contextvars
import time

import pytest

from engine.errors import Cancelled, DeadlineExceeded, StorageError
from engine.helper_threads import share
from engine.readers.remote.patience import Patience, reading_for


class _Budget:
    def __init__(self, seconds, error=None):
        self._end = time.monotonic() + seconds
        self._error = error or DeadlineExceeded(1.0)

    def check(self):
        if time.monotonic() > self._end:
            raise self._error

    def remaining_s(self):
        return max(0.0, self._end - time.monotonic())


def test_sleep_ends_with_the_budget():
    with reading_for(_Budget(0.05)), pytest.raises(DeadlineExceeded):
        Patience(60.0).sleep(30.0)


def test_client_that_left_is_noticed_while_waiting():
    with reading_for(_Budget(0.05, Cancelled())), pytest.raises(Cancelled):
        Patience(60.0).sleep(30.0)


def test_own_limit_counts_without_a_budget():
    patience = Patience(0.0)
    assert patience.left_s() == 0.0
    patience.check()


def test_slices_are_short():
    assert 0 < Patience(60.0).slice_s(time.monotonic() + 50) <= 0.2


def test_budget_goes_with_shared_work_to_the_helper_and_no_further():
    budget, seen = _Budget(60.0), []
    places = [0, 1]

    def task():
        while places:
            places.pop()
            seen.append(Patience(100.0)._spending.budget)
            time.sleep(0.05)

    with reading_for(budget):
        share(task)
    assert seen == [budget, budget]
    assert contextvars.copy_context().run(lambda: Patience(1.0)._spending.budget) is not budget


def test_failure_of_one_read_ends_the_others_of_its_request():
    failure = StorageError("store", "does not answer")
    with reading_for(_Budget(60.0)):
        waiting, other = Patience(60.0), Patience(60.0)
        other.fail(failure)
        with pytest.raises(StorageError):
            waiting.sleep(30.0)
    with reading_for(_Budget(60.0)):
        Patience(60.0).check()


def test_reads_of_commands_fail_each_for_itself():
    Patience(60.0).fail(StorageError("store", "does not answer"))
    Patience(60.0).check()
