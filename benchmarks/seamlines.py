"""Measure how long radiometric seamlines of the benchmark's mosaic take, and how much less they show.

`python -m benchmarks.seamlines [--tiny]` adds and builds the scenes, makes seamlines by the Voronoi
method and by pixels in the processes that the command uses, and prints one JSON line each: seconds, and
the mean difference between the two items along all borders, in DN.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import shapely

from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import FULL, TINY, ensure_scenes
from config.definition import MosaicMethod
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.seamline_rows import seamlines_by_item
from engine.build.seamlines.make import make_seamlines
from engine.build.seamlines.options import SeamlineOptions, SeamMethod
from engine.extent import Extent
from engine.pixels import Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import ImageService, open_service
from raster_types.adding.add import AddRequest, add_rasters
from server.guarded_workers import GuardedWorkers


class SeamlineFigure(msgspec.Struct, frozen=True, kw_only=True):
    """What one method took, and the mean difference along its borders, less the median one."""

    method: str
    scenes: int
    pixels: int
    seconds: float
    made: int
    moved: int
    step_dn: float
    machine: Machine


def main(arguments: Sequence[str] | None = None) -> list[SeamlineFigure]:
    """Make seamlines by both methods and print what came of it."""
    parser = argparse.ArgumentParser(description="Measure radiometric seamlines.")
    parser.add_argument("--tiny", action="store_true", help="4 scenes of 1024 pixels, for CI")
    size = TINY if parser.parse_args(arguments).tiny else FULL
    scenes, figures = ensure_scenes(size), []
    with tempfile.TemporaryDirectory(prefix="swath-bench-") as temporary:
        folder = DefinitionFolder.create(Path(temporary) / "mosaic.isdef")
        add_rasters(
            folder, AddRequest(raster_type="raster-dataset", paths=[scene.path for scene in scenes])
        )
        build_definition(folder, BuildOptions(overviews="none", statistics=False))
        for method in (SeamMethod.VORONOI, SeamMethod.RADIOMETRIC):
            start = time.perf_counter()
            with GuardedWorkers(timeout_s=600.0) as workers:
                report = make_seamlines(folder, SeamlineOptions(method=method), workers)
            seconds = time.perf_counter() - start
            figure = SeamlineFigure(
                method=method.value,
                scenes=len(scenes),
                pixels=size.pixels,
                seconds=round(seconds, 2),
                made=report.made,
                moved=report.moved,
                step_dn=round(_mean_step(folder, Path(temporary)), 2),
                machine=this_machine(),
            )
            figures.append(figure)
            print(msgspec.json.encode(figure).decode())
    return figures


def _mean_step(folder: DefinitionFolder, temporary: Path) -> float:
    """Return how much both items of each border differ along it, beside their mean difference."""
    compiled = temporary / "measured.zmd"
    compile_definition(folder.path, compiled)
    service = open_service(str(compiled))
    with folder.table() as table:
        lines = {fid: shapely.from_wkb(line.wkb) for fid, line in seamlines_by_item(table).items()}
    steps, lengths = 0.0, 0
    for one, shape in lines.items():
        for other, rival in lines.items():
            if other <= one:
                continue
            border = shapely.line_merge(shapely.intersection(shape.boundary, rival.boundary))
            count = int(border.length / 40.0)
            if border.geom_type == "Point" or count < 10:
                continue
            points = [border.interpolate(k * 40.0) for k in range(count)]
            found = _apart(service, (one, other), points)
            steps, lengths = steps + float(found.sum()), lengths + len(found)
    service.close()
    return steps / lengths


def _apart(service: ImageService, pair: tuple[int, int], points: list[shapely.Point]) -> np.ndarray:
    """Return the absolute difference at points, less the median one."""
    x, y = np.array([p.x for p in points]), np.array([p.y for p in points])
    box = (x.min() - 100, y.min() - 100, x.max() + 100, y.max() + 100)
    width, height = int((box[2] - box[0]) / 20), int((box[3] - box[1]) / 20)
    sides = []
    for fid in pair:
        request = ImageRequest(
            view=View(extent=Extent(*map(float, box)), width=width, height=height),
            encoding=Encoding(format="bsq"),
            mosaic=MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(fid,)),
        )
        pixels = render_request(plan(service, request), request, Work(service, UNLIMITED))
        sides.append(pixels.planes() if isinstance(pixels, Rgbv) else pixels)
    cols = ((x - box[0]) / (box[2] - box[0]) * width).astype(int)
    rows = ((box[3] - y) / (box[3] - box[1]) * height).astype(int)
    both = (sides[0].valid_any() & sides[1].valid_any())[rows, cols]
    apart = (sides[0].data.astype(float) - sides[1].data)[:, rows[both], cols[both]]
    return np.asarray(np.abs(apart - np.median(apart, axis=1, keepdims=True)).mean(axis=0))


if __name__ == "__main__":
    main()
