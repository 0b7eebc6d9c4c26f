"""What askers of one question share, with flights made by hand (server.answers.answers)."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from config.definition import ServiceProperties
from engine.errors import InvalidParameter, Overloaded, SourceUnavailable
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from server.answers.answers import Answers, Search
from server.answers.coalesce import Coalescer
from server.answers.response_cache import ResponseCache
from server.instances.flight import Flight
from server.instances.job import Job, Reply
from server.metrics.counts import Metrics
from server.site.service_registry import Predecessor, PublishedService
from tests.server.instances.flights import flight

PICTURE = ImageRequest(view=View(width=1, height=1), encoding=Encoding(format="png"))
KEY, OLD = ("v2", "s", b"q"), ("v1", "s", b"q")


class Pools:
    """Stands where the pools stand: hands out flights that the test settles."""

    def __init__(self):
        self.flights = []
        self.waited = []
        self.abandoned = []

    def fly(self, job, waited_s=0.0):
        made = flight(len(self.flights))
        made.future = asyncio.get_running_loop().create_future()
        self.flights.append(made)
        self.waited.append(waited_s)
        return made

    def abandon(self, gone):
        self.abandoned.append(gone)
        gone.future.cancel()


def job(**properties):
    summary = SimpleNamespace(properties=ServiceProperties(**properties))
    before = (Predecessor("v1", time.monotonic()),)
    service = PublishedService(name="s", version="v2", path="", summary=summary, before=before)
    return Job(service=service, request=PICTURE, operation="o")


def reply(body=b"new", **fields):
    return Reply(media_type="a/b", body=body, **fields)


@pytest.fixture
def pools():
    return Pools()


@pytest.fixture
def answers(pools):
    found = Answers(ResponseCache(1 << 20), None, Coalescer(pools), Metrics())
    found.memory.put(OLD, reply(b"old"))
    return found


async def ask(answers, pools, asked, outcome):
    """Ask, let the flight end in `outcome`, and return the answer."""
    task = asyncio.create_task(answers.ask(KEY, asked))
    async with asyncio.timeout(10):
        while not pools.flights or pools.flights[-1].future.done():  # noqa: ASYNC110 -- no event
            await asyncio.sleep(0)
    future = pools.flights[-1].future
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return await task


@pytest.mark.parametrize("error", [Overloaded(), SourceUnavailable("/x.tif", "gone")])
async def test_faults_of_load_and_storage_are_bridged(answers, pools, error):
    found = await ask(answers, pools, job(stale_if_error_s=60), error)
    assert (found.reply.body, found.stale.why) == (b"old", "error")
    assert answers.counts().stale_if_error == 1
    # It does not become the answer of this version.
    assert answers.memory.peek(KEY) is None


async def test_a_wrong_question_stays_one(answers, pools):
    with pytest.raises(InvalidParameter):
        await ask(answers, pools, job(stale_if_error_s=60), InvalidParameter("a", "b", "c"))


async def test_where_it_is_not_allowed_the_fault_is_told(answers, pools):
    with pytest.raises(Overloaded):
        await ask(answers, pools, job(), Overloaded())


async def test_a_whole_older_answer_is_better_than_one_with_a_gap(answers, pools):
    gap = reply(b"gap", cacheable=False)
    found = await ask(answers, pools, job(stale_if_error_s=60), gap)
    assert (found.reply.body, found.stale.why) == (b"old", "error")
    found = await ask(answers, pools, job(), gap)
    assert (found.reply.body, found.stale) == (b"gap", None)


async def test_a_plain_service_goes_straight_to_a_flight(answers, pools):
    asked = answers.join(KEY, job())
    assert isinstance(asked, Flight)
    answers.leave(asked)
    assert pools.abandoned == [asked]


async def test_the_last_asker_who_leaves_ends_the_search_and_its_render(answers, pools):
    asked = job(stale_if_error_s=60)
    searches = [answers.join(KEY, asked) for _ in range(3)]
    assert isinstance(searches[0], Search)
    assert len(set(map(id, searches))) == 1
    await asyncio.sleep(0.01)
    for search in searches[:2]:
        answers.leave(search)
    assert pools.abandoned == []
    answers.leave(searches[2])
    await asyncio.sleep(0.01)
    assert pools.abandoned == pools.flights
    # The next asker begins anew.
    found = await ask(answers, pools, asked, reply())
    assert (found.reply.body, found.stale) == (b"new", None)


async def test_who_asks_again_has_the_time_that_is_left(answers, pools):
    answers.memory.clear()
    first, second = (
        asyncio.create_task(answers.ask(KEY, job(stale_if_error_s=60))) for _ in range(2)
    )
    await asyncio.sleep(0.02)
    pools.flights[0].future.set_exception(Overloaded())
    with pytest.raises(Overloaded):
        await first
    await asyncio.sleep(0.01)
    assert pools.waited[0] == 0.0
    assert pools.waited[1] >= 0.02
    pools.flights[1].future.set_result(reply())
    assert (await second).reply.body == b"new"


async def test_what_was_begun_before_a_clearing_is_not_kept(answers, pools):
    asked = asyncio.create_task(answers.ask(KEY, job()))
    await asyncio.sleep(0.01)
    assert answers.clear("s") == (1, 0)
    made = reply(b"of before", stages={"total": 50.0})
    pools.flights[-1].future.set_result(made)
    assert (await asked).reply is made
    assert answers.memory.peek(KEY) is None
    await asyncio.sleep(0.06)
    again = reply(b"after", stages={"total": 1.0})
    assert (await ask(answers, pools, job(), again)).reply is again
    assert answers.memory.peek(KEY) is again
