"""Time raster functions on one thread, beside scipy, numpy and gdaldem on the same pixels.

`python -m benchmarks.functions [--tiny] [--rounds 9] [--only convolution]`: own and peer take turns; the ratio is the median over the
rounds, of processor time, so that what else the machine does counts little. gdaldem's time is its whole process less
that of gdal_translate on the same file, which reads and writes as much; its blocks are twice as wide and high, so that
what is left is most of it. The exit status is 1 where a promise is missed.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import msgspec
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rich.console import Console
from rich.table import Table
from scipy import ndimage

from benchmarks.compare import RESULTS
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.picture_tile import picture_cases
from engine.function_rules import (
    ArithmeticRule,
    ConvolutionRule,
    FunctionArguments,
    HillshadeRule,
    LocalRule,
    NdviRule,
    SlopeRule,
    StatisticsRule,
)
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

SIDE = 1024
_SEED = 7
_CELL_M = 10.0
Singles = NDArray[np.float32]


class FunctionFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of one block, medians over rounds.

    Attributes
    ----------
    ratio : float
        Median of peer / own in one round.
    floor : float
        What it must reach.
    apart : float
        Largest difference between both results, away from the edges.
    """

    row: str
    peer: str
    side: int
    own_ms: float
    peer_ms: float
    ratio: float
    floor: float
    apart: float
    machine: Machine


@dataclass(frozen=True, slots=True)
class Case:
    """What is compared; `peer_s` returns processor seconds of the peer by itself."""

    row: str
    peer: str
    floor: float
    own: Callable[[], Singles]
    theirs: Callable[[], Singles]
    peer_s: Callable[[], float] | None = None


def _bound(rule: RenderingRule, block: PixelBlock) -> Callable[[], Singles]:
    tree = function_tree(rule, lambda _: BandsInfo(PixelType.F32, block.bands))
    size = np.full((1, 1), _CELL_M)
    ground = GroundCells(size, size, (_CELL_M, _CELL_M))
    return lambda: np.asarray(tree.run([block], lambda: ground).data[0])


def _rule(arguments: FunctionArguments, *inputs: RenderingRule) -> RenderingRule:
    name = str(arguments.__struct_config__.tag)
    return RenderingRule(function=name, arguments=arguments, inputs=inputs)


def heights(side: int) -> Singles:
    """Return hills of some hundred metres, smooth over some pixels."""
    noise = np.random.default_rng(_SEED).normal(0, 3000, (side, side))
    return (ndimage.gaussian_filter(noise, 6) + 800).astype(np.float32)


def focal_cases(data: Singles) -> Iterator[Case]:
    """Yield functions of neighbourhoods beside scipy.ndimage."""
    block = PixelBlock(data[np.newaxis], np.ones((1, *data.shape), np.bool_))
    across = np.exp(-0.5 * (np.arange(-3, 4) / 1.5) ** 2)
    bell = np.outer(across, across) / across.sum() ** 2
    any_kernel = np.random.default_rng(_SEED).normal(0, 0.1, (7, 7))
    for name, kernel in (("separable", bell), ("any", any_kernel)):
        own = ConvolutionRule(kind=-1, rows=7, columns=7, kernel=tuple(kernel.ravel().tolist()))
        yield Case(
            f"convolution 7 × 7, {name} kernel",
            "scipy correlate",
            2.0,
            _bound(_rule(own), block),
            lambda kernel=kernel: ndimage.correlate(data, kernel),
        )
    yield Case("slope", "scipy sobel", 2.0, _bound(_rule(SlopeRule()), block), lambda: _slope(data))
    peers: dict[str, tuple[int, Callable[[int], Singles]]] = {
        "mean": (3, lambda side: ndimage.uniform_filter(data, side)),
        "minimum": (1, lambda side: ndimage.minimum_filter(data, side)),
        "maximum": (2, lambda side: ndimage.maximum_filter(data, side)),
        "deviation": (4, lambda side: _deviation(data, side)),
        "median": (5, lambda side: ndimage.median_filter(data, side)),
    }
    for name, (kind, peer) in peers.items():
        for side in (3, 7):
            own_rule = StatisticsRule(kind=kind, kernel_rows=side, kernel_columns=side)
            yield Case(
                f"focal {name} {side} × {side}",
                "scipy.ndimage",
                2.0,
                _bound(_rule(own_rule), block),
                lambda peer=peer, side=side: peer(side),
            )


def _slope(data: Singles) -> Singles:
    east, south = (ndimage.sobel(data, axis) / np.float32(8 * _CELL_M) for axis in (1, 0))
    return np.degrees(np.arctan(np.hypot(east, south)))


def _deviation(data: Singles, side: int) -> Singles:
    wide = data.astype(np.float64)
    mean = ndimage.uniform_filter(wide, side)
    return np.sqrt(np.maximum(ndimage.uniform_filter(wide * wide, side) - mean * mean, 0))


