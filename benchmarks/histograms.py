"""Histogram of the whole mosaic of 16 COGs: `python -m benchmarks.histograms [--tiny] [--rounds 5]`.

As computeStatisticsHistograms makes it, in one process, blocks dropped before each round: once without a pixel
size (from overviews; at most half a second), once at full resolution (every pixel; memory must not grow with
the mosaic). One JSON line a way.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import FULL, PIXEL_SIZE_M, TINY, Scene, ensure_scenes
from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.request import AreaCountsRequest
from engine.results import AreaCountsResult
from engine.service import ImageService, open_service
from raster_types.adding.add import AddRequest, add_rasters
from server.guarded_workers import GuardedWorkers

CEILING_S = 0.5
# Beside the block cache: squares of pixels under way, position grids, blocks kept for a second pass.
CEILING_MB = 256.0
_CACHE_MB = 64

_WAYS = {
    "from overviews": AreaCountsRequest(),
    "exact": AreaCountsRequest(pixel_size=(PIXEL_SIZE_M, PIXEL_SIZE_M)),
}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Median seconds of one way, its rounds, what it counted, and how far memory grew meanwhile.

    Attributes
    ----------
    memory_mb : float
        Peak of the process above where it stood, the block cache included.
    """

    way: str
    seconds: float
    rounds: list[float]
    skip: int
    pixels: int
    memory_mb: float
    machine: Machine


def mosaic_service(scenes: Sequence[Scene], folder: Path) -> ImageService:
    """Return the mosaic with overviews, open in this process."""
    definition = DefinitionFolder.create(folder / "mosaic.isdef")
    paths = [scene.path for scene in scenes]
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=paths))
    with GuardedWorkers(timeout_s=600.0, forked=True) as workers:
        build_definition(definition, BuildOptions(overviews="all"), workers)
    compile_definition(definition.path, folder / "mosaic.zmd")
    memory = InstanceMemory(block_cache_bytes=_CACHE_MB << 20)
    return open_service(str(folder / "mosaic.zmd"), memory)


def measure(service: ImageService, rounds: int) -> list[Figure]:
    """Return the figure of each way."""
    answer(service, AreaCountsRequest(), UNLIMITED)
    figures = []
    for way, request in _WAYS.items():
        times = []
        before = _begin_peak()
        for _ in range(rounds):
            service.memory.blocks.clear()
            start = time.perf_counter()
            found = answer(service, request, UNLIMITED).record
            times.append(round(time.perf_counter() - start, 3))
        assert isinstance(found, AreaCountsResult)
        figures.append(
            Figure(
                way=way,
                seconds=statistics.median(times),
                rounds=times,
                skip=found.skip,
                pixels=found.bands[0].statistics.count,
                memory_mb=round(_status_mb("VmHWM") - before, 1),
                machine=this_machine(),
            )
        )
    return figures


def _begin_peak() -> float:
    """Forget the peak of this process's memory; return what it holds now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status_mb("VmRSS")


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return float(line.split()[1]) * 1024 / 1e6
    raise LookupError(name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where one is beyond its ceiling."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histograms", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="4 small scenes: a smoke test")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    scenes = ensure_scenes(TINY if options.tiny else FULL)
    with tempfile.TemporaryDirectory(prefix="swath-histograms-") as folder:
        service = mosaic_service(scenes, Path(folder))
        quick, exact = measure(service, options.rounds)
        service.close()
    for figure in (quick, exact):
        print(msgspec.json.encode(figure).decode(), flush=True)
    bound = CEILING_MB + _CACHE_MB
    print(
        f"from overviews: {quick.seconds:.3f} s (at most {CEILING_S:g}); exact: {exact.seconds:.2f} s for "
        f"{exact.pixels / 1e6:.0f} million pixels, {exact.memory_mb:.0f} MB more (at most {bound:g})"
    )
    is_met = quick.seconds <= CEILING_S and exact.memory_mb <= bound and exact.skip == 1
    return 0 if options.tiny or is_met else 1


if __name__ == "__main__":
    sys.exit(main())
