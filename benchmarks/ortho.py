"""Orthorectify a raw image over terrain, beside gdalwarp with the same tolerance.

`python -m benchmarks.ortho [--tiny] [--rounds 5]`: a made uint16 image with RPC, a made DEM, bilinear, into UTM, from
opening to a closed uncompressed file in memory; each program on one core and on two, in turns. The difference
is to gdalwarp's exact transform (`-et 0`).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.rpc import RPC
from rich.console import Console
from rich.table import Table

from benchmarks.compare import RESULTS
from benchmarks.machine import Machine, this_machine
from benchmarks.peers.programs import PeerMissing
from config.definition import ServiceProperties
from engine import helper_threads
from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.extent import Extent
from engine.geometry.terrain_definition import RasterTerrain
from engine.process_memory import process_memory
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions

UTM = "EPSG:32631"
TOLERANCE_PX = 0.125
LIVE_S = 0.13
_POST_M = 30.0
_PORTION = 1 << 22


class OrthoFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One program on so many cores: the median of its rounds, all of them, and its difference."""

    row: str
    program: str
    seconds: float
    rounds: list[float]
    ratio: float
    asked_ratio: float
    asked_seconds: float = 0.0
    mean_difference_dn: float
    machine: Machine


@dataclass(frozen=True, slots=True)
class Setting:
    """What is orthorectified, and where it goes."""

    folder: Path
    memory: Path
    side: int
    rounds: int

    @property
    def extent(self) -> Extent:
        """In UTM, pixels of 1 m."""
        half = self.side / 2
        return Extent(500000 - half, 4984000 - half, 500000 + half, 4984000 + half)


def rpc_of(side: int) -> RPC:
    """Return the model of a slanting view of `side` pixels of about a metre."""
    plain = [0.0] * 20
    one = [1.0, *plain[1:]]
    line, sample = [*plain], [*plain]
    # 20 degrees off nadir: a metre of height is a third of a pixel.
    tilt = 0.36 * 500.0 / (side / 2)
    line[1], line[2], line[3], line[4], line[8] = 0.02, -1.0, tilt / 3, 0.001, 0.001
    sample[1], sample[2], sample[3], sample[7] = 1.0, 0.02, -tilt, 0.001
    half = side / 2
    return RPC(
        height_off=500.0,
        height_scale=500.0,
        lat_off=45.0079,
        lat_scale=half / 111_132.0,
        line_den_coeff=one,
        line_num_coeff=line,
        line_off=half - 0.5,
        line_scale=half,
        long_off=3.0,
        long_scale=half / 78_850.0,
        samp_den_coeff=one,
        samp_num_coeff=sample,
        samp_off=half - 0.5,
        samp_scale=half,
    )


def texture(side: int, seed: int) -> NDArray[np.float32]:
    """Return shades (side, side) of all sizes, as in nature."""
    random = np.random.default_rng(seed)
    data = np.zeros((side, side), np.float32)
    for octave in range(9):
        few = max(2, side >> (9 - octave))
        noise = random.random((few, few), np.float32)
        repeat = -(-side // few)
        data += np.kron(noise, np.ones((repeat, repeat), np.float32))[:side, :side] / (octave + 1)
    return data


def make_image(path: Path, side: int, **profile: object) -> Path:
    """Write natural-looking texture of `side` pixels with an RPC."""
    data = texture(side, 3)
    samples = (data / data.max() * 3000 + 200).astype(np.uint16)
    shape = {"width": side, "height": side, "count": 1, "dtype": "uint16"}
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, **profile}
    with rasterio.open(path, "w", driver="GTiff", **shape, **layout) as file:
        file.write(samples, 1)
        file.rpcs = rpc_of(side)
    return path


