"""A thousand services on a shared pool of two instances: `python -m benchmarks.many_services [--tiny]`.

Publishes copies of one mosaic of four scenes, starts a server and asks every service for two neighbouring
tiles, one after the other, without a cache of answers: the first is answered by a service that an instance
has just opened (all blocks are decoded already), the second by the same service kept open. Prints start-up, polls, the
services directory, a scrape of the metrics, and memory after every service was asked. Ends with 1 where a
cold first request costs over 100 ms more than a warm one, or the memory is over 1.5 GB.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.campaigns.arena import compile_scenes, swath
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.peers.process_tree import Launch, ProcessTree, end_on_sigterm, free_port
from benchmarks.plain_client import KeptConnection
from benchmarks.scenes import TINY, ensure_scenes
from benchmarks.tile_lists import tiles_over
from server.site.data_folder import DataFolder
from server.site.publishing import Publisher
from server.site.service_registry import ServiceRegistry

_RESULTS = Path(__file__).parent / "results"
_FOLDERS = 20
_MOST_COLD_MS = 100.0
_MOST_BYTES = 1.5e9
_OPEN = 64
_OLD_S = 3600.0
_ZOOM = 12


class ManyServicesFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One line; `most` is what was asked of it."""

    row: str
    value: float
    unit: str
    services: int
    machine: Machine
    most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the value is within what was asked."""
        return self.most is None or self.value <= self.most


def _publish(folder: Path, count: int) -> tuple[Path, list[str]]:
    """Publish one service and lay copies of its folder beside it, an hour old."""
    data = folder / "data"
    compiled = compile_scenes(folder)
    swath("publish", str(compiled), "--name", "f0/s0", "--data", str(data))
    names = [f"f{number % _FOLDERS}/s{number}" for number in range(count)]
    first = DataFolder(data).home(names[0])
    old = time.time() - _OLD_S
    for name in names[1:]:
        home = DataFolder(data).home(name)
        shutil.copytree(first, home)
        os.utime(home, (old, old))
    return data, names


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def _registry(data: Path) -> Iterator[tuple[str, float, str]]:
    """Measure what following the data folder costs the front."""
    registry = ServiceRegistry(data)
    yield "first reading of all services", _timed(registry.poll), "ms"
    yield "poll, nothing changed", _timed(registry.poll) * 1e3, "µs"
    publisher = Publisher(data)
    compiled = data.parent / "scenes.zmd"
    yield "publish one more", _timed(lambda: publisher.publish(compiled, "f1/more")), "ms"
    yield "poll after a publish", _timed(registry.poll), "ms"


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def _tiles(base: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield two addresses a service, alternately begun with either tile."""
    tiles = tiles_over(ensure_scenes(TINY), range(_ZOOM, _ZOOM + 1), 400).tiles
    here = next(tile for tile in tiles if tile.col % 4 < 3)
    beside = [(here.col, here.row), (here.col + 1, here.row)]
    for number, name in enumerate(names):
        urls = [f"{base}/tiles/{name}/{_ZOOM}/{col}/{row}.jpg" for col, row in beside]
        yield (urls[0], urls[1]) if number % 2 else (urls[1], urls[0])


def _asked(base: str, names: Sequence[str]) -> Iterator[tuple[str, float, str]]:
    """Ask every service twice."""
    with KeptConnection(base) as connection:
        # What an instance does once in its life: any service will do.
        for _ in range(4):
            for pair in _tiles(base, names[:1]):
                for url in pair:
                    connection.get(url)
        cold, warm = [], []
        for first, second in _tiles(base, names[1:]):
            cold.append(_timed(partial(connection.get, first)))
            warm.append(_timed(partial(connection.get, second)))
    more = [one - other for one, other in zip(cold, warm, strict=True)]
    yield "first tile of a service, p50", statistics.median(cold), "ms"
    yield "next tile of it, p50", statistics.median(warm), "ms"
    yield "cold more than warm, p50", statistics.median(more), "ms"
    yield "cold more than warm, p95", sorted(more)[int(len(more) * 0.95)], "ms"


def _served(folder: Path, data: Path, names: Sequence[str]) -> Iterator[tuple[str, float, str]]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    started = time.perf_counter()
    processes = ProcessTree(
        Launch(
            command=[
                str(Path(sys.executable).with_name("swath")),
                *("serve", "--data", str(data), "--port", str(port)),
            ],
            ready_url=f"{base}/health/ready",
            log=folder / "server.log",
            environment={
                "SWATH_INSTANCES": "2",
                "SWATH_LIMITS_OPEN_SERVICES": str(_OPEN),
                "SWATH_MEMORY_RESPONSE_CACHE_MB": "0",
            },
        )
    )
    try:
        yield "start until ready", (time.perf_counter() - started) * 1e3, "ms"
        yield "memory, ready", processes.proportional_bytes() / 1e6, "MB"
        yield from _asked(base, names)
        yield "memory, every service asked", processes.proportional_bytes() / 1e6, "MB"
        directory = f"{base}/arcgis/rest/services"
        yield "services directory", _timed(lambda: _fetched(f"{directory}?f=json")), "ms"
        yield "one folder of it", _timed(lambda: _fetched(f"{directory}/f1?f=json")), "ms"
        yield "scrape of the metrics", _timed(lambda: _fetched(f"{base}/metrics")), "ms"
        yield "size of a scrape", len(_fetched(f"{base}/metrics")) / 1e3, "kB"
        yield "services open in an instance", _most_open(_fetched(f"{base}/metrics")), ""
    finally:
        processes.stop()


def _most_open(metrics: bytes) -> float:
    lines = metrics.decode().splitlines()
    return max(float(n.split()[-1]) for n in lines if n.startswith("swath_instance_open_services{"))


_MOST = {
    "cold more than warm, p50": _MOST_COLD_MS,
    "memory, every service asked": _MOST_BYTES / 1e6,
    "services open in an instance": _OPEN,
}


def figures(count: int, machine: Machine) -> Iterator[ManyServicesFigure]:
    """Measure with `count` services."""
    with tempfile.TemporaryDirectory(prefix="swath-many-") as name:
        folder = Path(name)
        data, names = _publish(folder, count)
        for measured in (_registry(data), _served(folder, data, names)):
            for row, value, unit in measured:
                yield ManyServicesFigure(
                    row=row,
                    value=round(value, 3),
                    unit=unit,
                    services=count,
                    machine=machine,
                    most=_MOST.get(row),
                )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="a hundred services")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="folder of the figures")
    chosen = parser.parse_args(arguments)
    found = list(figures(100 if chosen.tiny else 1000, this_machine()))
    table = Table(title=f"{found[0].services} services, two instances")
    for column in ("what", "seen", "asked"):
        table.add_column(column)
    for figure in found:
        asked = "" if figure.most is None else f"≤ {figure.most:g} {figure.unit}"
        table.add_row(figure.row, f"{figure.value:.1f} {figure.unit}", asked)
    Console().print(table)
    append_lines(found, chosen.results / "many_services.jsonl")
    return 0 if all(figure.met for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
