"""Put a raster's outline onto the map of the service.

Rules: edges are divided until the chord between two points is less than a quarter pixel from the true
curve. Outlines that cross the antimeridian are cut there, those around a pole are closed at it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.extent import Extent
from engine.geometry.local_scale import lonlat_extent, map_scale
from engine.geometry.projection import (
    LONLAT,
    MERCATOR,
    Floats,
    describe_crs,
    inverse,
    operation,
    transform,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CHORD_ERROR_PX = 0.25
_MAX_DIVISION = 256
_MERCATOR_HALF = math.pi * 6378137.0
_MERCATOR_LAT = 85.05112877980659
GeoTransform = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a raster lies in the service.

    Attributes
    ----------
    wkb : bytes
        MULTIPOLYGON in the service CRS.
    pixel_size : float
        Level-0 pixel in service units at the raster's centre (square root of its area).
    """

    wkb: bytes
    extent: Extent
    center_x: float
    center_y: float
    pixel_size: float


def place(
    crs: str,
    geotransform: GeoTransform,
    size: tuple[int, int],
    service_crs: str,
    rings: Sequence[NDArray[np.float64]] | None,
) -> Placement | None:
    """Return where a raster lies in the service, or None where it has no place there.

    Parameters
    ----------
    crs
        Of the raster.
    size : (width, height)
        In pixels.
    rings
        Outline in level-0 pixels, None = the whole raster.
    """
    width, height = size
    is_straight = crs == service_crs != MERCATOR and not describe_crs(crs).is_geographic
    area = None if is_straight else lonlat_extent(crs, geotransform, width, height)
    if not _is_on_earth(crs, geotransform, size):
        return None
    scale_x, scale_y = _scale(geotransform, size, operation(service_crs, crs, area).pipeline)
    if scale_x <= 0 or scale_y <= 0:
        return None
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height], [0, 0]], np.float64)
    frame = _Frame(
        geotransform=geotransform,
        pipeline=operation(LONLAT if service_crs == MERCATOR else service_crs, crs, area).pipeline,
        is_mercator=service_crs == MERCATOR,
        scale=(scale_x, scale_y),
        is_straight=is_straight,
        # Longitudes must not leap by half a turn between two points.
        least_division=8 if area is not None and area.width > 60 else 1,
    )
    polygons = [
        polygon
        for ring in (rings if rings is not None else [whole])
        for polygon in _polygons(frame.densify(ring), service_crs)
    ]
    if not polygons:
        return None
    shape = shapely.union_all(polygons)
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    if not parts:
        return None
    shape = shapely.MultiPolygon(parts)
    center_x, center_y = frame.to_map(np.array([[width / 2, height / 2]]))[0]
    period, _ = _world(service_crs)
    if period and np.isfinite(center_x):
        center_x = math.remainder(center_x, period)
    box = Extent(*map(float, shape.bounds))
    if not np.isfinite([center_x, center_y]).all():
        center_x, center_y = box.center_x, box.center_y
    return Placement(
        wkb=shapely.to_wkb(shape, byte_order=1),
        extent=box,
        center_x=float(center_x),
        center_y=float(center_y),
        pixel_size=1.0 / math.sqrt(scale_x * scale_y),
    )


def _is_on_earth(crs: str, geotransform: GeoTransform, size: tuple[int, int]) -> bool:
    """Tell whether a point of the raster comes back from longitude and latitude.

    A raster far outside its projection has no place, even in a service of the same CRS.
    """
    a, b, c, d, e, f = geotransform
    cols, rows = np.array([0.5, 0.0, 1.0, 0.0, 1.0]), np.array([0.5, 0.0, 0.0, 1.0, 1.0])
    x = a + cols * size[0] * b + rows * size[1] * c
    y = d + cols * size[0] * e + rows * size[1] * f
    pipeline = operation(crs, LONLAT).pipeline
    lon, lat = transform(pipeline, x, y)
    back_x, back_y = inverse(pipeline, lon, lat)
    pixel = math.hypot(b, c) + math.hypot(e, f)
    with np.errstate(invalid="ignore"):
        good = (np.hypot(back_x - x, back_y - y) < 10 * pixel) & (np.abs(lat) <= 90.001)
    return bool(good.any())


def _scale(geotransform: GeoTransform, size: tuple[int, int], pipeline: str) -> tuple[float, float]:
    """Return pixels per map unit at the raster's centre, or where that is a pole, beside it."""
    for part in (1.0, 0.5, 1.5):
        width, height = int(size[0] * part), int(size[1] * part)
        scale_x, scale_y = map_scale(geotransform, width, height, pipeline)
        if scale_x > 0 and scale_y > 0:
            return scale_x, scale_y
    return 0.0, 0.0


