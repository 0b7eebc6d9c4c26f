"""What views would cost without overviews, in words for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.build.overview_members import ground_sizes_m
from engine.build.overview_plan import MOST_RASTERS, MOST_REDUCTION, crowds
from engine.errors import InvalidParameter
from engine.geometry.projection import LONLAT, operation, transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.overview_plan import PrimaryBox
    from engine.extent import Extent

_WORLD_M = 2 * math.pi * 6_378_137.0
_TILE_PX = 256


def overview_cost(
    primaries: Sequence[PrimaryBox], extent: Extent | None, crs: str, sizes: Sequence[float]
) -> str:
    """Return a sentence: how many rasters the dearest tile reads, and what was made of that.

    Parameters
    ----------
    sizes
        Where overviews begin; () = there are none.
    """
    finest = min((box.low_ps for box in primaries), default=0.0)
    if extent is None or finest <= 0:
        return ""
    size, count = max(crowds(primaries, extent, finest), key=lambda found: found[1])
    lacking = min((box.high_ps for box in primaries if box.high_ps > 0), default=0.0)
    reads = f"{_where(size, extent, crs)} would read {count} rasters a tile"
    if count <= MOST_RASTERS and lacking and size > MOST_REDUCTION * lacking:
        reads += f" and average {_area(size / lacking)} of their pixels for each of its own"
    if not sizes:
        why = "no overviews needed" if count <= MOST_RASTERS else "no overviews made"
        return f"{reads}: {why}."
    listed = ", ".join(f"{each:.6g}" for each in sizes)
    return f"{reads}: overviews made, from pixel size {listed} on."


def _area(ratio: float) -> str:
    side = 2 ** math.floor(math.log2(ratio))
    return f"{side} × {side}"


def _where(size: float, extent: Extent, crs: str) -> str:
    """Name a pixel size as the zoom of web maps that comes next, where there is one."""
    zoom = zoom_of(size, extent, crs)
    return f"Pixel size {size:.6g}" if zoom is None else f"Zoom {zoom}"


def zoom_of(size: float, extent: Extent, crs: str) -> int | None:
    """Return the zoom of web maps whose pixels are nearest in size on the ground; None = none is."""
    center = np.array([[extent.center_x, extent.center_y]])
    ground_m = float(ground_sizes_m(crs, center, np.array([size]))[0])
    try:
        pipeline = operation(crs, LONLAT).pipeline
    except InvalidParameter:
        return None
    _, lat = transform(pipeline, center[:, 0].copy(), center[:, 1].copy())
    if not (math.isfinite(ground_m) and ground_m > 0 and abs(lat[0]) < 85):
        return None
    pixel_m = _WORLD_M / _TILE_PX * math.cos(math.radians(float(lat[0])))
    return max(0, round(math.log2(pixel_m / ground_m)))
