"""The catalog at a million items: compile, open, plan, memory, and what a tile costs beside sixteen.

`python -m benchmarks.catalog [--tiny] [--count 1000000]`. The sixteen COGs of the comparison lie among
scenes of the same kind and density all over the world, which are names that must never be opened.
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from benchmarks.catalog_rows import make_definition
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import FULL, TINY, Scene, SceneSize, data_folder, ensure_scenes
from benchmarks.tile_lists import Tile, tiles_over
from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.build.compile import compile_definition
from engine.errors import ConfigError
from engine.plan import plan
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.service import ImageService, open_service
from server.guarded_workers import GuardedWorkers

_RESULTS = Path(__file__).parent / "results"
_RECIPE = 2  # raise when the rows change
_SEED = 20_260_101
_WORLD_TILES = 6_000
_ZOOMS = (9, 10, 11, 12, 13)
_MEMORY = InstanceMemory(block_cache_bytes=1 << 30)


class CatalogFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure and what was asked for."""

    row: str
    value: float
    unit: str
    asked: str
    met: bool
    items: int
    machine: Machine


def ensure_definition(count: int, scenes: list[Scene], console: Console) -> Path:
    """Return a definition of `count` items, made once."""
    path = data_folder() / f"catalog-v{_RECIPE}-{count}.isdef"
    if not path.is_dir():
        console.print(f"making a definition of {count:,} items")
        part = path.with_name(f"unfinished-{path.name}")
        make_definition(part, scenes, count)
        part.rename(path)
    return path


def compiled_definition(definition: Path, console: Console) -> Path:
    """Return a compiled definition as this version reads it, made only where there is none."""
    path = definition.with_suffix(".zmd")
    try:
        open_service(str(path), _MEMORY).close()
    except ConfigError:
        _compile(definition, console)
    return path


def _compile(definition: Path, console: Console) -> tuple[Path, float]:
    out = definition.with_suffix(".zmd")
    started = time.perf_counter()
    with Bar(console=console) as bar, GuardedWorkers(timeout_s=600.0) as workers:
        task = bar.add_task("compile")
        compile_definition(
            definition,
            out,
            lambda stage, done, total: bar.update(
                task, description=stage, completed=done, total=total
            ),
            workers,
        )
    return out, time.perf_counter() - started


def _request(tile: Tile) -> ImageRequest:
    return ImageRequest(
        view=View(tile=TileAddress(level=tile.zoom, row=tile.row, col=tile.col)),
        encoding=Encoding(format="jpg"),
    )


def _world_tiles() -> list[Tile]:
    """Return tiles all over the world, as many of each zoom at which primaries show in the comparison."""
    rng = random.Random(_SEED)
    tiles = []
    for number in range(_WORLD_TILES):
        zoom = _ZOOMS[number % len(_ZOOMS)]
        side = 2**zoom
        # Rows of the latitudes that have scenes.
        rows = range(side // 4, side * 3 // 4)
        tiles.append(Tile(zoom, rng.randrange(side), rng.choice(rows)))
    return tiles


def _times_ms(
    work: Callable[[ImageRequest], object],
    requests: Sequence[ImageRequest],
    before: Callable[[], None],
) -> list[float]:
    """Time each request; `before` is called before each and does not count."""
    found = []
    for request in requests:
        before()
        started = time.perf_counter()
        work(request)
        found.append((time.perf_counter() - started) * 1000.0)
    return found


class ChildFigures(msgspec.Struct, frozen=True):
    """What a fresh process measured of one compiled definition."""

    open_ms: float
    plan_p50_ms: float
    plan_p99_ms: float
    rasters_per_plan: float
    memory_mb: float


def measure_child(path: str) -> ChildFigures:
    """Open a definition in this process and plan tiles all over the world.

    Memory is that after so many different tiles that all caches of rasters and plans are full.
    """
    started = time.perf_counter()
    service = open_service(path, _MEMORY)
    open_ms = (time.perf_counter() - started) * 1000.0
    requests = [_request(tile) for tile in _world_tiles()]
    touched = []

    def planned(request: ImageRequest) -> None:
        touched.append(plan(service, request).considered)

    times = sorted(_times_ms(planned, requests, lambda: _forget_plans(service)))
    for request in requests:
        plan(service, request)
    memory_mb = _proportional_mb()
    return ChildFigures(
        open_ms,
        statistics.median(times),
        times[int(len(times) * 0.99)],
        statistics.fmean(touched),
        memory_mb,
    )


def _forget_plans(service: ImageService) -> None:
    """Let the next request be planned from the catalog, whatever was asked before."""
    service.plans.clear()
    service.view_areas.clear()


def _proportional_mb() -> float:
    """Return the proportional size of this process's own memory.

    Without code and files, whose share depends on who else maps them.
    """
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel tells no proportional memory")


def _in_child(path: Path) -> ChildFigures:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.catalog", "--child", str(path)],
        capture_output=True,
        check=True,
    )
    return msgspec.json.decode(ran.stdout, type=ChildFigures)


