"""The demo's raw satellite images: the invented valley from two sides, with an RPC and no place on a map.

Beside them lie its terrain, as a raster of heights, and the truth: where its roads and its river really run.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine
from rasterio.warp import transform

from engine.build import demo_valley
from engine.build.demo_photographs import photograph
from engine.build.demo_satellite import Satellite, fit_rpc
from engine.build.demo_valley import Valley, make_valley
from engine.extent import Extent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.build.demo_photographs import Floats
    from engine.build.progress import Progress

TERRAIN_FILE = "terrain/heights.tif"
TRUTH_FILE = "truth.json"

_COLUMNS = _ROWS = 1200
_PIXEL_M = 5.0
_POST_PIXELS = 2
# Of the sensor model, as vendors state it: also the one height assumed where nobody knows the terrain.
_HEIGHTS_M = (0.0, 1000.0)
_MIDDLE_M = sum(_HEIGHTS_M) / 2
# No slope hides another from there, so steps may be long.
_STEP_M, _CLOSE_M = 90.0, 0.25
_PHOTOGRAPHING = "Photographing an invented valley from space"
_POINTS = 161


@dataclass(frozen=True, slots=True)
class _View:
    """One image: its name, its date, and from where the valley is seen."""

    name: str
    date: str
    from_east_deg: float
    from_south_deg: float

    @property
    def satellite(self) -> Satellite:
        """The camera, turned so that the middle of the image is the middle of the valley."""
        half = demo_valley.SIZE * demo_valley.PIXEL_M / 2
        middle = (demo_valley.WEST + half, demo_valley.NORTH - half)
        return Satellite(
            middle[0] - _MIDDLE_M * math.tan(math.radians(self.from_east_deg)),
            middle[1] + _MIDDLE_M * math.tan(math.radians(self.from_south_deg)),
            _COLUMNS,
            _ROWS,
            _PIXEL_M,
            self.from_east_deg,
            self.from_south_deg,
        )

    @property
    def slant(self) -> float:
        """Metres aside per metre of height."""
        east, south = (math.radians(part) for part in (self.from_east_deg, self.from_south_deg))
        return math.hypot(math.tan(east), math.tan(south))

    @property
    def seen_from(self) -> str:
        """The side in a word."""
        return "east" if self.from_east_deg > 0 else "west"


_VIEWS = (
    _View("VALLEY_20240611_W", "2024-06-11", -27.0, 3.0),
    _View("VALLEY_20240614_E", "2024-06-14", 25.0, -4.0),
)


def make_raw_images(folder: Path, progress: Progress) -> list[Path]:
    """Make an invented valley and photograph it from two sides.

    Parameters
    ----------
    folder : Path
        Made if need be; receives ``VALLEY_<date>_<side>.tif``, `TERRAIN_FILE`, `TRUTH_FILE` and
        ``scenes.csv``.
    progress : callable
        Called after each step.
    """
    total = len(_VIEWS) + 1
    valley = make_valley()
    _write_terrain(folder / TERRAIN_FILE, valley)
    _write_truth(folder / TRUTH_FILE, valley)
    progress(_PHOTOGRAPHING, 1, total)
    written = []
    for done, view in enumerate(_VIEWS, start=2):
        path = folder / f"{view.name}.tif"
        _write_image(path, valley, view)
        written.append(path)
        progress(_PHOTOGRAPHING, done, total)
    # Last: when the table is there, all is.
    with (folder / "scenes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Name", "AcqDate", "Sensor", "SeenFrom"])
        writer.writerows([view.name, view.date, "Invented", view.seen_from] for view in _VIEWS)
    return written


def _write_image(path: Path, valley: Valley, view: _View) -> None:
    satellite = view.satellite
    size = (_COLUMNS, _ROWS)
    seen = photograph(satellite, valley, size, step_m=_STEP_M, close_m=_CLOSE_M)
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "width": _COLUMNS,
        "height": _ROWS,
        "count": 3,
        "dtype": "uint8",
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "DEFLATE",
        "predictor": 2,
        "interleave": "pixel",
        "photometric": "RGB",
        "rpcs": fit_rpc(satellite, demo_valley.CRS, _ground_box(), _HEIGHTS_M),
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.rint(seen).astype(np.uint8))
        file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
        file.build_overviews([2, 4], Resampling.average)


def _ground_box() -> Extent:
    side = demo_valley.SIZE * demo_valley.PIXEL_M
    west, north = demo_valley.WEST, demo_valley.NORTH
    return Extent(west, north - side, west + side, north)


def _write_terrain(path: Path, valley: Valley) -> None:
    """Write heights with posts every few pixels, as terrain models are coarser than images."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = demo_valley.SIZE // _POST_PIXELS
    spacing = demo_valley.PIXEL_M * _POST_PIXELS
    axis = (np.arange(count) + 0.5) * spacing
    x, y = np.meshgrid(demo_valley.WEST + axis, demo_valley.NORTH - axis)
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "width": count,
        "height": count,
        "count": 1,
        "dtype": "float32",
        "crs": demo_valley.CRS,
        "transform": Affine(spacing, 0, demo_valley.WEST, 0, -spacing, demo_valley.NORTH),
        "tiled": True,
        "compress": "DEFLATE",
        "predictor": 3,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.round(valley.heights(x, y), 2).astype(np.float32), 1)


def _write_truth(path: Path, valley: Valley) -> None:
    """Write roads and river as GeoJSON lines, and how far off ground is that is taken for level."""
    roads_x, roads_y = demo_valley.road_lines()
    box = _ground_box()
    along_x, along_y = (
        np.linspace(low, high, 9) for low, high in ((box.xmin, box.xmax), (box.ymin, box.ymax))
    )
    lines = [("road", np.full_like(along_y, x), along_y) for x in roads_x]
    lines += [("road", along_x, np.full_like(along_x, y)) for y in roads_y]
    lines.append(("river", *demo_valley.river_line(_POINTS)))
    features = [
        {
            "type": "Feature",
            "properties": {"kind": kind},
            "geometry": {"type": "LineString", "coordinates": _degrees(x, y)},
        }
        for kind, x, y in lines
    ]
    off_level = max(valley.highest_m - _MIDDLE_M, _MIDDLE_M - valley.lowest_m)
    truth = {
        "type": "FeatureCollection",
        "features": features,
        "level_m": _MIDDLE_M,
        "heights_m": [round(valley.lowest_m), round(valley.highest_m)],
        "off_m": {view.seen_from: round(off_level * view.slant) for view in _VIEWS},
    }
    text = json.dumps(truth, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")


def _degrees(x: Floats, y: Floats) -> list[list[float]]:
    lon, lat = transform(demo_valley.CRS, "EPSG:4326", x, y)
    pairs: NDArray[np.float64] = np.round(np.stack([lon, lat], axis=1), 7)
    return [[float(a), float(b)] for a, b in pairs]
