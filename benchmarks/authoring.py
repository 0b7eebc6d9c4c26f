"""Authoring at scale: one scene into a definition of a hundred thousand, then compile, show, validate.

`python -m benchmarks.authoring [--tiny] [--count 100000]`. The items lie all over the world at one
density and show the pixels of the comparison's scenes, so that overviews are really made of them. The
definition is made and built once (some minutes); every run adds one real scene at a new place, by the
commands a person would type, and the time is that of their processes.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import rasterio
from affine import Affine
from rich.console import Console
from rich.table import Table

from benchmarks.catalog_rows import make_definition
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import FULL, TINY, Scene, SceneSize, data_folder, ensure_scenes

_RESULTS = Path(__file__).parent / "results"
_RECIPE = 1  # raise when the rows change
_GOLDEN = 0.6180339887498949
_ZONE = 32632  # UTM 32 north, where the scenes that are added lie
_CHECKOUT = Path(__file__).parents[1]


class AuthoringFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure and what was asked for; `memory_mb` is the peak of the command's main process."""

    row: str
    value: float
    unit: str
    asked: str
    met: bool
    memory_mb: float
    items: int
    machine: Machine


@dataclass(frozen=True, slots=True)
class Command:
    """What one command took."""

    seconds: float
    memory_mb: float


def run_command(*arguments: str) -> Command:
    """Run `swath definition` with arguments.

    Raises
    ------
    RuntimeError
        It ended with another code than 0.
    """
    command = [sys.executable, "-m", "server.cli", "definition", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(_CHECKOUT)}
    started = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        said = process.stderr.read() if process.stderr else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{said}")
    return Command(seconds, _peak_mb(usage))


def _peak_mb(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / 1024


def ensure_definition(count: int, scenes: list[Scene], console: Console) -> Path:
    """Return a definition of `count` items that is built with all its overviews, made once."""
    path = data_folder() / f"authoring-v{_RECIPE}-{count}.isdef"
    if not path.is_dir():
        console.print(f"making and building a definition of {count:,} items, once: some minutes")
        part = path.with_name(f"unfinished-{path.name}")
        make_definition(part, scenes, count, real_pixels=True)
        first = run_command("build", str(part))
        console.print(f"its first build took {first.seconds:.0f} s")
        part.rename(path)
    return path


def next_scene(definition: Path, scene: Scene) -> Path:
    """Make a real scene at a place where none was added before."""
    folder = definition.with_suffix(".added")
    folder.mkdir(exist_ok=True)
    number = len(list(folder.glob("*.tif")))
    path = folder / f"added_{number:04}.tif"
    shutil.copy(scene.path, path)
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as dataset:
        east = 250_000 + 500_000 * (number * _GOLDEN % 1)
        north = 1_000_000 + 6_000_000 * (number * _GOLDEN**2 % 1)
        pixel = dataset.transform.a
        dataset.crs = f"EPSG:{_ZONE}"
        dataset.transform = Affine(pixel, 0.0, east, 0.0, -pixel, north)
    return path


def measure(count: int, size: SceneSize, console: Console) -> list[AuthoringFigure]:
    """Measure all rows."""
    scenes = ensure_scenes(size)
    definition = ensure_definition(count, scenes, console)
    machine = this_machine()
    name = str(definition)
    add = run_command("add", name, str(next_scene(definition, scenes[0])))
    build = run_command("build", name)
    again = run_command("build", name)
    both = Command(add.seconds + build.seconds, max(add.memory_mb, build.memory_mb))
    rows = [
        ("add one scene", add, None),
        ("build it in", build, None),
        ("one scene added and built in", both, 30.0),
        ("build with nothing to do", again, None),
        ("compile", run_command("compile", name, "-o", name + ".zmd"), None),
        ("show", run_command("show", name), None),
        ("validate", run_command("validate", name), None),
    ]
    return [
        AuthoringFigure(
            row=row,
            value=round(took.seconds, 2),
            unit="s",
            asked="" if limit is None else f"≤ {limit:g} s",
            met=limit is None or took.seconds <= limit,
            memory_mb=round(took.memory_mb),
            items=count,
            machine=machine,
        )
        for row, took, limit in rows
    ]


def _report(figures: Sequence[AuthoringFigure], console: Console) -> None:
    loop = figures[0].machine.reference_loop_ms
    table = Table(title=f"A definition of {figures[0].items:,} items (reference loop {loop:g} ms)")
    for column in ("what", "measured", "asked", "", "peak memory"):
        table.add_column(column)
    for figure in figures:
        mark = "" if not figure.asked else ("met" if figure.met else "[red]missed[/red]")
        value = f"{figure.value:.3g} {figure.unit}"
        table.add_row(figure.row, value, figure.asked, mark, f"{figure.memory_mb:.0f} MB")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 when a figure misses what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a few items, to see that it runs")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--results", type=Path, default=_RESULTS)
    chosen = parser.parse_args(arguments)
    console = Console()
    # So few need no overviews, which would take a minute.
    size, count = (TINY, 12) if chosen.tiny else (FULL, chosen.count)
    figures = measure(count, size, console)
    _report(figures, console)
    append_lines(figures, chosen.results / "authoring.jsonl")
    return 0 if chosen.tiny or all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