def _tile_costs(
    few: Path, many: Path, scenes: Sequence[Scene], size: SceneSize
) -> tuple[float, float]:
    """Time the comparison's tiles of both services, in turns; median of passes, ms a tile.

    Blocks are warm, each tile is planned anew.
    """
    finer = 2 if size.pixels < 4096 else 0
    tiles = tiles_over(scenes, range(9 + finer, 14), 200 if not finer else 20).tiles
    requests = [_request(tile) for tile in tiles]
    services = [open_service(str(path), _MEMORY) for path in (few, many)]
    passes: list[list[float]] = [[], []]
    for number in range(6):
        for place, service in enumerate(services):
            forget = partial(_forget_plans, service)
            mean = statistics.fmean(_times_ms(_answering(service), requests, forget))
            if number:
                passes[place].append(mean)
    for service in services:
        service.close()
    return statistics.median(passes[0]), statistics.median(passes[1])


def _answering(service: ImageService) -> Callable[[ImageRequest], object]:
    return lambda request: answer(service, request, UNLIMITED)


def measure(count: int, size: SceneSize, console: Console) -> list[CatalogFigure]:
    """Measure all rows."""
    scenes = ensure_scenes(size)
    machine = this_machine()
    many, compile_s = _compile(ensure_definition(count, scenes, console), console)
    few, _ = _compile(ensure_definition(len(scenes), scenes, console), console)
    ten, _ = _compile(ensure_definition(len(scenes) + 10, scenes, console), console)
    large, small = _in_child(many), _in_child(ten)
    cost_few, cost_many = _tile_costs(few, many, scenes, size)
    rows = [
        ("compile", compile_s, "s", None),
        ("size of the compiled definition", many.stat().st_size / 1e6, "MB", None),
        ("open", large.open_ms, "ms", 100.0),
        ("plan, tiles over the world, p50", large.plan_p50_ms, "ms", 1.0),
        ("plan, p99", large.plan_p99_ms, "ms", None),
        ("rasters a plan, mean", large.rasters_per_plan, "", None),
        ("memory beside a small catalog", large.memory_mb - small.memory_mb, "MB", 60.0),
        (f"tile of {len(scenes)} items, warm", cost_few, "ms", None),
        ("tile of all items, warm", cost_many, "ms", None),
        ("tile cost, all / few", cost_many / cost_few, "×", 1.3),
    ]
    return [
        CatalogFigure(
            row=row,
            value=round(value, 3),
            unit=unit,
            asked="" if limit is None else f"≤ {limit:g} {unit}",
            met=limit is None or value <= limit,
            items=count,
            machine=machine,
        )
        for row, value, unit, limit in rows
    ]


def _report(figures: Sequence[CatalogFigure], console: Console) -> None:
    table = Table(title=f"Catalog of {figures[0].items:,} items")
    for column in ("what", "measured", "asked", ""):
        table.add_column(column)
    for figure in figures:
        mark = "" if not figure.asked else ("met" if figure.met else "[red]missed[/red]")
        table.add_row(figure.row, f"{figure.value:,.3g} {figure.unit}", figure.asked, mark)
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 when a figure misses what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a few items, to see that it runs")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--results", type=Path, default=_RESULTS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.child:
        sys.stdout.buffer.write(msgspec.json.encode(measure_child(chosen.child)))
        return 0
    console = Console()
    size, count = (TINY, 300) if chosen.tiny else (FULL, chosen.count)
    figures = measure(count, size, console)
    _report(figures, console)
    append_lines(figures, chosen.results / "catalog.jsonl")
    return 0 if chosen.tiny or all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
