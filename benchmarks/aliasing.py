"""Compare served pictures with an area average: what each server's filter costs in quality.

The oracle is computed from the full-resolution raster alone: every output pixel is the mean of the
source over its whole area, by 8 × 8 exact positions a pixel. `python -m benchmarks.aliasing`.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio.windows import Window
from rich.console import Console
from rich.table import Table

from benchmarks.compare import RESULTS, chosen_peers
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.peers.base import Bench, Peer, running
from benchmarks.peers.process_tree import end_on_sigterm
from benchmarks.plain_client import ask_each
from benchmarks.rows import dataset
from benchmarks.scenes import CRS, FULL, PIXEL_SIZE_M, TINY, Scene
from benchmarks.tile_lists import View

# 1.27 is where this raster's web tiles sit.
RATIOS = (1.0, 1.1, 1.27, 1.41, 1.5, 1.7, 1.99)
_SUBSAMPLES = 8
_PIXELS = 256
_PLACES = ((0.3, 0.3), (0.7, 0.35), (0.35, 0.7), (0.65, 0.65))
_NODES = 33


class Aliasing(msgspec.Struct, frozen=True, kw_only=True):
    """Mean absolute difference to the area average, in grey values of 255."""

    server: str
    ratio: float
    mean_difference: float
    filter: str
    machine: Machine


def views_at(scene: Scene, ratio: float) -> list[View]:
    """Return views of a scene whose pixels cover `ratio` source pixels each way, on the ground."""
    views = []
    for across, down in _PLACES:
        easting = scene.west_m + across * (scene.east_m - scene.west_m)
        northing = scene.north_m - down * (scene.north_m - scene.south_m)
        x, y = Transformer.from_crs(CRS, "EPSG:3857", always_xy=True).transform(easting, northing)
        # Mercator is stretched by cosh(y / R) against the ground (spherical, as the tiles are).
        pixel = ratio * PIXEL_SIZE_M * math.cosh(y / 6_378_137.0)
        half = pixel * _PIXELS / 2
        views.append(View(x - half, y - half, x + half, y + half, _PIXELS, _PIXELS))
    return views


def area_average(scene: Scene, view: View) -> NDArray[np.float64]:
    """Average the full-resolution pixels over each output pixel: float64 (rows, cols, 3)."""
    rows, cols = _source_positions(scene, view)
    top, left = int(rows.min()), int(cols.min())
    height, width = int(rows.max()) + 1 - top, int(cols.max()) + 1 - left
    with rasterio.open(scene.path) as source:
        pixels = source.read(window=Window(left, top, width, height))
    # Positions count from the raster's corner, so the floor is the pixel that holds them.
    taken = pixels[:, np.floor(rows).astype(int) - top, np.floor(cols).astype(int) - left]
    cells = taken.reshape(3, view.rows, _SUBSAMPLES, view.cols, _SUBSAMPLES)
    average: NDArray[np.float64] = np.moveaxis(cells.mean(axis=(2, 4)), 0, 2)
    return average


def measure(peer: Peer, scene: Scene, machine: Machine) -> list[Aliasing]:
    """Ask a running server for all views and compare."""
    found = []
    for ratio in RATIOS:
        views = views_at(scene, ratio)
        urls = [url for view in views if (url := peer.view_url("one", view, "png"))]
        differences = [
            np.abs(_decoded(body) - area_average(scene, view)).mean()
            for view, body in zip(views, ask_each(urls, connections=1), strict=True)
        ]
        found.append(
            Aliasing(
                server=peer.name,
                ratio=ratio,
                mean_difference=float(np.mean(differences)),
                filter=peer.settings["filter"],
                machine=machine,
            )
        )
    return found


def _source_positions(scene: Scene, view: View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Exact at 33 x 33 nodes and linear between: below 0.0001 px here, and a hundred times faster.
    xs = np.linspace(view.west, view.east, _NODES)
    ys = np.linspace(view.north, view.south, _NODES)
    to_scene = Transformer.from_crs("EPSG:3857", CRS, always_xy=True)
    eastings, northings = to_scene.transform(*np.meshgrid(xs, ys))
    node_cols = (eastings - scene.west_m) / PIXEL_SIZE_M
    node_rows = (scene.north_m - northings) / PIXEL_SIZE_M
    return _refined(node_rows, view), _refined(node_cols, view)


def _refined(nodes: NDArray[np.float64], view: View) -> NDArray[np.float64]:
    down = _between(view.rows * _SUBSAMPLES)
    across = _between(view.cols * _SUBSAMPLES)
    refined: NDArray[np.float64] = down @ nodes @ across.T
    return refined


def _between(count: int) -> NDArray[np.float64]:
    """Return the weights (count, nodes) of linear interpolation at `count` cell centres."""
    place = (np.arange(count) + 0.5) / count * (_NODES - 1)
    left = np.minimum(place.astype(int), _NODES - 2)
    weights = np.zeros((count, _NODES))
    weights[np.arange(count), left] = 1.0 - (place - left)
    weights[np.arange(count), left + 1] = place - left
    return weights


def _decoded(body: bytes) -> NDArray[np.float64]:
    with Image.open(BytesIO(body)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64)


def _table(found: Sequence[Aliasing]) -> Table:
    servers = list(dict.fromkeys(figure.server for figure in found))
    table = Table(title="mean difference to the area average, of 255")
    table.add_column("source pixels a pixel", justify="right")
    for server in servers:
        table.add_column(server, justify="right")
    for ratio in RATIOS:
        cells = [f"{f.mean_difference:.2f}" for s in servers for f in found if f.server == s]
        step = RATIOS.index(ratio)
        table.add_row(f"{ratio:.2f}", *cells[step :: len(RATIOS)])
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aliasing", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="4 small scenes: a smoke test")
    parser.add_argument("--only", default="", help="names of servers, with commas between")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of what is written")
    parser.add_argument("--tuned", action="store_true", help="also the tuned peers")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    data = dataset(TINY if options.tiny else FULL)
    machine = this_machine()
    found: list[Aliasing] = []
    with tempfile.TemporaryDirectory(prefix="swath-bench-") as folder:
        for peer in chosen_peers(options, console):
            peer.prepare(Bench(Path(folder), data))
            with running(peer):
                found += measure(peer, data.one, machine)
    for server, rule in {figure.server: figure.filter for figure in found}.items():
        console.print(f"[bold]{server}[/bold] {rule}")
    console.print(_table(found))
    append_lines(found, options.results / "aliasing.jsonl")
    return 0


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
