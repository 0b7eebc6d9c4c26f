"""How late the event loop is: what every request on it waits for besides its own work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.metrics.histogram import Histogram

_EVERY_S = 0.25


async def watch_loop(lags: Histogram) -> None:
    """Count how late a timer fires, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _EVERY_S
        await asyncio.sleep(_EVERY_S)
        lags.observe(max(0.0, loop.time() - due))
