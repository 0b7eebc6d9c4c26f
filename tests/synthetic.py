"""Small rasters whose answer is known: ramps, checkerboards, collars, and files of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio import Affine

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

UTM33 = "EPSG:32633"
ORIGIN = (500_000.0, 5_000_000.0)


def ramp(rows: int, cols: int, bands: int = 1, dtype: str = "uint8") -> NDArray[Any]:
    """Return (bands, rows, cols) that rises along columns, from 1; each band starts higher."""
    top = 254 if dtype == "uint8" else 4000
    line = 1 + (np.arange(cols) * (top - 1) // max(1, cols - 1))
    data = np.broadcast_to(line, (bands, rows, cols)) + np.arange(bands)[:, None, None]
    return np.clip(data, 1, top).astype(dtype)


def checkerboard(rows: int, cols: int, side: int = 8, dtype: str = "uint8") -> NDArray[Any]:
    """Return (1, rows, cols) of squares of 50 and 200."""
    y, x = np.mgrid[0:rows, 0:cols] // side
    return np.where((x + y) % 2, 200, 50).astype(dtype)[np.newaxis]


def slanted_valid(rows: int, cols: int, margin: float = 0.15) -> NDArray[np.bool_]:
    """Return where a turned rectangle inside the raster lies, as swaths have it."""
    y, x = np.mgrid[0:rows, 0:cols].astype(float)
    u, v = (x + 0.25 * y) / (1.25 * cols), (y - 0.25 * x + 0.25 * cols) / (1.25 * rows)
    return (u > margin) & (u < 1 - margin) & (v > margin) & (v < 1 - margin)


def place(east: float = 0.0, north: float = 0.0, pixel: float = 10.0) -> Affine:
    """Return a north-up transform whose corner lies `east`, `north` metres from the common origin."""
    return Affine(pixel, 0, ORIGIN[0] + east, 0, -pixel, ORIGIN[1] + north)


def write_geotiff(
    path: Path,
    data: NDArray[Any],
    transform: Affine | None = None,
    crs: str | None = UTM33,
    mask: NDArray[np.bool_] | None = None,
    overviews: tuple[int, ...] = (),
    **profile: Any,
) -> Path:
    """Write (bands, rows, cols) as a GeoTIFF, with an internal mask where one is given."""
    bands, rows, cols = data.shape
    head = {"count": bands, "height": rows, "width": cols, "dtype": data.dtype.name}
    place_of = place() if transform is None else transform
    tiling = {"tiled": True, "blockxsize": 256, "blockysize": 256} if min(rows, cols) > 256 else {}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", crs=crs, transform=place_of, **head, **tiling, **profile
        ) as out,
    ):
        out.write(data)
        if mask is not None:
            out.write_mask(mask)
        if overviews:
            out.build_overviews(list(overviews), rasterio.enums.Resampling.average)
    return path


def write_scene(path: Path, east: float, north: float, seed: int, side: int = 256) -> Path:
    """Write a scene of 3 × uint8 with a collar of zeros that are no data."""
    rng = np.random.default_rng(seed)
    data = np.broadcast_to(rng.integers(40, 220, (3, 1, 1)), (3, side, side)).astype("uint8")
    data = data + rng.integers(0, 20, data.shape).astype("uint8")
    data = np.where(slanted_valid(side, side), data, 0).astype("uint8")
    return write_geotiff(path, data, place(east, north), nodata=0)
