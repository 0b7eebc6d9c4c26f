"""Who joined another's render of a tile, and what becomes of it: the tile path without instances."""

from __future__ import annotations

import asyncio

import pytest

from config.settings import MemorySettings, Settings
from engine.errors import DeadlineExceeded, InternalError, Overloaded
from server.app import create_app
from server.instances.job import Reply
from tests.server.instances.flights import flight

TILE = "/tiles/test/picture/12/2216/1389.png"


class Flights:
    """Stands where the pools stand: hands out flights that the test settles."""

    def __init__(self):
        self.made, self.jobs, self.waited, self.refusal = [], [], [], None

    def fly(self, job, waited_s=0.0):
        if self.refusal is not None:
            raise self.refusal
        made = flight()
        made.future = asyncio.get_running_loop().create_future()
        self.made.append(made)
        self.jobs.append(job)
        self.waited.append(waited_s)
        return made

    def abandon(self, abandoned):
        abandoned.future.cancel()


@pytest.fixture
async def tiles(data_folder):
    """Return what asks for the tile, and the flights that are made."""
    memory = MemorySettings(response_cache_mb=0, block_cache_mb=32)
    settings = Settings(data=str(data_folder), memory=memory, trusted_proxies=("10.0.0.0/8",))
    app = create_app(settings)
    await app.state.look()
    flights = app.state.coalescer._pools = Flights()
    yield app, flights
    await app.state.stop()


def ask(app, client="192.0.2.7", *headers):
    """Begin to answer; return the list that the status is put into."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": TILE,
        "raw_path": TILE.encode(),
        "query_string": b"",
        "headers": [(b"host", b"x"), *headers],
        "client": (client, 1),
        "scheme": "http",
    }
    statuses = []
    found = app.shortcut._tiles.begin(
        app.shortcut._tiles.match(TILE), scope, lambda status, *_: statuses.append(status)
    )
    return statuses, found


def reply():
    return Reply(media_type="image/png", body=b"x")


async def settle():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_the_first_askers_fate_is_not_that_of_who_joined(tiles):
    app, flights = tiles
    first, second, third = (ask(app)[0] for _ in range(3))
    assert len(flights.made) == 1
    flights.made[0].future.set_exception(DeadlineExceeded(1.0))
    await settle()
    assert (first, second, third) == ([504], [], [])
    assert len(flights.made) == 2
    assert flights.waited[1] > 0
    flights.made[1].future.set_result(reply())
    await settle()
    assert (second, third) == ([200], [200])
    assert len(app.state.coalescer) == 0
    assert app.state.metrics.open_requests == 0


async def test_they_ask_again_once_only(tiles):
    app, flights = tiles
    answers = [ask(app)[0] for _ in range(3)]
    for number in range(2):
        flights.made[number].future.set_exception(Overloaded(3))
        await settle()
    assert answers == [[503], [503], [503]]
    assert len(flights.made) == 2
    assert len(app.state.coalescer) == 0


async def test_a_fault_of_the_question_is_everybodys(tiles):
    app, flights = tiles
    answers = [ask(app)[0] for _ in range(2)]
    flights.made[0].future.set_exception(InternalError("r"))
    await settle()
    assert answers == [[500], [500]]
    assert len(flights.made) == 1


async def test_who_asks_again_may_be_refused_or_leave(tiles):
    app, flights = tiles
    first, second = ask(app)[0], ask(app)[0]
    flights.made[0].future.set_exception(DeadlineExceeded(1.0))
    flights.refusal = Overloaded(9)
    await settle()
    assert (first, second) == ([504], [503])
    flights.refusal = None
    _, one = ask(app)
    statuses, other = ask(app)
    flights.made[1].future.set_exception(DeadlineExceeded(1.0))
    await settle()
    other.cancel()
    assert one.done()
    assert flights.made[2].future.cancelled()
    assert statuses == []
    assert len(app.state.coalescer) == 0


async def test_a_flight_belongs_to_who_is_behind_the_proxies(tiles):
    app, flights = tiles
    ask(app)
    assert flights.jobs[0].client == "192.0.2.7"
    flights.made[0].future.set_result(reply())
    await settle()
    ask(app, "10.1.2.3", (b"x-forwarded-for", b"203.0.113.5"))
    assert flights.jobs[1].client == "203.0.113.5"
    flights.made[1].future.set_result(reply())
    await settle()
    # Not from everybody: else a flood would name another client each time.
    ask(app, "192.0.2.8", (b"x-forwarded-for", b"203.0.113.5"))
    assert flights.jobs[2].client == "192.0.2.8"
    flights.made[2].future.set_result(reply())
    await settle()
