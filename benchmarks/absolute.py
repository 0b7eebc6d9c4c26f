"""The absolute rows: what this server alone must reach, each beside the fixed reference loop.

`python -m benchmarks.absolute [--tiny] [--rounds 5]`. Every row is the best of its rounds; compare runs
only after division by the reference loop printed with them.
"""

import argparse
import re
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.load import Stretch, load
from benchmarks.machine import Machine, this_machine
from benchmarks.peers.base import Bench, Dataset, running
from benchmarks.peers.process_tree import ProcessTree, end_on_sigterm
from benchmarks.peers.swath import Swath
from benchmarks.plain_client import KeptConnection
from benchmarks.rows import dataset
from benchmarks.scenes import FULL, TINY, SceneSize
from benchmarks.tile_lists import tiles_over, views_over
from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.service import ImageService, open_service

_RESULTS = Path(__file__).parent / "results"
_READY = re.compile(r"instance \d+ .*ready in (\d+) ms")


class AbsoluteFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the best of its rounds, all of them, and the floor or ceiling asked for."""

    row: str
    best: float
    rounds: list[float]
    unit: str
    asked: str
    met: bool
    machine: Machine
    note: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the rows find their data."""

    data: Dataset
    size: SceneSize
    folder: Path
    rounds: int


def cold_tiles(setting: Setting) -> list[float]:
    """Time one pass over the mosaic's tiles in process, blocks dropped, handles open; ms a tile."""
    compiled = setting.folder / "swath" / "bench.zmd"
    service = open_service(str(compiled), InstanceMemory(block_cache_bytes=1 << 30))
    finer = 2 if setting.size.pixels < 4096 else 0
    tiles = tiles_over(setting.data.mosaic, range(9 + finer, 14), 365 if not finer else 20).tiles
    requests = [
        ImageRequest(
            view=View(tile=TileAddress(level=tile.zoom, row=tile.row, col=tile.col)),
            encoding=Encoding(format="jpg"),
        )
        for tile in tiles
    ]
    _pass(service, requests)
    found = []
    for _ in range(setting.rounds):
        service.memory.blocks.clear()
        found.append(_pass(service, requests))
    return found


def _pass(service: ImageService, requests: Sequence[ImageRequest]) -> float:
    started = time.perf_counter()
    for request in requests:
        answer(service, request, UNLIMITED)
    return (time.perf_counter() - started) * 1000.0 / len(requests)


def view_median(setting: Setting, peer: Swath) -> list[float]:
    """Time 100 fixed 800x600 exports by one client, warm; the median in ms."""
    count = 100 if setting.size.pixels >= 4096 else 10
    views = views_over(setting.data.mosaic, count, cols=800, rows=600)
    urls = [peer.view_url("mosaic", view, "jpg") for view in views]
    with running(peer):
        _latencies(urls)
        return [statistics.median(_latencies(urls)) for _ in range(setting.rounds)]


def _latencies(urls: Sequence[str]) -> list[float]:
    connection = KeptConnection(urls[0])
    found = []
    for url in urls:
        started = time.perf_counter()
        connection.get(url)
        found.append((time.perf_counter() - started) * 1000.0)
    return found


def start_times(setting: Setting, peer: Swath) -> tuple[list[float], list[float]]:
    """Time `swath serve` to ready in seconds, and an instance from fork to ready in ms."""
    log = setting.folder / "swath" / "server.log"
    starts = []
    for _ in range(setting.rounds):
        with running(peer) as processes:
            starts.append(processes.start_s)
    return starts, [float(ms) for ms in _READY.findall(log.read_text())]


def repeated_tile(setting: Setting) -> list[float]:
    """Ask for one tile over and over with the response cache on; answers a second."""
    peer = Swath(response_cache_mb=64)
    peer.prepare(Bench(setting.folder, setting.data))
    finer = 2 if setting.size.pixels < 4096 else 0
    tile = tiles_over([setting.data.one], range(12 + finer, 13 + finer), 1).tiles[0]
    url = peer.tile_url("one", tile, "jpg")
    with running(peer):
        return [load([url], Stretch(2.0), setting.folder).rate for _ in range(setting.rounds)]


