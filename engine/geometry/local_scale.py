"""How large a raster's pixels are on a map and on the ground, at the raster's centre."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.extent import Extent
from engine.geometry.projection import LONLAT, describe_crs, inverse, operation, transform

_EARTH_M = 6371008.8


def pixel_to_map(geotransform: Sequence[float], col: float, row: float) -> tuple[float, float]:
    """Return x, y of a position in level-0 pixels (corner origin)."""
    a, b, c, d, e, f = geotransform
    return a + col * b + row * c, d + col * e + row * f


def map_scale(
    geotransform: Sequence[float], width: int, height: int, pipeline: str
) -> tuple[float, float]:
    """Return level-0 source pixels per map unit along the map's x and y axes at the raster's centre.

    Parameters
    ----------
    geotransform : 6 floats
        Of the raster, GDAL order.
    pipeline : str
        From the map's CRS to the raster's.

    Returns
    -------
    x, y : float
        (0, 0) where the centre has no place in the map's CRS.
    """
    step = max(1.0, min(width, height) / 64)
    col, row = width / 2, height / 2
    cols = np.array([col - step, col + step, col, col])
    rows = np.array([row, row, row - step, row + step])
    a, b, c, d, e, f = geotransform
    xs, ys = inverse(pipeline, a + cols * b + rows * c, d + cols * e + rows * f)
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        return 0.0, 0.0
    # Jacobian of map by pixel; its inverse gives pixels by map.
    jacobian = np.array([[xs[1] - xs[0], xs[3] - xs[2]], [ys[1] - ys[0], ys[3] - ys[2]]]) / (
        2 * step
    )
    if abs(np.linalg.det(jacobian)) < 1e-300:
        return 0.0, 0.0
    pixels = np.linalg.inv(jacobian)
    return float(np.hypot(*pixels[:, 0])), float(np.hypot(*pixels[:, 1]))


def ground_pixel_size_m(crs: str, geotransform: Sequence[float], width: int, height: int) -> float:
    """Return the size of a level-0 pixel on the ground in metres (square root of its area).

    Measured on the sphere through longitude and latitude at the raster's centre, so that sizes in
    different CRSs compare; falls back to the CRS's own unit where it has no longitude and latitude.
    """
    col, row = width / 2, height / 2
    points = [pixel_to_map(geotransform, col + dc, row + dr) for dc, dr in ((0, 0), (1, 0), (0, 1))]
    xs, ys = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    lon, lat = transform(operation(crs, LONLAT).pipeline, xs, ys)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        b, c, e, f = geotransform[1], geotransform[2], geotransform[4], geotransform[5]
        return float(np.sqrt(abs(b * f - c * e)) * describe_crs(crs).metres_per_unit)
    east = np.radians(lon - lon[0]) * _EARTH_M * np.cos(np.radians(lat[0]))
    north = np.radians(lat - lat[0]) * _EARTH_M
    return float(np.sqrt(abs(east[1] * north[2] - east[2] * north[1])))


def lonlat_extent(
    crs: str, geotransform: Sequence[float], width: int, height: int
) -> Extent | None:
    """Return the box of a raster in longitude and latitude, or None where it has none.

    xmax exceeds 180 where the raster crosses the antimeridian.
    """
    edge = np.linspace(0.0, 1.0, 9)
    cols, rows = np.meshgrid(edge * width, edge * height)
    a, b, c, d, e, f = geotransform
    lon, lat = transform(
        operation(crs, LONLAT).pipeline, a + cols * b + rows * c, d + cols * e + rows * f
    )
    good = np.isfinite(lon) & np.isfinite(lat)
    if not good.any():
        return None
    lon, lat = lon[good], lat[good]
    if lon.max() - lon.min() > 180 and not describe_crs(crs).is_geographic:
        lon = np.where(lon < 0, lon + 360, lon)
    return Extent(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
