"""How a flight ends: once, and for all who wait."""

import asyncio

import pytest

from engine.errors import InstanceLost, InvalidParameter, Overloaded
from server.instances.frames import ReplyHead, head_of_error
from tests.server.instances.flights import flight


def waited_for():
    made = flight()
    made.future = asyncio.get_running_loop().create_future()
    made.sent = made.begun + 0.25
    return made


async def test_an_answer_tells_how_long_it_waited():
    made = waited_for()
    made.settle(ReplyHead(media_type="a/b", stages={"render": 1.0}), b"x")
    found = await made.future
    assert (found.media_type, found.body) == ("a/b", b"x")
    assert found.stages["queue"] == 250.0
    assert found.stages["total"] > 0


async def test_an_error_of_the_instance_is_everybodys():
    made = waited_for()
    made.settle(head_of_error(InvalidParameter("size", "x", "two numbers")), b"")
    with pytest.raises(InvalidParameter, match="size"):
        await made.future


async def test_the_first_outcome_stays():
    made = waited_for()
    made.fail(Overloaded(3))
    made.fail(InstanceLost())
    made.settle(ReplyHead(), b"late")
    with pytest.raises(Overloaded):
        await made.future
