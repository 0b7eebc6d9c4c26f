"""How large a raster's pixels are on a map and on the ground, at the raster's centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.extent import Extent
from engine.geometry.projection import LONLAT, describe_crs, inverse, operation, transform

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
_EARTH_M = 6371008.8


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
    scales = map_scales(np.array([geotransform]), np.array([[width, height]]), pipeline)
    return float(scales[0, 0]), float(scales[0, 1])


def map_scales(geotransforms: Floats, sizes: Floats, pipeline: str) -> Floats:
    """Return `map_scale` of many rasters of one CRS at once.

    Parameters
    ----------
    geotransforms : float64 (n, 6)
    sizes : (n, 2)
        Width and height in pixels.

    Returns
    -------
    float64 (n, 2)
    """
    step = np.maximum(1.0, sizes.min(axis=1) / 64)
    col, row = sizes[:, 0] / 2, sizes[:, 1] / 2
    cols = np.stack([col - step, col + step, col, col, col])
    rows = np.stack([row, row, row - step, row + step, row])
    a, b, c, d, e, f = geotransforms.T
    xs, ys = inverse(pipeline, a + cols * b + rows * c, d + cols * e + rows * f)
    # Jacobian of map by pixel; its inverse gives pixels by map.
    with np.errstate(invalid="ignore", divide="ignore"):
        xc, xr = _across(xs[0], xs[4], xs[1]) / step, _across(xs[2], xs[4], xs[3]) / step
        yc, yr = (ys[1] - ys[0]) / (2 * step), (ys[3] - ys[2]) / (2 * step)
        det = xc * yr - xr * yc
        scales = np.stack([np.hypot(yr, yc), np.hypot(xr, xc)], axis=1) / np.abs(det)[:, None]
    good = np.isfinite(xs).all(axis=0) & np.isfinite(ys).all(axis=0) & (np.abs(det) >= 1e-300)
    return np.asarray(np.where(good[:, None], scales, 0.0), np.float64)


def _across(before: Floats, at: Floats, after: Floats) -> Floats:
    """Return half of how far it is from one side to the other.

    Where the map's edge lies between (a raster centred on the antimeridian), one half goes around the
    world, at least a hundred times as far: the other counts.
    """
    first, second = at - before, after - at
    torn = np.abs(first - second) > 50 * np.minimum(np.abs(first), np.abs(second))
    shorter = np.where(np.abs(first) < np.abs(second), first, second)
    return np.where(torn, shorter, (after - before) / 2)


def ground_pixel_size_m(crs: str, geotransform: Sequence[float], width: int, height: int) -> float:
    """Return the size of a level-0 pixel on the ground in metres (square root of its area).

    Measured on the sphere through longitude and latitude at the raster's centre, so that sizes in
    different CRSs compare; falls back to the CRS's own unit where it has no longitude and latitude.
    """
    sizes = ground_pixel_sizes_m(crs, np.array([geotransform]), np.array([[width, height]]))
    return float(sizes[0])


def ground_pixel_sizes_m(crs: str, geotransforms: Floats, sizes: Floats) -> Floats:
    """Return `ground_pixel_size_m` of many rasters of one CRS: float64 (n,); see `map_scales`."""
    cols = sizes[:, 0] / 2 + np.array([[0.0], [1.0], [0.0]])
    rows = sizes[:, 1] / 2 + np.array([[0.0], [0.0], [1.0]])
    a, b, c, d, e, f = geotransforms.T
    xs, ys = a + cols * b + rows * c, d + cols * e + rows * f
    lon, lat = transform(operation(crs, LONLAT).pipeline, xs, ys)
    good = np.isfinite(lon).all(axis=0) & np.isfinite(lat).all(axis=0)
    with np.errstate(invalid="ignore"):
        east = np.radians(lon - lon[0]) * _EARTH_M * np.cos(np.radians(lat[0]))
        north = np.radians(lat - lat[0]) * _EARTH_M
        on_sphere = np.sqrt(np.abs(east[1] * north[2] - east[2] * north[1]))
    own = np.sqrt(np.abs(b * f - c * e)) * describe_crs(crs).metres_per_unit
    return np.asarray(np.where(good, on_sphere, own), np.float64)


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