def write_terrain(path: Path, side: int, relief_m: float) -> Path:
    """Write hills of up to about so many metres up and down, one post every 30 m."""
    count = int(side * 1.8 / _POST_M)
    rows, cols = np.mgrid[0:count, 0:count]
    shape_m = 0.56 * np.sin(cols / 11.0) + 0.38 * np.cos(rows / 9.0)
    heights = 480 + relief_m * (shape_m + 0.06 * np.sin(rows * cols / 900.0))
    corner = Affine(
        _POST_M, 0, 500000 - count * _POST_M / 2, 0, -_POST_M, 4984000 + count * _POST_M / 2
    )
    shape = {"width": count, "height": count, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", **shape, crs=UTM, transform=corner) as file:
        file.write(heights.astype(np.float32), 1)
    return path


def add_and_compile(
    folder: Path, image: Path, properties: ServiceProperties, terrain: Path | None
) -> Path:
    """Return the service of one image: raw over a terrain, or, without one, as it lies on the map."""
    home = folder / f"{image.stem}.isdef"
    shutil.rmtree(home, ignore_errors=True)
    definition = DefinitionFolder.create(home, properties)
    options, kind = ItemOptions(), "raster-dataset"
    if terrain is not None:
        where = RasterTerrain(path=str(terrain), vertical_datum="ellipsoid")
        options, kind = ItemOptions(terrain=where), "rpc"
    add_rasters(definition, AddRequest(raster_type=kind, paths=[image], options=options))
    build_definition(definition, BuildOptions(overviews="none", statistics=False))
    out = folder / f"{image.stem}.zmd"
    compile_definition(home, out)
    return out


def swath(setting: Setting, service: Path, cores: int) -> float:
    """Orthorectify with this engine; seconds."""
    helper_threads.THREADS = cores
    memory = process_memory(InstanceMemory(block_cache_bytes=1 << 30))
    memory.blocks.clear()
    memory.posts.clear()
    view = View(extent=setting.extent, width=setting.side, height=setting.side, out_crs=UTM)
    encoding = Encoding(format="tiff", compression="None")
    # Under a new name nothing of an earlier run is known, position grids neither.
    new = Path(shutil.copy(service, setting.memory / f"{time.monotonic_ns()}.zmd"))
    started = time.perf_counter()
    opened = open_service(str(new))
    made = answer(opened, ImageRequest(view=view, encoding=encoding), UNLIMITED)
    write_file(setting.memory / "swath.tif", memoryview(made.body))
    seconds = time.perf_counter() - started
    opened.close()
    new.unlink()
    return seconds


def write_file(path: Path, body: memoryview) -> None:
    """Write a new file, on as many threads as the engine may use; gdalwarp writes while it warps."""
    portions = deque(range(0, len(body), _PORTION))
    with path.open("wb", buffering=0) as file:

        def write_some() -> None:
            while portions:
                try:
                    start = portions.popleft()
                except IndexError:
                    return
                os.pwrite(file.fileno(), body[start : start + _PORTION], start)

        if helper_threads.can_share():
            helper_threads.share(write_some)
        else:
            write_some()


def live(setting: Setting, service: Path, rounds: int) -> list[float]:
    """Orthorectify on one core with blocks decoded and everything else new, as a server that runs; seconds."""
    helper_threads.THREADS = 1
    view = View(extent=setting.extent, width=setting.side, height=setting.side, out_crs=UTM)
    request = ImageRequest(view=view, encoding=Encoding(format="tiff", compression="None"))
    opened, found = open_service(str(service)), []
    for _ in range(rounds + 1):
        opened.memory.nodes.clear()
        started = time.perf_counter()
        answer(opened, request, UNLIMITED)
        found.append(time.perf_counter() - started)
    opened.close()
    return found[1:]


def gdalwarp(setting: Setting, image: Path, cores: int, tolerance: float, name: str) -> float:
    """Orthorectify with gdalwarp; seconds."""
    box = setting.extent
    command = ["gdalwarp", "-q", "-overwrite", "-rpc", "-r", "bilinear", "-et", str(tolerance)]
    command += ["-to", f"RPC_DEM={setting.folder / 'dem.tif'}", "-t_srs", UTM, "-wm", "500"]
    command += ["-te", *(str(v) for v in (box.xmin, box.ymin, box.xmax, box.ymax))]
    command += ["-ts", str(setting.side), str(setting.side)]
    if cores > 1:
        command += ["-multi", "-wo", f"NUM_THREADS={cores}"]
    out = setting.memory / name
    started = time.perf_counter()
    subprocess.run([*command, str(image), str(out)], check=True)
    return time.perf_counter() - started


def measure(setting: Setting, console: Console) -> list[OrthoFigure]:
    """Run both programs in turns."""
    machine, figures = this_machine(), []
    terrain = write_terrain(setting.folder / "dem.tif", setting.side, 160.0)
    kinds: dict[str, tuple[dict[str, object], dict[int, float]]] = {
        "uncompressed": ({}, {1: 8.0, 2: 10.0}),
        "deflate": ({"compress": "deflate", "predictor": 2}, {1: 5.0, 2: 7.0}),
    }
    for kind, (profile, asked) in kinds.items():
        image = make_image(setting.folder / f"{kind}.tif", int(setting.side * 1.3), **profile)
        service = add_and_compile(setting.folder, image, ServiceProperties(crs=UTM), terrain)
        gdalwarp(setting, image, 2, 0.0, "exact.tif")
        swath(setting, service, 1)  # kernels are loaded once in a server's life
        for cores in (1, 2):
            ours: list[float] = []
            theirs: list[float] = []
            for _ in range(setting.rounds):
                theirs.append(gdalwarp(setting, image, cores, TOLERANCE_PX, "gdal.tif"))
                ours.append(swath(setting, service, cores))
            ratio = float(np.median(theirs) / np.median(ours))
            console.log(
                f"{kind}, {cores} core(s): {ratio:.1f} times gdalwarp (asked {asked[cores]:g})"
            )
            for program, rounds, name in (
                ("Swath", ours, "swath.tif"),
                ("gdalwarp", theirs, "gdal.tif"),
            ):
                figures.append(
                    OrthoFigure(
                        row=f"{kind} source, {cores} core(s)",
                        program=program,
                        seconds=round(float(np.median(rounds)), 3),
                        rounds=[round(value, 3) for value in rounds],
                        ratio=round(ratio, 2) if program == "Swath" else 1.0,
                        asked_ratio=asked[cores] if program == "Swath" else 0.0,
                        mean_difference_dn=round(_difference(setting, name), 3),
                        machine=machine,
                    )
                )
        if kind == "uncompressed":
            rounds = live(setting, service, setting.rounds)
            median = float(np.median(rounds))
            console.log(f"live: {median:.3f} s (asked {LIVE_S:g})")
            figures.append(
                OrthoFigure(
                    row="live, blocks decoded, 1 core",
                    program="Swath",
                    seconds=round(median, 3),
                    rounds=[round(value, 3) for value in rounds],
                    ratio=0.0,
                    asked_ratio=0.0,
                    asked_seconds=LIVE_S,
                    mean_difference_dn=0.0,
                    machine=machine,
                )
            )
    return figures


def _difference(setting: Setting, name: str) -> float:
    with (
        rasterio.open(setting.memory / name) as one,
        rasterio.open(setting.memory / "exact.tif") as exact,
    ):
        a, b = one.read(1).astype(float), exact.read(1).astype(float)
    both = (a > 0) & (b > 0)
    if not both.any():
        raise RuntimeError(f"{name} and the exact ortho share no pixel")
    return float(np.abs(a[both] - b[both]).mean())


def _table(figures: Sequence[OrthoFigure]) -> Table:
    loop = figures[0].machine.reference_loop_ms
    table = Table(title=f"Ortho over terrain, uint16 (reference loop {loop:g} ms)")
    for column in ("row", "program", "seconds", "ratio", "asked", "mean difference to exact, DN"):
        table.add_column(column)
    for figure in figures:
        asked = f">= {figure.asked_ratio:g}" if figure.asked_ratio else ""
        ratio = f"{figure.ratio:g} x" if asked else ""
        if figure.asked_seconds:
            asked = f"<= {figure.asked_seconds:g} s"
        table.add_row(
            figure.row,
            figure.program,
            f"{figure.seconds:g}",
            ratio,
            asked,
            "" if figure.asked_seconds else f"{figure.mean_difference_dn:g}",
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a small image, to see that it runs")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    if shutil.which("gdalwarp") is None:
        raise PeerMissing("gdalwarp", "the program gdalwarp")
    folder = RESULTS / ("ortho-tiny" if options.tiny else "ortho")
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=in_memory) as memory:
        side = 400 if options.tiny else 4000
        figures = measure(Setting(folder, Path(memory), side, options.rounds), console)
    encode: Callable[[object], bytes] = msgspec.json.encode
    (RESULTS / f"{folder.name}.jsonl").write_bytes(b"".join(encode(f) + b"\n" for f in figures))
    console.print(_table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
