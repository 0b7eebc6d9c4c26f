"""Footprints by radiometry of one 4096² scene: `python -m benchmarks.footprints [--tiny]`.

A turned swath of natural texture in a collar of zeros, as COG of 3 × uint8 and of uint16, and as striped
GeoTIFF. Each line says how long an outline took, opening and reading included, which share of the blocks
was read, and how many valid pixels a brute-force look over all pixels finds further than one pixel
outside of it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.io import MemoryFile

from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import natural_field
from engine.build.band_mapping import map_bands
from engine.build.footprint_rule import FootprintRule
from engine.build.item_outline import OutlineJob, outline_of_item
from engine.build.raster_record import RasterDefinition, SourceDefinition
from engine.readers.header import read_header

_ROUNDS = 7
LIMIT_S = 0.3


def swath(side: int) -> NDArray[np.bool_]:
    """Return where a turned rectangle lies in a square raster."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    u, v = (x + 0.21 * y) / 1.21, (y - 0.21 * x + 0.21) / 1.21
    return np.asarray((u > 0.04) & (u < 0.96) & (v > 0.04) & (v < 0.96))


def make_scenes(side: int, folder: Path) -> dict[str, Path]:
    """Write the scene in each of its forms."""
    field = natural_field(side, np.random.default_rng(5))
    valid = swath(side)
    colour = np.where(valid, np.clip(field * 28 + 104, 1, 255), 0).astype("uint8")
    grey = np.where(valid, np.clip(field[:1] * 900 + 3000, 1, 65535), 0).astype("uint16")
    return {
        "COG 3 x uint8": _write(folder / "colour.tif", colour, cog=1),
        "COG uint16": _write(folder / "grey.tif", grey, cog=1),
        "strips 3 x uint8": _write(folder / "strips.tif", colour, cog=0),
    }


def _write(path: Path, data: NDArray[np.generic], cog: int) -> Path:
    profile = {
        "driver": "GTiff",
        "dtype": data.dtype.name,
        "count": data.shape[0],
        "height": data.shape[1],
        "width": data.shape[2],
        "crs": "EPSG:32633",
        "transform": Affine(10, 0, 500_000, 0, -10, 5_000_000),
        "nodata": 0,
    }
    if not cog:
        with rasterio.open(path, "w", compress="deflate", predictor=2, **profile) as out:
            out.write(data)
        return path
    with MemoryFile() as memory:
        with memory.open(**profile) as draft:
            draft.write(data)
        with memory.open() as draft:
            options = {"blocksize": 512, "compress": "DEFLATE", "predictor": "YES"}
            rasterio.shutil.copy(draft, path, driver="COG", **options)
    return path


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One scene: median and slowest of the rounds, and what a brute-force look says."""

    scene: str
    seconds: float
    slowest: float
    vertices: int
    lost_by_more_than_one_px: int
    machine: Machine


def measure(name: str, path: Path) -> Figure:
    """Return the figures of one file."""
    header = read_header(str(path))
    raster = RasterDefinition(
        raster_type="raster-dataset", sources=(SourceDefinition(path=str(path)),)
    )
    mapping = map_bands(raster, (header,), len(header.bands))
    job = OutlineJob(raster, (header,), mapping, FootprintRule(method="radiometry"))
    outline_of_item(job)
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        found = outline_of_item(job)
        times.append(time.perf_counter() - start)
    rings = found.rings or []
    with rasterio.open(path) as dataset:
        valid = (dataset.read() != 0).any(axis=0)
    shapes = [({"type": "Polygon", "coordinates": [ring.tolist()]}, 1) for ring in rings]
    burnt = rasterize(shapes, out_shape=valid.shape, all_touched=True).astype(bool)
    return Figure(
        scene=f"{name} {header.width}²",
        seconds=round(sorted(times)[len(times) // 2], 4),
        slowest=round(max(times), 4),
        vertices=sum(len(ring) for ring in rings),
        lost_by_more_than_one_px=int(np.count_nonzero(valid & ~_grown(burnt))),
        machine=this_machine(),
    )


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON line a scene; 1 where one is too slow or loses pixels."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprints", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="512 pixels: a smoke test")
    side = 512 if parser.parse_args(arguments).tiny else 4096
    is_good = True
    with tempfile.TemporaryDirectory(prefix="swath-footprints-") as folder:
        for name, path in make_scenes(side, Path(folder)).items():
            found = measure(name, path)
            print(msgspec.json.encode(found).decode(), flush=True)
            is_good &= found.seconds <= LIMIT_S and not found.lost_by_more_than_one_px
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
