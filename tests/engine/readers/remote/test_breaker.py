"""The breaker of a connection: opens after failures in a row, lets one try, closes by an answer."""

from __future__ import annotations

import os

import pytest

from engine.errors import StorageDown
from engine.readers.remote import breaker as module
from engine.readers.remote.breaker import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    THRESHOLD,
    Breaker,
    share_breakers,
)


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


@pytest.fixture
def shared(monkeypatch):
    monkeypatch.setattr(module._Shared, "page", None)
    share_breakers()


def _in_a_fork(work):
    """Run `work` in a process forked from this one."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


@pytest.mark.usefixtures("shared")
def test_what_one_process_finds_out_others_know(clock):
    ours = Breaker("store", clock, identity="store http://here/")
    _in_a_fork(lambda: _opened(Breaker("store", clock, identity="store http://here/")))
    assert ours.is_open
    with pytest.raises(StorageDown):
        ours.enter()
    Breaker("other", clock, identity="other http://here/").enter()
    Breaker("store", clock).enter()
    _in_a_fork(ours.succeed)
    assert ours.enter() is False


@pytest.mark.usefixtures("shared")
def test_one_process_tries_for_all_and_another_when_it_dies(clock):
    ours = _opened(Breaker("store", clock, try_s=5.0, identity="s"))
    clock.now += FIRST_PAUSE_S
    # It enters, and never comes back.
    _in_a_fork(ours.enter)
    with pytest.raises(StorageDown):
        ours.enter()
    clock.now += 5.0
    assert ours.enter() is True


@pytest.mark.usefixtures("shared")
def test_more_breakers_than_there_are_rows_share_nothing_but_work(clock):
    many = [Breaker("store", clock, identity=str(n)) for n in range(module._ROWS + 10)]
    for each in many[::7]:
        _opened(each)
    assert [each.is_open for each in many] == [n % 7 == 0 for n in range(len(many))]
