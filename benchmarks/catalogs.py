"""A million items in a GeoPackage and in PostGIS: written, looked through, one scene added, compiled.

`python -m benchmarks.catalogs [--tiny] [--count 1000000] [--postgis ADDRESS]`. The items lie all over
the world; their overviews are left out, as those take the same time whatever keeps the catalog. With
an address (`postgresql://host/database`, a database of its own) the same is done there. Definitions are
made anew in each run; commands run as a person types them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.authoring import Command, next_scene, run_command
from benchmarks.catalog_rows import make_definition
from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import FULL, TINY, Scene, ensure_scenes
from engine.build.definition_folder import DefinitionFolder

_RESULTS = Path(__file__).parent / "results"
_SCHEMA = "swath_benchmark"
_NO_OVERVIEWS = ("--overviews", "none")


class CatalogFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure; `memory_mb` is the peak of the command's main process, 0 where none is run."""

    catalog: str
    row: str
    seconds: float
    items_per_s: float
    memory_mb: float
    items: int
    machine: Machine


def measure(
    folder: Path, scenes: list[Scene], count: int, address: str
) -> Iterator[tuple[str, Command]]:
    """Yield what was done and what it took; `address` "" = in a GeoPackage."""
    definition = folder / "million.isdef"
    started = time.perf_counter()
    made = make_definition(definition, scenes, count, address, real_pixels=True)
    yield "write the rows of all items", Command(time.perf_counter() - started, 0.0)
    name = str(definition)
    yield "first build: look through all", run_command("build", name, *_NO_OVERVIEWS)
    yield "build with nothing to do", run_command("build", name, *_NO_OVERVIEWS)
    yield "add one scene", run_command("add", name, str(next_scene(definition, scenes[0])))
    yield "build it in", run_command("build", name, *_NO_OVERVIEWS)
    yield "compile", run_command("compile", name, "-o", name + ".zmd")
    started = time.perf_counter()
    _read_all(made)
    yield "read all rows", Command(time.perf_counter() - started, 0.0)


def _read_all(definition: DefinitionFolder) -> None:
    with definition.table() as table:
        for _ in table.rows():
            pass


def _drop(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")


def _in_postgis(address: str) -> str:
    _drop(address)
    return f"{address}{'&' if '?' in address else '?'}schema={_SCHEMA}"


def _figures(catalog: str, count: int, chosen: argparse.Namespace) -> Iterator[CatalogFigure]:
    scenes = ensure_scenes(TINY if chosen.tiny else FULL)
    address = _in_postgis(chosen.postgis) if catalog == "PostGIS" else ""
    with tempfile.TemporaryDirectory(prefix="swath-catalogs-") as folder:
        for row, took in measure(Path(folder), scenes, count, address):
            yield CatalogFigure(
                catalog=catalog,
                row=row,
                seconds=round(took.seconds, 2),
                items_per_s=round(count / took.seconds),
                memory_mb=round(took.memory_mb),
                items=count,
                machine=this_machine(),
            )
    if address:
        _drop(chosen.postgis)


def _catalogs(chosen: argparse.Namespace) -> Iterator[str]:
    if not chosen.only_postgis:
        yield "GeoPackage"
    if chosen.postgis:
        yield "PostGIS"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a few items, to see that it runs")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--postgis", default="", help="address of a database")
    parser.add_argument("--only-postgis", action="store_true", help="no GeoPackage this time")
    parser.add_argument("--results", type=Path, default=_RESULTS)
    chosen = parser.parse_args(arguments)
    count = 12 if chosen.tiny else chosen.count
    console = Console()
    table = Table(title=f"A definition of {count:,} items")
    for column in ("catalog", "what", "seconds", "items/s", "peak memory"):
        table.add_column(column)
    chosen.results.mkdir(parents=True, exist_ok=True)
    with (chosen.results / "catalogs.jsonl").open("ab") as lines:
        for catalog in _catalogs(chosen):
            for each in _figures(catalog, count, chosen):
                console.print(f"{catalog}: {each.row}: {each.seconds:.1f} s")
                table.add_row(
                    catalog,
                    each.row,
                    f"{each.seconds:.1f}",
                    f"{each.items_per_s:,.0f}",
                    f"{each.memory_mb:.0f} MB" if each.memory_mb else "",
                )
                lines.write(msgspec.json.encode(each) + b"\n")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
