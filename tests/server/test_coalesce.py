"""Coalescing with real futures; the pool's flights are made by hand."""

import asyncio

import pytest

from engine.errors import InternalError
from server.coalesce import Coalescer
from server.instances.dispatch import Flight
from server.instances.job import Reply

KEY = ("v", "s", b"q")


class Flights:
    """Stands where the pool stands: hands out flights that the test settles."""

    def __init__(self):
        self.made = []
        self.abandoned = []

    def fly(self, job):
        future = asyncio.get_running_loop().create_future()
        flight = Flight(
            id=len(self.made),
            head=b"",
            future=future,
            cell=None,
            is_light=True,
            is_small=True,
            limit_s=1,
            deadline=1,
            wait_until=1,
        )
        self.made.append(flight)
        return flight

    def abandon(self, flight):
        self.abandoned.append(flight)
        flight.future.cancel()


def reply():
    return Reply(media_type="a/b", body=b"x")


async def ask_all(coalescer, count, key=KEY):
    tasks = [asyncio.create_task(coalescer.ask(key, None)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_fifty_askers_make_one_flight():
    pool = Flights()
    coalescer = Coalescer(pool)
    tasks = await ask_all(coalescer, 50)
    assert len(pool.made) == 1
    made = reply()
    pool.made[0].future.set_result(made)
    assert all(found is made for found in await asyncio.gather(*tasks))
    assert len(coalescer) == 0
    assert coalescer.joined == 49


async def test_other_questions_fly_alone():
    pool = Flights()
    coalescer = Coalescer(pool)
    await ask_all(coalescer, 1)
    await ask_all(coalescer, 1, ("v2", "s", b"q"))
    assert len(pool.made) == 2
    for flight in pool.made:
        flight.future.set_result(reply())


async def test_a_failure_is_everybodys_and_does_not_stick():
    pool = Flights()
    coalescer = Coalescer(pool)
    tasks = await ask_all(coalescer, 3)
    pool.made[0].future.set_exception(InternalError("r"))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in found] == [InternalError] * 3
    (again,) = await ask_all(coalescer, 1)
    pool.made[1].future.set_result(reply())
    assert (await again).body == b"x"


async def test_the_first_asker_may_leave():
    pool = Flights()
    coalescer = Coalescer(pool)
    first, second = await ask_all(coalescer, 2)
    first.cancel()
    await asyncio.sleep(0)
    assert pool.abandoned == []
    pool.made[0].future.set_result(reply())
    assert (await second).body == b"x"


async def test_the_last_to_leave_stops_the_render():
    pool = Flights()
    coalescer = Coalescer(pool)
    tasks = await ask_all(coalescer, 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert pool.abandoned == pool.made
    assert len(coalescer) == 0


async def test_an_abandoned_render_is_not_joined_and_forgets_only_itself():
    pool = Flights()
    coalescer = Coalescer(pool)
    (task,) = await ask_all(coalescer, 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (again,) = await ask_all(coalescer, 1)
    await asyncio.sleep(0)
    assert len(pool.made) == 2
    assert len(coalescer) == 1
    with pytest.raises(asyncio.CancelledError):
        pool.made[0].future.result()
    pool.made[1].future.set_result(reply())
    assert (await again).body == b"x"
