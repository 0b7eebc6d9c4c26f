"""Small GeoTIFFs and services of them, for tests of the pixel path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio import Affine

from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.compile_raster import compile_raster
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.service import open_service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.request import ImageRequest
    from engine.service import ImageService

UTM_PLACE = Affine(10, 0, 500000, 0, -10, 5200000)


def write_raster(
    path: Path,
    data: np.ndarray,
    crs: str = "EPSG:32632",
    transform: Affine = UTM_PLACE,
    **profile: Any,
) -> Path:
    """Write (bands, rows, cols) as a GeoTIFF."""
    bands, rows, cols = data.shape
    head = {"driver": "GTiff", "count": bands, "height": rows, "width": cols}
    with rasterio.open(
        path, "w", dtype=data.dtype.name, crs=crs, transform=transform, **head, **profile
    ) as dataset:
        dataset.write(data)
    return path


def single_service(path: Path) -> ImageService:
    """Return a raster as a service of its own."""
    out = path.with_suffix(".zmd")
    compile_raster(path, out)
    return open_service(str(out))


def samples(service: ImageService, request: ImageRequest, work: Work | None = None) -> PixelBlock:
    """Return an answer's pixels before they are encoded."""
    pixels = render_request(plan(service, request), request, work or Work(service, UNLIMITED))
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def ramp(rows: int, cols: int, dtype: str = "uint8", bands: int = 1) -> np.ndarray:
    """Return (bands, rows, cols) of noise without zeros, the same for the same arguments."""
    rng = np.random.default_rng(rows * 7919 + cols)
    top = min(250, np.iinfo(dtype).max if np.dtype(dtype).kind in "ui" else 250)
    return rng.integers(1, top, (bands, rows, cols)).astype(dtype)
