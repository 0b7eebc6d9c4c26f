"""Threads beside the event loop."""

import asyncio
import threading

import pytest

from server.answers.file_threads import FileThreads


async def test_work_is_done_in_order_and_failures_reach_who_asked():
    threads = FileThreads("t")
    threads.start()
    done = []
    futures = [threads.run(lambda number=number: done.append(number)) for number in range(20)]

    def fails():
        raise OSError(28, "No space left on device")

    failing = threads.run(fails)
    await asyncio.gather(*futures)
    assert done == list(range(20))
    with pytest.raises(OSError, match="No space"):
        await failing
    assert await threads.run(threading.get_ident) != threading.get_ident()
    await threads.end(5)


async def test_what_hangs_keeps_nobody_from_leaving():
    threads = FileThreads("t")
    threads.start()
    gate = threading.Event()
    hanging = threads.run(gate.wait)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await hanging
    with pytest.raises(TimeoutError):
        await threads.end(0.05)
    gate.set()
    await threads.end(5)


async def test_work_that_nobody_wants_any_more_is_left_out():
    threads = FileThreads("t")
    done = []
    unwanted, wanted = threads.run(lambda: done.append(1)), threads.run(lambda: done.append(2))
    unwanted.cancel()
    threads.start()
    await wanted
    assert done == [2]
    await threads.end(5)
