"""Orthorectify a frame camera's image over terrain, beside Orthority run as a program.

`python -m benchmarks.frame_ortho [--tiny] [--rounds 3]`: a made frame of a tilted camera over made hills, bilinear, into
UTM, from opening to a closed uncompressed file in memory; each program on one core and on two, in turns, on the
output grid that Orthority chooses. Orthority's start as a program is measured by itself and not counted.
The exit status is 1 where Orthority is faster, or where the two pictures differ or lie apart.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import rasterio
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.compare import RESULTS
from benchmarks.machine import Machine, this_machine
from benchmarks.ortho import UTM, make_image, write_terrain
from benchmarks.peers import orthority
from benchmarks.peers.programs import PeerMissing, require
from config.definition import Interpolation, ServiceProperties
from engine import helper_threads
from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.extent import Extent
from engine.process_memory import process_memory
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.adding.item_options import parse_item_options

# As the kit's DMC frames: 5,600 m above hills of 480 m, where a pixel of 92 mm / 4,300 sees a metre.
_FOCAL_MM, _SENSOR_MM = 120.0, 92.16
_PLACE = (500_000.0, 4_984_000.0)
_GROUND_M, _RELIEF_M = 480.0, 160.0
_ANGLES = (2.0, -3.0, 0.7)
_PIXELS_PER_OUTPUT = 1.06
_LEAST_CORRELATION = 0.99


class FrameFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One program on so many cores: the median of its rounds, all of them; how alike the pictures are.

    Attributes
    ----------
    start_seconds : float
        What the program takes to do nothing; not in `seconds`.
    ratio : float
        Orthority's seconds for one of ours.
    correlation : float
        Of the two pictures, at the shift (rows, columns) where it is highest.
    """

    row: str
    program: str
    size: tuple[int, int]
    seconds: float
    start_seconds: float
    rounds: list[float]
    ratio: float
    correlation: float
    shift_px: tuple[int, int]
    mean_difference_dn: float
    machine: Machine


@dataclass(frozen=True, slots=True)
class Scene:
    """What is orthorectified.

    Attributes
    ----------
    side : int
        Pixels of the output, about.
    memory : Path
        Where output goes.
    """

    folder: Path
    memory: Path
    side: int

    @property
    def image(self) -> Path:
        """The frame."""
        return self.folder / "frame.tif"

    @property
    def terrain(self) -> Path:
        """Hills."""
        return self.folder / "dem.tif"

    @property
    def exterior(self) -> Path:
        """Where the camera stood, and how."""
        return self.folder / "exterior.csv"

    @property
    def interior(self) -> Path:
        """The camera."""
        return self.folder / "interior.yaml"


def make_scene(scene: Scene) -> None:
    """Write the frame, its orientation and its terrain."""
    pixels = round(scene.side * _PIXELS_PER_OUTPUT)
    make_image(scene.image, pixels)
    write_terrain(scene.terrain, scene.side, _RELIEF_M)
    above = pixels * _FOCAL_MM / _SENSOR_MM
    numbers = (*_PLACE, _GROUND_M + above, *_ANGLES)
    line = ",".join(["frame", *map(str, numbers)])
    scene.exterior.write_text(f"filename,x,y,z,omega,phi,kappa\n{line}\n")
    scene.interior.write_text(
        f"made:\n  type: pinhole\n  im_size: [{pixels}, {pixels}]\n  focal_len: {_FOCAL_MM}\n"
        f"  sensor_size: [{_SENSOR_MM}, {_SENSOR_MM}]\n"
    )


def run_orthority(scene: Scene, size: tuple[float, float], cores: int) -> tuple[float, Path]:
    """Orthorectify with Orthority; seconds with its start, and the file."""
    out = scene.memory / "orthority"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    command = [*_on(cores), str(orthority.PROGRAM), "frame", "--dem", str(scene.terrain)]
    command += ["--int-param", str(scene.interior), "--ext-param", str(scene.exterior)]
    command += ["--crs", UTM, "--res", str(size[0]), "--res", str(size[1])]
    command += ["--interp", "bilinear", "--dem-interp", "bilinear", "--no-build-ovw"]
    command += ["--no-write-mask", "--creation-option", "TILED=YES", "--out-dir", str(out)]
    started = time.perf_counter()
    subprocess.run([*command, str(scene.image)], check=True, capture_output=True)
    return time.perf_counter() - started, next(out.glob("*.tif"))


def start_seconds(cores: int) -> float:
    """Return what Orthority takes to start and do nothing."""
    command = [*_on(cores), str(orthority.PROGRAM), "frame", "--help"]
    found = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - started)
    return float(np.median(found))


def _on(cores: int) -> list[str]:
    """Return what keeps a program on so many cores."""
    chosen = sorted(os.sched_getaffinity(0))[:cores]
    return ["taskset", "-c", ",".join(map(str, chosen))]


def compiled(scene: Scene) -> Path:
    """Return the service of the frame."""
    home = scene.folder / "frame.isdef"
    shutil.rmtree(home, ignore_errors=True)
    definition = DefinitionFolder.create(home, ServiceProperties(crs=UTM))
    options = parse_item_options(
        srs=UTM,
        dem=str(scene.terrain),
        dem_datum="ellipsoid",
        exterior=scene.exterior,
        interior=scene.interior,
    )
    request = AddRequest(raster_type="frame-camera", paths=[scene.image], options=options)
    add_rasters(definition, request)
    build_definition(definition, BuildOptions(overviews="none", statistics=False))
    out = scene.folder / "frame.zmd"
    compile_definition(home, out)
    return out


