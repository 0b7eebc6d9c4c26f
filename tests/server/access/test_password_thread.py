"""One thread that compares passwords."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import TooManyAttempts
from server.access.password_thread import PasswordThread
from server.access.passwords import hashed


async def test_more_than_the_queue_holds_are_refused_at_once_and_the_rest_are_answered():
    thread = PasswordThread()
    kept = hashed("clay-pigeon-42")
    asked = [
        asyncio.create_task(thread.is_right(kept, "clay-pigeon-42" if n == 5 else "wrong"))
        for n in range(50)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TooManyAttempts)]
    assert len(refused) == 50 - 32
    assert [n for n, answer in enumerate(answers) if answer is True] == [5]
    assert await thread.is_right(kept, "clay-pigeon-42")
    thread.close()


async def test_clients_that_leave_make_no_room_before_their_turn_is_over():
    thread = PasswordThread()
    left = [asyncio.create_task(thread.is_right(None, "wrong")) for _ in range(32)]
    await asyncio.sleep(0)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    with pytest.raises(TooManyAttempts):
        await thread.is_right(None, "wrong")
    thread.close()
    await asyncio.sleep(0.3)
