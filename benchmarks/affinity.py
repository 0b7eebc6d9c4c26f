"""What it brings that neighbouring tiles go to the same instance: block hits and rate, with it and without.

`python -m benchmarks.affinity [--tiny] [--screens 60]`. A few viewers jump about a mosaic whose blocks do not
fit the cache of one instance (but those of two), and ask for a screen of tiles at each place, six at a time
as browsers do. Both sides ask the same tiles in the same order, through the pool and without HTTP; on one the
place of a tile says nothing.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import msgspec
import uvloop
from rich.console import Console

from benchmarks.campaigns.arena import swath
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.rows import dataset
from benchmarks.scenes import FULL, TINY, SceneSize
from benchmarks.tile_lists import tiles_over
from config.settings import MemorySettings, Settings
from engine.request_parts import TileAddress
from server.instances import pool
from server.instances.job import Job
from server.protocols.xyz import tile_job, tile_request
from server.state import ServerState

_RESULTS = Path(__file__).parent / "results"
_VIEWERS = 6
_AT_ONCE = 6
_COLS, _ROWS = 5, 4
_ZOOM = 13
_SEED = 7
# Two thirds of what the blocks of all scenes take at full resolution.
_SHARE = 2 / 3


class AffinityFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the rounds."""

    row: str
    block_hits: float
    tiles_a_second: float
    machine: Machine


@dataclass(frozen=True, slots=True)
class _Round:
    hits: float
    misses: float
    rate: float

    @property
    def share(self) -> float:
        return self.hits / max(1.0, self.hits + self.misses)


def _screens(state: ServerState, size: SceneSize, count: int) -> list[list[Job]]:
    """Return screens of tiles at random places of the mosaic."""
    service = state.service("bench")
    tiles = tiles_over(dataset(size).mosaic, range(_ZOOM, _ZOOM + 1), 2000).tiles
    known = {(tile.col, tile.row) for tile in tiles}
    places, screens = random.Random(_SEED), []
    corners = sorted(known)
    for _ in range(count):
        col, row = places.choice(corners)
        around = [(col + x, row + y) for y in range(_ROWS) for x in range(_COLS)]
        addresses = [TileAddress(level=_ZOOM, row=r, col=c) for c, r in around if (c, r) in known]
        screens.append(
            [tile_job(service, tile_request(service, at, "jpg", b"")) for at in addresses]
        )
    return screens


async def _view(state: ServerState, screens: list[list[Job]], client: str) -> int:
    room, asked = asyncio.Semaphore(_AT_ONCE), 0

    async def ask(job: Job) -> None:
        async with room:
            await state.pools.fly(replace(job, client=client)).future

    while screens:
        screen = screens.pop()
        await asyncio.gather(*(ask(job) for job in screen))
        asked += len(screen)
    return asked


def _blocks(state: ServerState) -> tuple[float, float]:
    told = [counts for each in state.pools.state().pools for counts in each.counts.values()]
    return sum(each.block_hits for each in told), sum(each.block_misses for each in told)


async def _round(state: ServerState, screens: list[list[Job]]) -> _Round:
    left, before, started = list(screens), _blocks(state), time.perf_counter()
    asked = await asyncio.gather(*(_view(state, left, str(n)) for n in range(_VIEWERS)))
    seconds, after = time.perf_counter() - started, _blocks(state)
    return _Round(after[0] - before[0], after[1] - before[1], sum(asked) / seconds)


async def _rounds(settings: Settings, size: SceneSize, count: int) -> _Round:
    state = ServerState(settings)
    await state.start()
    try:
        screens = _screens(state, size, count)
        await _round(state, screens)
        return await _round(state, screens)
    finally:
        await state.stop()


def measure(size: SceneSize, screens: int) -> list[AffinityFigure]:
    """Return a figure with the preference and one without."""
    pixels = size.side * size.side * size.pixels * size.pixels
    cache_mb = max(1, round(_SHARE * pixels * 3 / 1e6))
    figures = []
    with tempfile.TemporaryDirectory(prefix="swath-affinity-") as folder:
        definition, compiled, data = (f"{folder}/{name}" for name in ("b.isdef", "b.zmd", "data"))
        swath("definition", "create", definition)
        paths = [str(scene.path) for scene in dataset(size).mosaic]
        swath("definition", "add", definition, "--type", "raster-dataset", *paths)
        swath("definition", "build", definition, "--overviews", "none")
        swath("definition", "compile", definition, "-o", compiled)
        swath("publish", compiled, "--name", "bench", "--data", data)
        memory = MemorySettings(total_mb=4000, response_cache_mb=0, block_cache_mb=cache_mb)
        settings = Settings(data=data, instances=2, memory=memory)
        for row, place in (
            ("tiles go where their neighbours went", nullcontext()),
            ("tiles go anywhere", patch.object(pool, "cell_of", lambda _: None)),
        ):
            with place:
                found = uvloop.run(_rounds(settings, size, screens))
            figures.append(
                AffinityFigure(
                    row=row,
                    block_hits=round(found.share, 4),
                    tiles_a_second=round(found.rate, 1),
                    machine=this_machine(),
                )
            )
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="small scenes, to see that it runs")
    parser.add_argument("--screens", type=int, default=60)
    parser.add_argument("--results", type=Path, default=_RESULTS)
    chosen = parser.parse_args(arguments)
    figures = measure(TINY if chosen.tiny else FULL, chosen.screens)
    for figure in figures:
        Console().print(
            f"{figure.row}: {figure.block_hits:.1%} of blocks at hand, "
            f"{figure.tiles_a_second:.0f} tiles/s"
        )
    append_lines(figures, chosen.results / "affinity.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
