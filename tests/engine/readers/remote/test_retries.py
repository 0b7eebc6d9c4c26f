"""Pauses between attempts grow and differ; retries are bounded by requests."""

from __future__ import annotations

from engine.readers.remote.retries import ATTEMPTS, RetryBudget, pause_s


def test_pauses_of_one_read_outlast_two_seconds_of_overload():
    assert sum(pause_s(attempt) for attempt in range(1, ATTEMPTS)) > 2.0


def test_pauses_are_not_all_alike():
    assert len({pause_s(2) for _ in range(20)}) > 10


def test_what_storage_asks_for_is_waited():
    assert pause_s(1, 3.0) == 3.0


def test_retries_run_out_and_come_back_with_requests():
    budget = RetryBudget()
    assert [budget.take() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(4):
        budget.count_request()
    assert budget.take() is False
    for _ in range(2):
        budget.count_request()
    assert budget.take() is True
    assert budget.take() is False
