"""One answer to Prometheus: all that is counted, as text."""

from __future__ import annotations

import asyncio
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from server.metrics.gauges import process_samples, processes_of, samples_of
from server.metrics.text import exposition

if TYPE_CHECKING:
    from server.state import ServerState


async def scrape(state: ServerState) -> bytes:
    """Return all metrics of a server in Prometheus' text form."""
    told = samples_of(state)
    processes = processes_of(state.pools.state())
    data = Path(state.settings.data)

    def text() -> bytes:
        return exposition(chain(state.metrics.samples(), told, process_samples(processes, data)))

    return await asyncio.to_thread(text)