def pointwise_case(side: int) -> Case:
    """Return five functions of float samples in a row: an index, two of arithmetic, two of Local."""
    data = np.random.default_rng(_SEED).uniform(100, 4000, (2, side, side)).astype(np.float32)
    valid = np.ones((1, side, side), np.bool_)
    rule = _rule(NdviRule(scientific_output=True))
    rule = _rule(ArithmeticRule(operation=1, constants=(1.0,)), rule)
    rule = _rule(ArithmeticRule(operation=3, constants=(0.5,)), rule)
    rule = _rule(LocalRule(operation=53), rule)
    rule = _rule(LocalRule(operation=4), rule)

    def theirs() -> Singles:
        with np.errstate(all="ignore"):
            found = (data[1] - data[0]) / (data[1] + data[0])
            found = (found + np.float32(1)) * np.float32(0.5)
            found = np.sqrt(np.square(found))
        _ = valid[0] & np.isfinite(found)
        return found

    own = _bound(rule, PixelBlock(data, valid))
    return Case("five pointwise functions", "numpy", 4.0, own, theirs)


def terrain_cases(data: Singles, folder: Path) -> Iterator[Case]:
    """Yield functions of heights beside gdaldem, where there is one."""
    if which("gdaldem") is None or which("gdal_translate") is None:
        return
    source = folder / "heights.tif"
    profile = {"driver": "GTiff", "width": data.shape[1], "height": data.shape[0], "count": 1}
    place = Affine(_CELL_M, 0, 5e5, 0, -_CELL_M, 5.2e6)
    with rasterio.open(
        source, "w", **profile, dtype="float32", crs="EPSG:32632", transform=place
    ) as dataset:
        dataset.write(data, 1)
    block = PixelBlock(data[np.newaxis], np.ones((1, *data.shape), np.bool_))
    for name, rule, options in (
        ("hillshade", HillshadeRule(), ["hillshade"]),
        ("slope", SlopeRule(), ["slope"]),
    ):
        made = folder / f"{name}.tif"
        command = ["gdaldem", options[0], str(source), str(made), "-q", "-compute_edges"]
        copy = ["gdal_translate", "-q", str(source), str(folder / "copy.tif")]
        if name == "hillshade":
            copy[1:1] = ["-ot", "Byte"]
        yield Case(
            name,
            "gdaldem",
            3.0,
            _bound(_rule(rule), block),
            lambda made=made: _read(made),
            lambda command=command, copy=copy: max(_child_s(command) - _child_s(copy), 1e-6),
        )


def _read(path: Path) -> Singles:
    with rasterio.open(path) as dataset:
        return np.asarray(dataset.read(1), np.float32)


def _child_s(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _own_s(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start


def measure(case: Case, rounds: int, machine: Machine) -> FunctionFigure:
    """Let both take turns."""
    peer_s = case.peer_s or (lambda: _own_s(case.theirs))
    peer_s()
    inner = np.s_[8:-8, 8:-8]
    apart = np.abs(case.own()[inner].astype(np.float64) - case.theirs()[inner]).max()
    times = [(_own_s(case.own), peer_s()) for _ in range(rounds)]
    return FunctionFigure(
        row=case.row,
        peer=case.peer,
        side=int(np.sqrt(case.own().size)),
        own_ms=round(statistics.median(own for own, _ in times) * 1e3, 3),
        peer_ms=round(statistics.median(peer for _, peer in times) * 1e3, 3),
        ratio=round(statistics.median(peer / own for own, peer in times), 2),
        floor=case.floor,
        apart=float(apart),
        machine=machine,
    )


def _cases(side: int, folder: Path) -> Iterator[Case]:
    data = heights(side)
    yield from focal_cases(data)
    yield pointwise_case(side)
    yield from terrain_cases(heights(2 * side), folder)


def _show(figures: Sequence[FunctionFigure], console: Console) -> None:
    table = Table(title="blocks of float32, one thread, processor time")
    for heading in (
        "function",
        "side",
        "ns a pixel",
        "peer",
        "ns a pixel",
        "ratio",
        "at least",
        "apart",
    ):
        table.add_column(heading)
    for each in figures:
        style = "" if each.ratio >= each.floor else "[red]"
        table.add_row(
            each.row,
            str(each.side),
            f"{each.own_ms * 1e6 / each.side**2:.2f}",
            each.peer,
            f"{each.peer_ms * 1e6 / each.side**2:.2f}",
            f"{style}{each.ratio:.1f}",
            f"{each.floor:g}",
            f"{each.apart:.1e}",
        )
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.functions", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a moment only: does it still run?")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="rows that hold this text")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of what is written")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    side, rounds = (64, 1) if options.tiny else (SIDE, options.rounds)
    machine = this_machine()
    with tempfile.TemporaryDirectory() as name:
        found = [each for each in _cases(side, Path(name)) if options.only in each.row]
        figures = [measure(case, rounds, machine) for case in found]
        extra = [each for each in picture_cases(Path(name), rounds) if options.only in each.row]
    _show(figures, console)
    for picture in extra:
        console.print(
            f"{picture.row}: {picture.plain_ms:.2f} ms plain, {picture.beyond_ms:+.3f} ms beyond "
            f"(at most {picture.limit_ms:g})"
        )
    append_lines((*figures, *extra), options.results / "functions.jsonl")
    missed = any(each.ratio < each.floor for each in figures)
    missed |= any(each.beyond_ms > each.limit_ms for each in extra)
    return 1 if missed and not options.tiny else 0


if __name__ == "__main__":
    sys.exit(main())