@dataclass(frozen=True, slots=True)
class _Frame:
    """From level-0 pixels to the map."""

    geotransform: GeoTransform
    pipeline: str
    is_mercator: bool
    scale: tuple[float, float]
    least_division: int
    is_straight: bool

    def to_map(self, points: Floats) -> Floats:
        """Transform (n, 2) positions; what has no place comes back as inf."""
        a, b, c, d, e, f = self.geotransform
        cols, rows = points[:, 0], points[:, 1]
        x, y = a + cols * b + rows * c, d + cols * e + rows * f
        map_x, map_y = inverse(self.pipeline, x, y)
        back_x, back_y = transform(self.pipeline, map_x, map_y)
        size = math.hypot(b, c) + math.hypot(e, f)
        with np.errstate(invalid="ignore"):
            good = np.hypot(back_x - x, back_y - y) < 10 * size
        out = np.column_stack([map_x, map_y])
        if self.is_mercator:
            out = _mercator(out)
        out[~(good & np.isfinite(out).all(axis=1))] = np.inf
        return out

    def densify(self, ring: Floats) -> Floats:
        """Return the ring on the map, with points added until chords are close to the curve."""
        ring = ring if np.array_equal(ring[0], ring[-1]) else np.vstack([ring, ring[:1]])
        if self.is_straight:
            points = self.to_map(ring)
            return np.asarray(points[np.isfinite(points).all(axis=1)])
        starts, ends = ring[:-1], ring[1:]
        on_map = self.to_map(np.vstack([starts, (starts + ends) / 2, ends]))
        first, middle, last = np.split(on_map, 3)
        with np.errstate(invalid="ignore"):
            off = np.abs(middle - (first + last) / 2) * np.array(self.scale)
        error = np.nan_to_num(off.max(axis=1), nan=0.0, posinf=0.0)
        # A parabola's chord error falls with the square of the division; half of it for what is not one.
        needed = np.ceil(np.sqrt(error / (CHORD_ERROR_PX / 2)))
        counts = np.clip(needed, self.least_division, _MAX_DIVISION).astype(int)
        lost = ~np.isfinite(on_map).all(axis=1).reshape(3, -1).all(axis=0)
        counts[lost] = np.maximum(counts[lost], 16)
        pieces = [
            a + (b - a) * np.linspace(0, 1, n, endpoint=False)[:, np.newaxis]
            for a, b, n in zip(starts, ends, counts, strict=True)
        ]
        dense = self.to_map(np.vstack([*pieces, ring[:1]]))
        return np.asarray(dense[np.isfinite(dense).all(axis=1)])


def _mercator(lonlat: Floats) -> Floats:
    """Return Web Mercator of longitude and latitude; beyond its square y stays at the edge.

    So a raster that reaches a pole keeps the part of its outline that the map can show.
    """
    lat = np.radians(np.clip(lonlat[:, 1], -_MERCATOR_LAT, _MERCATOR_LAT))
    return np.column_stack(
        [lonlat[:, 0] * (_MERCATOR_HALF / 180.0), 6378137.0 * np.arcsinh(np.tan(lat))]
    )


def _polygons(ring: Floats, crs: str) -> list[shapely.Geometry]:
    """Return the polygons of a ring on the map, cut at the antimeridian and closed at a pole."""
    if len(ring) < 3:
        return []
    period, top = _world(crs)
    if not period:
        return [_valid(shapely.Polygon(ring))]
    x = ring[:, 0].copy()
    jumps = np.round(np.diff(x) / period)
    x[1:] -= np.cumsum(jumps) * period
    points = np.column_stack([x, ring[:, 1]])
    if abs(x[-1] - x[0]) > period / 2:
        pole = top if ring[:, 1].mean() > 0 else -top
        points = np.vstack([points, [[x[-1], pole], [x[0], pole]]])
    polygon = _valid(shapely.Polygon(points))
    if -period / 2 <= x.min() and x.max() <= period / 2:
        return [polygon]
    found = []
    for turn in range(-2, 3):
        world = shapely.box((turn - 0.5) * period, -4 * top, (turn + 0.5) * period, 4 * top)
        part = shapely.intersection(polygon, world)
        if not part.is_empty and part.area > 0:
            found.append(shapely.transform(part, lambda p, t=turn: p - np.array([t * period, 0.0])))
    return found


def _world(crs: str) -> tuple[float, float]:
    """Return after how many units x repeats in a CRS and the y of the pole; 0 = it does not."""
    if crs == MERCATOR:
        return 2 * _MERCATOR_HALF, _MERCATOR_HALF
    if describe_crs(crs).is_geographic:
        return 360.0, 90.0
    return 0.0, 0.0


def _valid(shape: shapely.Geometry) -> shapely.Geometry:
    return shape if shape.is_valid else shapely.make_valid(shape)
