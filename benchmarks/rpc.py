"""Time the RPC sensor model on one core, both ways, beside GDAL's transformer.

A model with all 80 coefficients, 20,000 random points of its scene a call, the best call within a second.
`python -m benchmarks.rpc [--tiny]`; the exit status is 1 where ground to image is below 100 million points
a second.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer
from rich.console import Console

from benchmarks.compare import RESULTS
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from engine.geotransforms.rpc import RpcModel, RpcRecord
from engine.kernel import HAS_FMA

FLOOR_MPTS = 100.0
POINTS = 20_000
_SEED = 1


class RpcFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Points a second of one way, by one program, on one core.

    Attributes
    ----------
    rate_mpts : float
        Million points a second.
    floor_mpts : float
        What must be reached; 0 where nothing is promised.
    worst_px : float
        Largest difference to GDAL's positions (ground to image), or after the way back and there again.
    """

    row: str
    program: str
    rate_mpts: float
    floor_mpts: float
    worst_px: float
    has_fma: bool
    machine: Machine


def scene() -> RpcRecord:
    """Return a model of 20,000 × 24,000 pixels in which no coefficient is zero."""
    random = np.random.default_rng(_SEED)
    lists = random.uniform(-1e-4, 1e-4, (4, 20))
    lists[0, :4] = 1e-4, 0.02, -0.97, 0.012
    lists[2, :4] = 4e-3, 0.98, 0.016, 0.003
    lists[1, 0] = lists[3, 0] = 1.0
    row, row_down, col, col_down = (tuple(values) for values in lists.tolist())
    return RpcRecord(
        row_offset_px=12_000.5,
        col_offset_px=10_000.5,
        latitude_offset_deg=44.1,
        longitude_offset_deg=5.28,
        height_offset_m=1075.0,
        row_scale_px=12_000.0,
        col_scale_px=10_000.0,
        latitude_scale_deg=0.06,
        longitude_scale_deg=0.065,
        height_scale_m=885.0,
        row_numerator=row,
        row_denominator=row_down,
        col_numerator=col,
        col_denominator=col_down,
    )


def gdals(record: RpcRecord) -> RPC:
    """Return the same model as rasterio takes it: centres counted from 0."""
    return RPC(
        height_off=record.height_offset_m,
        height_scale=record.height_scale_m,
        lat_off=record.latitude_offset_deg,
        lat_scale=record.latitude_scale_deg,
        line_den_coeff=list(record.row_denominator),
        line_num_coeff=list(record.row_numerator),
        line_off=record.row_offset_px - 0.5,
        line_scale=record.row_scale_px,
        long_off=record.longitude_offset_deg,
        long_scale=record.longitude_scale_deg,
        samp_den_coeff=list(record.col_denominator),
        samp_num_coeff=list(record.col_numerator),
        samp_off=record.col_offset_px - 0.5,
        samp_scale=record.col_scale_px,
    )


def ground(record: RpcRecord) -> list[NDArray[np.float64]]:
    """Return random longitudes, latitudes and heights of the scene."""
    share = np.random.default_rng(_SEED).uniform(-1, 1, (3, POINTS))
    return [
        record.longitude_offset_deg + share[0] * record.longitude_scale_deg,
        record.latitude_offset_deg + share[1] * record.latitude_scale_deg,
        record.height_offset_m + share[2] * record.height_scale_m,
    ]


def rate_mpts(work: Callable[[], object], seconds: float) -> float:
    """Return million points a second of the best call within some time, after one not counted."""
    work()
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return POINTS / best / 1e6


def measure(seconds: float) -> list[RpcFigure]:
    """Time both ways of both programs."""
    record, machine = scene(), this_machine()
    model = record.bind()
    points = ground(record)
    lon, lat, height = (column.tolist() for column in points)
    image = model.ground_to_image(*points)
    figures = []

    def add(row: str, program: str, rate: float, worst: float) -> None:
        promised = program == "Swath" and row == "rpc ground to image"
        figures.append(
            RpcFigure(
                row=row,
                program=program,
                rate_mpts=round(rate, 3),
                floor_mpts=FLOOR_MPTS if promised else 0.0,
                worst_px=worst,
                has_fma=HAS_FMA,
                machine=machine,
            )
        )

    with RPCTransformer(gdals(record), RPC_PIXEL_ERROR_THRESHOLD=1e-6) as gdal:
        rows, cols = gdal.rowcol(lon, lat, zs=height, op=lambda value: value)
        apart = float(np.abs(np.subtract(image, (cols, rows))).max())
        there = rate_mpts(lambda: model.ground_to_image(*points), seconds)
        add("rpc ground to image", "Swath", there, apart)
        theirs = rate_mpts(lambda: gdal.rowcol(lon, lat, zs=height), seconds)
        add("rpc ground to image", "GDAL through rasterio", theirs, 0.0)
        back = rate_mpts(lambda: model.image_to_ground(*image, points[2]), seconds)
        add("rpc image to ground", "Swath", back, _round_trip_px(model, image, points[2]))
        col, row = (column.tolist() for column in image)
        theirs = rate_mpts(lambda: gdal.xy(row, col, zs=height, offset="ul"), seconds)
        x, y = gdal.xy(row, col, zs=height, offset="ul")
        again = model.ground_to_image(np.array(x), np.array(y), points[2])
        apart = float(np.abs(np.subtract(again, image)).max())
        add("rpc image to ground", "GDAL through rasterio", theirs, apart)
    return figures


def _round_trip_px(
    model: RpcModel,
    image: tuple[NDArray[np.float64], NDArray[np.float64]],
    height: NDArray[np.float64],
) -> float:
    again = model.ground_to_image(*model.image_to_ground(*image, height), height)
    return float(np.abs(np.subtract(again, image)).max())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rpc", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a moment only: does it still run?")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of what is written")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    figures = measure(0.02 if options.tiny else 1.0)
    append_lines(figures, options.results / "rpc.jsonl")
    missed = [figure for figure in figures if figure.rate_mpts < figure.floor_mpts]
    for figure in figures:
        floor = f" (at least {figure.floor_mpts:.0f})" if figure.floor_mpts else ""
        console.print(
            f"{figure.row}: {figure.program} {figure.rate_mpts:.2f} M points/s a core{floor}, "
            f"within {figure.worst_px:.1e} px"
        )
    return 1 if missed and not options.tiny else 0


if __name__ == "__main__":
    sys.exit(main())