def run_swath(scene: Scene, service: Path, grid: tuple[Extent, int, int], cores: int) -> float:
    """Orthorectify with this engine; seconds."""
    helper_threads.THREADS = cores
    memory = process_memory(InstanceMemory(block_cache_bytes=1 << 30))
    memory.blocks.clear()
    memory.posts.clear()
    extent, width, height = grid
    request = ImageRequest(
        view=View(extent=extent, width=width, height=height, out_crs=UTM),
        encoding=Encoding(format="tiff", compression="None"),
        interpolation=Interpolation.BILINEAR,
    )
    # Under a new name nothing of an earlier run is known, position grids neither.
    new = Path(shutil.copy(service, scene.memory / f"{time.monotonic_ns()}.zmd"))
    started = time.perf_counter()
    opened = open_service(str(new))
    made = answer(opened, request, UNLIMITED)
    (scene.memory / "swath.tif").write_bytes(made.body)
    seconds = time.perf_counter() - started
    opened.close()
    new.unlink()
    return seconds


def measure(scene: Scene, rounds: int, console: Console) -> list[FrameFigure]:
    """Run both programs in turns."""
    make_scene(scene)
    service = compiled(scene)
    # Its grid follows the footprint: a first run says how large a pixel makes the size that is wanted.
    _, first = run_orthority(scene, (1.0, 1.0), 2)
    with rasterio.open(first) as file:
        size = (file.width / scene.side, file.height / scene.side)
    figures, machine = [], this_machine()
    for cores in (1, 2):
        start, ours, theirs = start_seconds(cores), [], []
        for number in range(rounds + 1):
            seconds, path = run_orthority(scene, size, cores)
            with rasterio.open(path) as file:
                grid = (Extent(*file.bounds), file.width, file.height)
            own = run_swath(scene, service, grid, cores)
            if number:
                theirs.append(max(seconds - start, 0.0))
                ours.append(own)
        ratio = float(np.median(theirs) / np.median(ours))
        correlation, shift, difference = alike(scene.memory / "swath.tif", path)
        console.log(
            f"{cores} core(s): {ratio:.1f} times Orthority, its start of {start:.1f} s aside"
        )
        for program, found in (("Swath", ours), (f"Orthority {orthority.version()}", theirs)):
            figures.append(
                FrameFigure(
                    row=f"frame camera, {cores} core(s)",
                    program=program,
                    size=grid[1:],
                    seconds=round(float(np.median(found)), 3),
                    start_seconds=0.0 if program == "Swath" else round(start, 3),
                    rounds=[round(value, 3) for value in found],
                    ratio=round(ratio, 2) if program == "Swath" else 1.0,
                    correlation=round(correlation, 6),
                    shift_px=shift,
                    mean_difference_dn=round(difference, 3),
                    machine=machine,
                )
            )
    return figures


def alike(one: Path, other: Path) -> tuple[float, tuple[int, int], float]:
    """Return the highest correlation of two pictures within two pixels, the shift there, and their difference."""
    with rasterio.open(one) as file, rasterio.open(other) as second:
        a, b = file.read(1).astype(np.float32), second.read(1).astype(np.float32)
    inside = np.s_[2:-2, 2:-2]
    fixed, best = b[inside], (-2.0, (0, 0))
    for down in range(-2, 3):
        for right in range(-2, 3):
            moved = np.roll(a, (down, right), (0, 1))[inside]
            best = max(best, (_correlation(moved, fixed), (down, right)))
    both = (a > 0) & (b > 0)
    return *best, float(np.abs(a[both] - b[both]).mean())


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    both = (one > 0) & (other > 0)
    if np.count_nonzero(both) < 2:
        raise RuntimeError("the two orthos share no pixel")
    return float(np.corrcoef(one[both], other[both])[0, 1])


def _table(figures: Sequence[FrameFigure]) -> Table:
    loop = figures[0].machine.reference_loop_ms
    width, height = figures[0].size
    table = Table(title=f"Frame ortho {width} x {height}, uint16 (reference loop {loop:g} ms)")
    for column in ("row", "program", "seconds", "its start", "ratio", "correlation", "shift", "DN"):
        table.add_column(column)
    for figure in figures:
        ours = figure.program == "Swath"
        table.add_row(
            figure.row,
            figure.program,
            f"{figure.seconds:g}",
            "" if ours else f"{figure.start_seconds:g}",
            f"{figure.ratio:g} x" if ours else "",
            f"{figure.correlation:.5f}" if ours else "",
            "{}, {}".format(*figure.shift_px) if ours else "",
            f"{figure.mean_difference_dn:g}" if ours else "",
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and store; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frame_ortho", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a small image, to see that it runs")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    try:
        require("Orthority", "taskset")
        orthority.install()
    except PeerMissing as missing:
        if os.environ.get("CI", "").lower() == "true":
            raise
        console.print(f"left out: {missing}")
        return 0
    folder = RESULTS / ("frame-ortho-tiny" if options.tiny else "frame-ortho")
    folder.mkdir(parents=True, exist_ok=True)
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=in_memory) as memory:
        scene = Scene(folder, Path(memory), 400 if options.tiny else 4000)
        figures = measure(scene, options.rounds, console)
    lines = b"".join(msgspec.json.encode(figure) + b"\n" for figure in figures)
    (RESULTS / f"{folder.name}.jsonl").write_bytes(lines)
    console.print(_table(figures))
    ours = [figure for figure in figures if figure.program == "Swath"]
    agree = all(f.correlation >= _LEAST_CORRELATION and f.shift_px == (0, 0) for f in ours)
    # Of a small picture only the start is measured.
    faster = options.tiny or all(figure.ratio > 1 for figure in ours)
    return 0 if agree and faster else 1


if __name__ == "__main__":
    sys.exit(main())
