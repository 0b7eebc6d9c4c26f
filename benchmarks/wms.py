"""GetMap beside the exportImage that it equals: the same views by both, one after the other.

`python -m benchmarks.wms [--tiny] [--rounds 5]`. The server's cache of answers is off, so that both are made
anew; each view is asked for by both in turn, and which of them comes first changes from view to view. All
bodies must be equal byte for byte. Ends with 1 where GetMap takes more than 5 % longer.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.peers.base import Bench, TileFormat, running
from benchmarks.peers.process_tree import end_on_sigterm
from benchmarks.peers.swath import Swath
from benchmarks.plain_client import KeptConnection, LoadFailed
from benchmarks.rows import dataset
from benchmarks.scenes import FULL, TINY, SceneSize
from benchmarks.tile_lists import View, views_over

_RESULTS = Path(__file__).parent / "results"
_CEILING = 1.05
_VIEWS = 60
# Pictures of a map window, and pictures as small as a tile, where the front's part is largest.
_SIZES = ((800, 600), (256, 256))


class WmsFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One size and format: milliseconds of both, and the median of the ratios of all pairs."""

    row: str
    export_ms: float
    map_ms: float
    ratio: float
    met: bool
    pairs: int
    machine: Machine


def map_url(export_root: str, view: View, tile_format: TileFormat) -> str:
    """Return the GetMap of a view; `export_root` is the address of the service's ImageServer."""
    root, _, name = export_root.partition("/arcgis/rest/services/")
    query = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetMap",
        "LAYERS": name.split("/")[-2],
        "STYLES": "",
        "CRS": "EPSG:3857",
        "BBOX": f"{view.west},{view.south},{view.east},{view.north}",
        "WIDTH": view.cols,
        "HEIGHT": view.rows,
        "FORMAT": "image/jpeg" if tile_format == "jpg" else "image/png",
        "TRANSPARENT": "TRUE",
    }
    return f"{root}/wms/{name.removesuffix('/ImageServer')}?{urlencode(query, safe=',')}"


def _timed(connection: KeptConnection, url: str) -> tuple[float, bytes]:
    started = time.perf_counter()
    body = connection.get(url)
    return (time.perf_counter() - started) * 1e3, body


def _pairs(pairs: Sequence[tuple[str, str]], rounds: int) -> Iterator[tuple[float, float]]:
    """Yield milliseconds of (exportImage, GetMap) of each view in each round but a first one."""
    with KeptConnection(pairs[0][0]) as connection:
        for turn in range(rounds + 1):
            for number, (export, wms) in enumerate(pairs):
                if (number + turn) % 2:
                    map_ms, map_body = _timed(connection, wms)
                    export_ms, export_body = _timed(connection, export)
                else:
                    export_ms, export_body = _timed(connection, export)
                    map_ms, map_body = _timed(connection, wms)
                if map_body != export_body:
                    raise LoadFailed(f"{wms}: not the bytes of {export}")
                if turn:
                    yield export_ms, map_ms


def measure(size: SceneSize, views: int, rounds: int) -> Iterator[WmsFigure]:
    """Yield the figure of each size and format."""
    machine, data = this_machine(), dataset(size)
    folder = _RESULTS / f"wms-{size.folder}"
    folder.mkdir(parents=True, exist_ok=True)
    peer = Swath()
    peer.prepare(Bench(folder, data))
    root = peer.service_url("mosaic")
    formats: tuple[TileFormat, ...] = ("jpg", "png")
    with running(peer):
        for cols, rows in _SIZES:
            asked = views_over(data.mosaic, views, cols=cols, rows=rows)
            for name in formats:
                pairs = [
                    (
                        f"{peer.view_url('mosaic', view, name)}&adjustAspectRatio=false",
                        map_url(root, view, name),
                    )
                    for view in asked
                ]
                found = list(_pairs(pairs, rounds))
                ratio = statistics.median(wms / export for export, wms in found)
                yield WmsFigure(
                    row=f"{cols} × {rows} {name}",
                    export_ms=round(statistics.median(export for export, _ in found), 3),
                    map_ms=round(statistics.median(wms for _, wms in found), 3),
                    ratio=round(ratio, 4),
                    met=ratio <= _CEILING,
                    pairs=len(found),
                    machine=machine,
                )


def _table(figures: Sequence[WmsFigure]) -> Table:
    table = Table(title="GetMap beside exportImage, equal bytes, cache of answers off")
    for column in ("row", "exportImage p50 ms", "GetMap p50 ms", "ratio", ""):
        table.add_column(column)
    for figure in figures:
        table.add_row(
            figure.row,
            f"{figure.export_ms:.2f}",
            f"{figure.map_ms:.2f}",
            f"{figure.ratio:.3f}",
            "met" if figure.met else "[red]missed[/red]",
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 when GetMap is slower than it may be."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="few views, to see that it runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=_RESULTS)
    chosen = parser.parse_args(arguments)
    size, views = (TINY, 4) if chosen.tiny else (FULL, _VIEWS)
    figures = list(measure(size, views, chosen.rounds))
    Console().print(_table(figures))
    append_lines(figures, chosen.results / "wms.jsonl")
    return 0 if chosen.tiny or all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
