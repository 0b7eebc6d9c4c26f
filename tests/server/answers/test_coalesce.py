"""Coalescing with real futures; the pool's flights are made by hand."""

import asyncio

import pytest

from engine.errors import DeadlineExceeded, InstanceLost, InternalError, Overloaded
from server.answers.coalesce import Coalescer
from server.instances.job import Reply
from tests.server.instances.flights import flight

KEY = ("v", "s", b"q")


class Flights:
    """Stands where the pool stands: hands out flights that the test settles."""

    def __init__(self):
        self.made = []
        self.waited = []
        self.abandoned = []

    def fly(self, job, waited_s):
        made = flight(len(self.made))
        made.future = asyncio.get_running_loop().create_future()
        self.made.append(made)
        self.waited.append(waited_s)
        return made

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
    for made in pool.made:
        made.future.set_result(reply())


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


@pytest.mark.parametrize("fate", [DeadlineExceeded(1.0), InstanceLost(), Overloaded(3.0)])
async def test_what_befalls_the_first_does_not_take_the_others_along(fate):
    pool = Flights()
    coalescer = Coalescer(pool)
    first, *others = await ask_all(coalescer, 4)
    await asyncio.sleep(0.01)
    pool.made[0].future.set_exception(fate)
    with pytest.raises(type(fate)):
        await first
    await asyncio.sleep(0)
    assert len(pool.made) == 2
    # What of their time is over stays over.
    assert pool.waited[0] == 0.0
    assert pool.waited[1] >= 0.01
    pool.made[1].future.set_result(reply())
    assert [found.body for found in await asyncio.gather(*others)] == [b"x"] * 3
    assert len(coalescer) == 0


async def test_a_question_that_fails_twice_is_asked_no_third_time():
    pool = Flights()
    coalescer = Coalescer(pool)
    tasks = await ask_all(coalescer, 3)
    for number in range(2):
        pool.made[number].future.set_exception(InstanceLost())
        await asyncio.sleep(0.001)
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in found] == [InstanceLost] * 3
    assert len(pool.made) == 2
    assert len(coalescer) == 0


async def test_who_asks_again_may_be_refused():
    pool = Flights()
    coalescer = Coalescer(pool)
    first, second = await ask_all(coalescer, 2)

    def refuse(job, waited_s):
        raise Overloaded(7.0)

    pool.fly = refuse
    pool.made[0].future.set_exception(DeadlineExceeded(1.0))
    found = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(error) for error in found] == [DeadlineExceeded, Overloaded]
    assert len(coalescer) == 0
