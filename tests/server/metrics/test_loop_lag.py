"""A loop that is held up says so."""

import asyncio
import time

from server.metrics.histogram import Histogram
from server.metrics.loop_lag import watch_loop


async def test_what_holds_the_loop_up_is_seen():
    lags = Histogram()
    watcher = asyncio.create_task(watch_loop(lags))
    await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251 -- the very fault that is to be seen
    await asyncio.sleep(0.1)  # its turn comes at once: its timer is long due
    watcher.cancel()
    assert lags.total_s > 0.3
