"""Overviews of a mosaic, beside gdalbuildvrt and gdal_translate: `python -m benchmarks.overviews [--tiny]`.

Both make pyramids of the same pixel sizes over the same overlapping COGs, as COGs: ours is what `swath
definition build --overviews all` does once the items are built, with its worker processes; GDAL's is
gdalbuildvrt, then gdal_translate -of COG with all cores, averaging, with the compression that ours have
and with its own default. Rounds alternate. One JSON line a way.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import rasterio

from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import FULL, PIXEL_SIZE_M, TINY, Scene, ensure_scenes
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from raster_types.adding.add import AddRequest, add_rasters
from server.guarded_workers import GuardedWorkers

FLOOR = 2.0
# What ours are written with, as gdal_translate says it.
_COMPRESSED = ("COMPRESS=DEFLATE", "LEVEL=6", "PREDICTOR=YES", "BLOCKSIZE=512")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Median seconds of one way and its rounds, and what came of it."""

    way: str
    seconds: float
    rounds: list[float]
    megabytes: float
    pixels: int
    machine: Machine


class _Ours:
    def __init__(self, folder: Path, scenes: Sequence[Scene]) -> None:
        self._folder = DefinitionFolder.create(folder / "mosaic.isdef")
        paths = [scene.path for scene in scenes]
        add_rasters(self._folder, AddRequest(raster_type="raster-dataset", paths=paths))
        build_definition(self._folder, BuildOptions(overviews="none"))

    def make(self) -> tuple[float, list[Path]]:
        """Make them anew and return the time, the workers' start included."""
        build_definition(self._folder, BuildOptions(overviews="none"))
        start = time.perf_counter()
        with GuardedWorkers(timeout_s=600.0, forked=True) as workers:
            build_definition(self._folder, BuildOptions(overviews="all"), workers)
        seconds = time.perf_counter() - start
        return seconds, sorted(self._folder.overviews.glob("*.tif"))


class _Gdal:
    def __init__(self, folder: Path, scenes: Sequence[Scene], options: Sequence[str]) -> None:
        self._folder, self._scenes, self._options = folder, scenes, options

    def make(self) -> tuple[float, list[Path]]:
        """Make them anew and return the time."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        vrt, out = self._folder / "mosaic.vrt", self._folder / "mosaic.tif"
        size = str(2 * PIXEL_SIZE_M)
        paths = [str(scene.path) for scene in self._scenes]
        created = [word for option in self._options for word in ("-co", option)]
        start = time.perf_counter()
        _run("gdalbuildvrt", "-q", str(vrt), *paths)
        how = ("-tr", size, size, "-r", "average", "-co", "NUM_THREADS=ALL_CPUS", *created)
        averaged = ("-co", "OVERVIEW_RESAMPLING=AVERAGE")
        _run("gdal_translate", "-q", "-of", "COG", *how, *averaged, str(vrt), str(out))
        return time.perf_counter() - start, [out]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def measure(scenes: Sequence[Scene], rounds: int, folder: Path) -> list[Figure]:
    """Return the figures of all ways, ours first."""
    ways: dict[str, _Ours | _Gdal] = {
        "swath": _Ours(folder, scenes),
        "gdal, compressed as ours": _Gdal(folder / "same", scenes, _COMPRESSED),
        "gdal, as it is": _Gdal(folder / "default", scenes, ()),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    made: dict[str, list[Path]] = {}
    for _ in range(rounds):
        for way, maker in ways.items():
            seconds, made[way] = maker.make()
            times[way].append(round(seconds, 2))
    return [
        Figure(
            way=way,
            seconds=statistics.median(times[way]),
            rounds=times[way],
            megabytes=round(sum(path.stat().st_size for path in made[way]) / 1e6, 1),
            pixels=sum(map(_pixels, made[way])),
            machine=this_machine(),
        )
        for way in ways
    ]


def _pixels(path: Path) -> int:
    with rasterio.open(path) as dataset:
        return int(dataset.width * dataset.height)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures and how many times faster ours is; 1 where that is below the floor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overviews", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="4 small scenes: a smoke test")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    scenes = ensure_scenes(TINY if options.tiny else FULL)
    with tempfile.TemporaryDirectory(prefix="swath-overviews-") as folder:
        figures = measure(scenes, options.rounds, Path(folder))
    for figure in figures:
        print(msgspec.json.encode(figure).decode(), flush=True)
    ratio = min(figure.seconds for figure in figures[1:]) / figures[0].seconds
    print(f"{ratio:.2f} times as fast as GDAL's faster way (at least {FLOOR:g})")
    return 0 if options.tiny or ratio >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