@dataclass(frozen=True, slots=True)
class ExportRun:
    """One large export: seconds, bytes of the answer, peak proportional memory in MB."""

    seconds: float
    size: int
    peak_mb: float


def large_export(setting: Setting, compression: str) -> ExportRun:
    """Export the mosaic to TIFF, 20,000 pixels a side, with block caches of 256 MB in total."""
    side = 20_000 if setting.size.pixels >= 4096 else 2_000
    peer = Swath(block_cache_mb=128, max_side=side)
    peer.prepare(Bench(setting.folder, setting.data))
    view = views_over(setting.data.mosaic, 1, cols=side, rows=side)[0]
    box = urlencode({"bbox": f"{view.west},{view.south},{view.east},{view.north}"}, safe=",")
    query = f"{box}&bboxSR=3857&imageSR=3857&size={side},{side}&format=tiff&f=image"
    query += f"&compression={compression}"
    with running(peer) as processes:
        url = peer.service_url("mosaic") + f"/exportImage?{query}"
        watch = _PeakMemory(processes)
        started = time.perf_counter()
        with watch, urllib.request.urlopen(url, timeout=900) as reply:
            size = 0
            while chunk := reply.read(1 << 20):
                size += len(chunk)
        return ExportRun(time.perf_counter() - started, size, watch.peak / 1e6)


class _PeakMemory:
    """Sample the proportional memory of a process tree while something runs."""

    def __init__(self, processes: ProcessTree) -> None:
        self._processes = processes
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.2):
            self.peak = max(self.peak, self._processes.proportional_bytes())


def measure(setting: Setting, console: Console) -> list[AbsoluteFigure]:
    """Measure all rows."""
    machine = this_machine()
    figures: list[AbsoluteFigure] = []

    def note(row: str, values: list[float], unit: str, limit: float, extra: str = "") -> None:
        more_is_better = unit.endswith("/s")
        best = max(values) if more_is_better else min(values)
        sign = "≥" if more_is_better else "≤"
        met = best >= limit if more_is_better else best <= limit
        rounded = [round(value, 3) for value in values]
        figures.append(
            AbsoluteFigure(
                row=row,
                best=round(best, 3),
                rounds=rounded,
                unit=unit,
                asked=f"{sign} {limit:g} {unit}",
                met=met,
                machine=machine,
                note=extra,
            )
        )
        console.log(f"{row}: {best:.3g} {unit} (asked {sign} {limit:g})")

    peer = Swath()
    peer.prepare(Bench(setting.folder, setting.data))
    note("cold mosaic tiles, in process, mean", cold_tiles(setting), "ms", 6.0)
    note("800x600 JPEG of the mosaic, one client, p50", view_median(setting, peer), "ms", 10.0)
    starts, instances = start_times(setting, peer)
    note("swath serve to ready", starts, "s", 3.0)
    note("one more instance", instances, "ms", 150.0)
    note("identical tile, response cache on", repeated_tile(setting), "tiles/s", 8000.0)
    for compression in ("None", "LZ77"):
        run = large_export(setting, compression)
        extra = f"{run.seconds:.1f} s, {run.size / 1e6:.0f} MB"
        note(f"20,000² TIFF, {compression}: peak memory", [run.peak_mb], "MB", 700.0, extra)
    return figures


def _table(figures: Sequence[AbsoluteFigure]) -> Table:
    loop = figures[0].machine.reference_loop_ms
    table = Table(title=f"This server alone (reference loop {loop:g} ms)")
    for column in ("row", "best", "asked", "met", "note"):
        table.add_column(column)
    for figure in figures:
        met = "yes" if figure.met else "NO"
        table.add_row(figure.row, f"{figure.best:g} {figure.unit}", figure.asked, met, figure.note)
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="small scenes, to see that it runs")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    size = TINY if options.tiny else FULL
    folder = _RESULTS / ("absolute-tiny" if options.tiny else "absolute")
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    figures = measure(Setting(dataset(size), size, folder, options.rounds), console)
    encode: Callable[[object], bytes] = msgspec.json.encode
    lines = b"".join(encode(figure) + b"\n" for figure in figures)
    (folder.parent / f"{folder.name}.jsonl").write_bytes(lines)
    console.print(_table(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
