"""The breaker of a connection: opens after failures in a row, lets one try, closes by an answer."""

from __future__ import annotations

import pytest

from engine.errors import StorageDown
from engine.readers.remote.breaker import FIRST_PAUSE_S, LONGEST_PAUSE_S, THRESHOLD, Breaker


class _Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return _Clock()


@pytest.fixture
def breaker(clock):
    return Breaker("store", clock)


def _opened(breaker):
    for _ in range(THRESHOLD):
        breaker.fail()
    return breaker


def test_opens_only_after_failures_in_a_row(breaker):
    for _ in range(THRESHOLD - 1):
        breaker.fail()
    breaker.succeed()
    for _ in range(THRESHOLD - 1):
        breaker.fail()
    assert breaker.enter() is False
    breaker.fail()
    with pytest.raises(StorageDown):
        breaker.enter()


def test_one_alone_tries_after_the_pause(breaker, clock):
    _opened(breaker)
    clock.now += FIRST_PAUSE_S
    assert breaker.enter() is True
    with pytest.raises(StorageDown):
        breaker.enter()


def test_answer_to_who_tries_closes_it(breaker, clock):
    _opened(breaker)
    clock.now += FIRST_PAUSE_S
    breaker.enter()
    breaker.succeed()
    assert breaker.enter() is False


def test_pause_doubles_with_each_failed_try_up_to_a_limit(breaker, clock):
    _opened(breaker)
    pauses = []
    for _ in range(8):
        began = clock.now
        while True:
            try:
                breaker.enter()
            except StorageDown:
                clock.now += 0.5
            else:
                break
        pauses.append(clock.now - began)
        breaker.fail()
    assert pauses == [2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE_S, 30.0, 30.0, 30.0]


def test_who_tries_and_gives_up_leaves_the_try_to_others(breaker, clock):
    _opened(breaker)
    clock.now += FIRST_PAUSE_S
    breaker.enter()
    breaker.leave()
    assert breaker.enter() is True
