"""Answers made while nobody waits for them."""

import asyncio
from dataclasses import dataclass, field

from engine.errors import Overloaded
from server.answers.refresher import Refresher


@dataclass(frozen=True)
class Asked:
    """Stands where a job stands."""

    number: int
    client: str = field(default="someone", compare=False)


async def until_idle(refresher):
    async with asyncio.timeout(10):
        while refresher._task is not None and not refresher._task.done():  # noqa: ASYNC110 -- no event
            await asyncio.sleep(0.005)


def refresher_of(make, is_wanted=lambda _: True, is_busy=lambda: False):
    return Refresher(make, is_wanted, is_busy)


async def test_one_question_is_refreshed_once_and_one_at_a_time():
    made, at_once, gate = [], [], asyncio.Event()

    async def make(key, job):
        at_once.append(key)
        await gate.wait()
        made.append((key, job.client))
        assert at_once.pop() == key
        assert not at_once

    refresher = refresher_of(make)
    for _ in range(5):
        for number in range(3):
            refresher.want(("v", "s", bytes([number])), Asked(number))
        await asyncio.sleep(0.001)
    gate.set()
    await until_idle(refresher)
    assert made == [(("v", "s", bytes([number])), "refresh") for number in range(3)]
    assert refresher.made == 3


async def test_it_waits_for_those_who_wait():
    busy, made = [True], []

    async def make(key, job):
        made.append(job.number)

    refresher = refresher_of(make, is_busy=lambda: busy[0])
    refresher.want(("v", "s", b""), Asked(1))
    await asyncio.sleep(0.1)
    assert made == []
    busy[0] = False
    await until_idle(refresher)
    assert made == [1]


async def test_a_failure_and_a_version_that_has_gone_end_nothing(monkeypatch):
    monkeypatch.setattr("server.answers.refresher._AFTER_FAILURE_S", 0)
    made = []

    async def make(key, job):
        if job.number == 1:
            raise Overloaded
        made.append(job.number)

    refresher = refresher_of(make, is_wanted=lambda job: job.number != 2)
    for number in (1, 2, 3):
        refresher.want(("v", "s", bytes([number])), Asked(number))
    await until_idle(refresher)
    assert made == [3]
    assert (refresher.made, refresher.failed) == (1, 1)


async def test_too_many_are_not_wanted():
    async def make(key, job):
        await asyncio.sleep(0)

    refresher = refresher_of(make, is_busy=lambda: True)
    for number in range(5000):
        refresher.want(("v", "s", b"%d" % number), Asked(number))
    assert len(refresher) == 1024
    refresher.stop()
    assert len(refresher) == 0
