"""Posts of a compiled image service: a mosaic of elevation tiles is one lattice.

The lattice is that of the service's finest raster, so tiles cut from one grid keep their own samples
and meet without a seam; coarser levels are halves of it. What overlaps is settled by the service's own
mosaic rule, which rasters and pyramid levels are read by its plan.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from config.definition import Interpolation
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.errors import ConfigError, SourceUnavailable
from engine.extent import Extent
from engine.geometry.post_field import PostSpan
from engine.geometry.posts import PostLevel
from engine.geometry.projection import describe_crs, horizontal_crs
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import ImageService

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.process_memory import ProcessMemory

    Floats = NDArray[np.float64]

# As in engine.levels: a level counts as fine enough when it is at most this much coarser.
_SLACK = 1.01
_MAX_HALVINGS = 40
_ENDLESS = 2**40


class ServicePosts:
    """The posts of an open service (a `PostSource`); its first band holds heights."""

    def __init__(self, service: ImageService) -> None:
        self._service = service
        summary = service.summary
        self.crs = horizontal_crs(summary.crs)
        self._period = 360.0 if describe_crs(self.crs).is_geographic else 0.0
        self._origin, self._size = _lattice(service)
        self.level = lru_cache(maxsize=64)(self._level)

    @property
    def identity(self) -> Hashable:
        """The compiled file, whose name changes with its content."""
        return ("service", str(self._service.catalog.path))

    def close(self) -> None:
        """Close the service; nothing is read from it any more."""
        self._service.close()

    def _level(self, pixel_size: float) -> PostLevel:
        ratio = pixel_size * _SLACK / max(self._size)
        halvings = min(_MAX_HALVINGS, int(math.log2(ratio))) if ratio >= 2 else 0
        factor = 2.0**halvings
        x, y = self._origin
        place = (x, self._size[0] * factor, 0.0, y, 0.0, -self._size[1] * factor)
        return PostLevel(halvings, place, self._period)

    def span(self, level: PostLevel) -> PostSpan:
        """Return which posts lie in the service's extent, and where a world has no end, beside it."""
        extent = self._service.summary.extent
        a, _, c, _, e, f, _, _ = level.array.tolist()
        cols = sorted((a * extent.xmin + c, a * extent.xmax + c))
        rows = sorted((e * extent.ymin + f, e * extent.ymax + f))
        first_col, last_col = math.floor(cols[0]), math.ceil(cols[1])
        if self._period and extent.width >= self._period - 2 * level.geotransform[1]:
            first_col, last_col = -_ENDLESS, _ENDLESS
        return PostSpan(math.floor(rows[0]), first_col, math.ceil(rows[1]), last_col)

    def read(self, level: PostLevel, row: int, col: int, rows: int, cols: int) -> Floats:
        """Return samples (rows, cols) from post (row, col) on; NaN where there are none.

        Raises
        ------
        SourceUnavailable
            A raster cannot be read, or there are more than a plan may use: where terrain is missing
            would otherwise depend on the day.
        """
        x0, size_x, _, y0, _, size_y = level.geotransform
        xmin, ymax = x0 + col * size_x, y0 + row * size_y
        extent = Extent(xmin, ymax + rows * size_y, xmin + cols * size_x, ymax)
        if not extent.intersects(self._service.summary.extent):
            return np.full((rows, cols), np.nan)
        block = self._render(extent, rows, cols)
        samples: Floats = block.data[0].astype(np.float64)
        samples[~block.valid[0] | ~np.isfinite(samples)] = np.nan
        return samples

    def _render(self, extent: Extent, rows: int, cols: int) -> PixelBlock:
        request = ImageRequest(
            view=View(extent=extent, width=cols, height=rows),
            encoding=Encoding(format="bsq"),
            interpolation=Interpolation.BILINEAR,
            band_ids=(0,),
        )
        made = plan(self._service, request)
        if made.truncated:
            raise SourceUnavailable(str(self._service.catalog.path), f"terrain: {made.truncated}")
        work = Work(self._service, UNLIMITED)
        pixels = render_request(made, request, work)
        if work.skipped:
            raise SourceUnavailable(str(self._service.catalog.path), f"terrain: {work.skipped[0]}")
        return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def _lattice(service: ImageService) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return origin (x, y) and pixel size (x, y) of the service's finest lattice."""
    summary = service.summary
    rows = service.catalog.rows("SELECT id FROM ranks ORDER BY size, id LIMIT 1")
    for item in service.catalog.items_by_id(key for (key,) in rows):
        x0, xc, xr, y0, yc, yr = item.geotransform
        if item.crs == summary.crs and xr == 0 and yc == 0 and xc > 0 > yr:
            return (x0, y0), (xc, -yr)
        if min(item.scale_service) > 0:
            along_x, along_y = item.scale_service
            return (summary.extent.xmin, summary.extent.ymax), (1 / along_x, 1 / along_y)
    return (summary.extent.xmin, summary.extent.ymax), (summary.pixel_size_x, summary.pixel_size_y)


def open_service_posts(
    path: Path, memory: ProcessMemory, above: tuple[Path, ...] = ()
) -> tuple[ServicePosts, str]:
    """Open a compiled service of elevation; returns its posts and its CRS.

    Parameters
    ----------
    above
        Services that it is opened for as terrain, the outermost first.

    Raises
    ------
    ConfigError
        The file is no compiled definition of this version, or has no items.
    """
    service = ImageService(path, memory, above)
    if service.summary.item_count == 0:
        service.close()
        raise ConfigError(path, "", "has no rasters, so there is no terrain")
    return ServicePosts(service), service.summary.crs
