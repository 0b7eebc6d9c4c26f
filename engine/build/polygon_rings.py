"""Polygons on the map as rings in a raster's pixels, with edges that follow the map's straight lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.footprint import pack_rings
from engine.geometry.projection import transform

if TYPE_CHECKING:
    from engine.item import Level

Floats = NDArray[np.float64]

# A straight edge on the map is a curve in the raster: points are added until the chord is this near.
CHORD_PX = 0.2
_MAX_HALVINGS = 10
_MAX_POINTS = 50_000


def polygons_to_rings(
    wkb: bytes,
    pipeline: str,
    geotransform: tuple[float, float, float, float, float, float],
    size: Level,
) -> bytes:
    """Return a (multi)polygon in level-0 pixels, packed (`engine.footprint.pack_rings`).

    Parameters
    ----------
    wkb : bytes
        In the CRS that `pipeline` comes from.
    pipeline : str
        From that CRS to the raster's.
    size : Level
        Of the raster; b"" is returned for polygons that lie wholly beside it.

    Raises
    ------
    ValueError
        A corner has no place in the raster's CRS, or there are too many points.
    """
    shape = shapely.from_wkb(wkb)
    rings = [
        _ring_to_pixels(shapely.get_coordinates(ring), pipeline, geotransform)
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]
    kept = [ring for ring in rings if _touches(ring, size)]
    return pack_rings(kept)


def _touches(ring: Floats, size: Level) -> bool:
    low, high = ring.min(axis=0), ring.max(axis=0)
    return bool((high > 0).all() and low[0] < size.width and low[1] < size.height)


def _ring_to_pixels(
    ring: Floats, pipeline: str, geotransform: tuple[float, float, float, float, float, float]
) -> Floats:
    """Return a ring's positions, halving edges until their chord error is small enough."""
    points = np.asarray(ring, np.float64)
    pixels = _to_pixels(points, pipeline, geotransform)
    for _ in range(_MAX_HALVINGS):
        middle = (points[:-1] + points[1:]) / 2
        exact = _to_pixels(middle, pipeline, geotransform)
        chord = (pixels[:-1] + pixels[1:]) / 2
        bent = np.flatnonzero(np.hypot(*(exact - chord).T) > CHORD_PX)
        if bent.size == 0:
            return pixels
        if len(points) + bent.size > _MAX_POINTS:
            break
        points = np.insert(points, bent + 1, middle[bent], axis=0)
        pixels = np.insert(pixels, bent + 1, exact[bent], axis=0)
    raise ValueError(f"an edge cannot be followed to {CHORD_PX} pixel")


def _to_pixels(
    points: Floats, pipeline: str, geotransform: tuple[float, float, float, float, float, float]
) -> Floats:
    x, y = transform(pipeline, points[:, 0].copy(), points[:, 1].copy())
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a corner has no place in the raster's coordinate system")
    a, b, c, d, e, f = geotransform
    det = b * f - c * e
    dx, dy = x - a, y - d
    return np.column_stack([(f * dx - c * dy) / det, (b * dy - e * dx) / det])
