"""What an instance costs: a warm tile through the pool beside the same tile rendered in this process.

`python -m benchmarks.dispatch [--tiny] [--rounds 20]`. Both sides answer the same tasks one after the other,
with full block caches and without a cache of answers; who comes first changes from tile to tile. The pool's
side holds all that stands between a handler and the engine: question, coalescing, dispatch, control page,
frames, the process change and back; HTTP is not in it. The cores are kept awake (`benchmarks.awake`; with
`--asleep` they are not): else most of the cost is the host's, who wakes them. Ends with 1 where the median of
the differences is over 0.3 ms.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console

from benchmarks.awake import awake_cores
from benchmarks.campaigns.arena import swath
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.rows import dataset
from benchmarks.scenes import FULL, TINY, SceneSize
from benchmarks.tile_lists import tiles_over
from config.settings import MemorySettings, Settings
from engine.budget import UNLIMITED
from engine.request_parts import TileAddress
from server.instances.engine_work import EngineWork, make, preload
from server.instances.frames import Task
from server.instances.instance import InstanceOrder
from server.instances.job import Job
from server.protocols.xyz import tile_job, tile_request
from server.state import ServerState

_RESULTS = Path(__file__).parent / "results"
_CEILING_MS = 0.3
_TILES = 60


class DispatchFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Medians in milliseconds; `cost_ms` is that of the differences, tile by tile."""

    row: str
    in_process_ms: float
    pool_ms: float
    cost_ms: float
    asked_ms: float
    met: bool
    pairs: int
    machine: Machine


def _jobs(state: ServerState, size: SceneSize) -> list[Job]:
    service = state.service("bench")
    tiles = tiles_over(dataset(size).mosaic, range(9, 14), _TILES).tiles
    addresses = [TileAddress(level=t.zoom, row=t.row, col=t.col) for t in tiles]
    return [tile_job(service, tile_request(service, a, "jpg", b"")) for a in addresses]


def _here(work: EngineWork, job: Job) -> float:
    """Return the milliseconds of a job in this process."""
    service = job.service
    task = Task(
        service=service.name,
        version=service.version,
        path=service.path,
        renderer=job.renderer,
        options={},
        request=msgspec.Raw(job.encoded_request()),
    )
    started = time.perf_counter()
    work.answer(task, UNLIMITED)
    return (time.perf_counter() - started) * 1e3


async def _there(state: ServerState, job: Job) -> float:
    """Return the milliseconds of a job through the pool."""
    started = time.perf_counter()
    await state.ask(job)
    return (time.perf_counter() - started) * 1e3


async def _pairs(state: ServerState, size: SceneSize, rounds: int) -> list[tuple[float, float]]:
    """Return (in process, through the pool) of each tile in each round but a first one."""
    preload()
    work = make(InstanceOrder(number=0))
    await state.start()
    try:
        jobs, pairs = _jobs(state, size), []
        for turn in range(rounds + 1):
            for number, job in enumerate(jobs):
                if (number + turn) % 2:
                    there = await _there(state, job)
                    here = _here(work, job)
                else:
                    here = _here(work, job)
                    there = await _there(state, job)
                if turn:
                    pairs.append((here, there))
        return pairs
    finally:
        await state.stop()


def measure(size: SceneSize, rounds: int, *, asleep: bool = False) -> DispatchFigure:
    """Return the figure."""
    with tempfile.TemporaryDirectory(prefix="swath-dispatch-") as folder:
        definition, compiled, data = (f"{folder}/{name}" for name in ("b.isdef", "b.zmd", "data"))
        scenes = [str(scene.path) for scene in dataset(size).mosaic]
        swath("definition", "create", definition)
        swath("definition", "add", definition, "--type", "raster-dataset", *scenes)
        swath("definition", "build", definition, "--overviews", "none")
        swath("definition", "compile", definition, "-o", compiled)
        swath("publish", compiled, "--name", "bench", "--data", data)
        memory = MemorySettings(total_mb=4000, response_cache_mb=0, block_cache_mb=512)
        state = ServerState(Settings(data=data, instances=1, memory=memory))
        with nullcontext() if asleep else awake_cores():
            pairs = uvloop.run(_pairs(state, size, rounds))
    cost_ms = statistics.median(there - here for here, there in pairs)
    return DispatchFigure(
        row="warm JPEG tiles of the mosaic" + (", cores asleep" if asleep else ""),
        in_process_ms=round(statistics.median(here for here, _ in pairs), 3),
        pool_ms=round(statistics.median(there for _, there in pairs), 3),
        cost_ms=round(cost_ms, 3),
        asked_ms=_CEILING_MS,
        met=cost_ms <= _CEILING_MS,
        pairs=len(pairs),
        machine=this_machine(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="small scenes, to see that it runs")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--asleep", action="store_true", help="let idle cores sleep")
    parser.add_argument("--results", type=Path, default=_RESULTS)
    chosen = parser.parse_args(arguments)
    figure = measure(TINY if chosen.tiny else FULL, chosen.rounds, asleep=chosen.asleep)
    Console().print(
        f"{figure.row}, {figure.pairs} pairs: in process {figure.in_process_ms:.2f} ms, through the "
        f"pool {figure.pool_ms:.2f} ms: dispatch {figure.cost_ms:.3f} ms (asked: ≤ {figure.asked_ms:g})"
    )
    append_lines([figure], chosen.results / "dispatch.jsonl")
    return 0 if chosen.tiny or figure.met else 1


if __name__ == "__main__":
    sys.exit(main())
