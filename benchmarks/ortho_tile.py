"""Tiles of a raw image over terrain, beside tiles of the same pixels on a map, at three levels of relief and more.

`python -m benchmarks.ortho_tile [--tiny] [--rounds 7]`: 256² JPEG tiles, in process and on one core, blocks and
terrain warm. "new" tiles are seen for the first time, neighbours after neighbours as clients pan: their plans and
position grids are made; "again" are those a server has answered before. The exit status is 1 where an ortho tile takes
more than 1.3 times as long as a plain one.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import rasterio
from rasterio import Affine
from rich.console import Console
from rich.table import Table

from benchmarks.compare import RESULTS
from benchmarks.machine import Machine, this_machine
from benchmarks.ortho import UTM, add_and_compile, rpc_of, texture, write_terrain
from config.definition import ServiceProperties
from engine import helper_threads
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.extent import Extent
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.service import ImageService, open_service
from engine.target_grid import HALF_WORLD_M

LIMIT = 1.3
# The steepest slopes are of 0, 12, 34 and 53 degrees; nothing is asked of the last.
RELIEFS_M = {"level ground": 0.0, "hills": 100.0, "mountains": 300.0, "cliffs": 600.0}
_NOT_ASKED = "cliffs"
SIDE = 4096
LEVEL = 16
_SQUARE = 8


class OrthoTileFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds a tile, medians over rounds; what is asked holds for the median of ratios in one round."""

    row: str
    relief_m: float
    plain_ms: float
    ortho_ms: float
    ratio: float
    limit: float
    step_px: list[int]
    machine: Machine


def tiles_of(extent: Extent, count: int) -> list[TileAddress]:
    """Return a square of tiles in the middle of a Web Mercator box, four by four at a time."""
    size = 2 * HALF_WORLD_M / 2**LEVEL
    col = int((extent.center_x + HALF_WORLD_M) / size) // 4 * 4
    row = int((HALF_WORLD_M - extent.center_y) / size) // 4 * 4
    found = [(row + r, col + c) for r in range(count) for c in range(count)]
    found.sort(key=lambda place: (place[0] // 4, place[1] // 4))
    return [TileAddress(level=LEVEL, row=r, col=c) for r, c in found]


def make_pair(folder: Path, relief_m: float, side: int) -> tuple[Path, Path]:
    """Write the same pixels twice, raw over terrain and on a map; return both services."""
    samples = np.stack([texture(side, seed) for seed in (3, 4, 5)])
    shades = (samples / samples.max() * 255).astype(np.uint8)
    shape = {"width": side, "height": side, "count": 3, "dtype": "uint8", "driver": "GTiff"}
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "photometric": "RGB"}
    raw, plain = folder / f"raw-{relief_m:g}.tif", folder / f"plain-{relief_m:g}.tif"
    with rasterio.open(raw, "w", **shape, **layout) as file:
        file.write(shades)
        file.rpcs = rpc_of(side)
        file.build_overviews([2, 4])
    place = Affine(1.0, 0.0, 500000 - side / 2, 0.0, -1.0, 4984000 + side / 2)
    with rasterio.open(plain, "w", **shape, **layout, crs=UTM, transform=place) as file:
        file.write(shades)
        file.build_overviews([2, 4])
    terrain = write_terrain(folder / f"dem-{relief_m:g}.tif", side, relief_m)
    properties = ServiceProperties(crs="EPSG:3857")
    return (
        add_and_compile(folder, raw, properties, terrain),
        add_and_compile(folder, plain, properties, None),
    )


def time_tiles(service: ImageService, tiles: Sequence[TileAddress]) -> float:
    """Return milliseconds a tile."""
    encoding = Encoding(format="jpg")
    started = time.perf_counter()
    for tile in tiles:
        answer(service, ImageRequest(view=View(tile=tile), encoding=encoding), UNLIMITED)
    return (time.perf_counter() - started) * 1e3 / len(tiles)


def forget(service: ImageService) -> None:
    """Forget plans and position grids; blocks and terrain stay."""
    service.plans.clear()
    service.memory.nodes.clear()


def measure(folder: Path, rounds: int, side: int, console: Console) -> list[OrthoTileFigure]:
    """Time both services in turns."""
    machine, figures = this_machine(), []
    helper_threads.THREADS = 1
    for name, relief_m in RELIEFS_M.items():
        raw, plain = (open_service(str(path)) for path in make_pair(folder, relief_m, side))
        box = plain.summary.extent
        tiles = tiles_of(box, _SQUARE if side == SIDE else 2)
        for service in (raw, plain):
            time_tiles(service, tiles)
        for kind in ("new", "again"):
            pairs = []
            for _ in range(rounds):
                times = []
                for service in (plain, raw):
                    if kind == "new":
                        forget(service)
                    times.append(time_tiles(service, tiles))
                pairs.append(times)
            figures.append(
                OrthoTileFigure(
                    row=f"{name}, {kind}",
                    relief_m=relief_m,
                    plain_ms=round(statistics.median(plain_ms for plain_ms, _ in pairs), 3),
                    ortho_ms=round(statistics.median(ortho_ms for _, ortho_ms in pairs), 3),
                    ratio=round(statistics.median(b / a for a, b in pairs), 3),
                    limit=0.0 if name == _NOT_ASKED else LIMIT,
                    step_px=sorted(raw.memory.nodes.steps()),
                    machine=machine,
                )
            )
            console.log(f"{figures[-1].row}: {figures[-1].ratio} times a plain tile")
        raw.close()
        plain.close()
    return figures


def _table(figures: Sequence[OrthoTileFigure]) -> Table:
    loop = figures[0].machine.reference_loop_ms
    table = Table(title=f"256² tiles over terrain, 3 × uint8, JPEG (reference loop {loop:g} ms)")
    for column in ("row", "plain, ms", "ortho, ms", "ratio", "asked", "steps of the grids, px"):
        table.add_column(column)
    for figure in figures:
        table.add_row(
            figure.row,
            f"{figure.plain_ms:g}",
            f"{figure.ortho_ms:g}",
            f"{figure.ratio:g} x",
            f"<= {figure.limit:g}" if figure.limit else "",
            ", ".join(map(str, figure.step_px)),
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ortho_tile", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a moment only: does it still run?")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    folder = RESULTS / ("ortho-tile-tiny" if options.tiny else "ortho-tile")
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(width=None if sys.stdout.isatty() else 120)
    figures = measure(
        folder, 1 if options.tiny else options.rounds, 1024 if options.tiny else SIDE, console
    )
    encode = msgspec.json.encode
    (RESULTS / f"{folder.name}.jsonl").write_bytes(b"".join(encode(f) + b"\n" for f in figures))
    console.print(_table(figures))
    missed = any(0 < figure.limit < figure.ratio for figure in figures)
    return 1 if missed and not options.tiny else 0


if __name__ == "__main__":
    sys.exit(main())
