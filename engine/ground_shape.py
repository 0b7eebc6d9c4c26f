"""How long, how large and where shapes are on the ground: geodesics along the lines that were drawn.

Sides of a shape are straight on its map. They are divided until geodesics between their points follow
them, so a box of degrees has the area of its parallels and meridians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.errors import InvalidParameter
from engine.geometry.geodesic import area_between_meridians_m2, geodesics, ring_area_m2
from engine.geometry.projection import LONLAT, operation, transform
from engine.geotransforms.view_angles import metres_per_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.extent import Extent

    Floats = NDArray[np.float64]
    # Heights in metres of points given by longitude and latitude; NaN where none is known.
    Heights = Callable[[Floats, Floats], Floats]

# A parallel leaves the geodesic between points so far apart by some centimetres.
_PIECE_M = 1000.0
_MOST_PIECES = 1000
_MOST_POINTS = 200_000
# Sides of shapes with few vertices may go round the world.
_PARTS, _FEW = 8, 1000


@dataclass(frozen=True, slots=True)
class LonLat:
    """Points of a line or ring (closed), in degrees.

    Attributes
    ----------
    lon, lat : float64 (n,)
    corners : int64 (m,)
        Which of them are vertices; the others divide the sides between.
    """

    lon: Floats
    lat: Floats
    corners: NDArray[np.int64]

    def sides_m(self) -> Floats:
        """Return the lengths of the sides."""
        pieces = geodesics(self.lon[:-1], self.lat[:-1], self.lon[1:], self.lat[1:]).length_m
        return np.asarray(np.add.reduceat(pieces, self.corners[:-1]))

    def turns_deg(self) -> Floats:
        """Return over how many degrees of longitude the sides go."""
        steps = np.abs(np.remainder(np.diff(self.lon) + 180.0, 360.0) - 180.0)
        return np.asarray(np.add.reduceat(steps, self.corners[:-1]))


@dataclass(frozen=True, slots=True)
class AreaOnGround:
    """An area and what bounds it.

    Attributes
    ----------
    area_m2, perimeter_m : float
        The perimeter of all rings.
    area_per_m, perimeter_per_m : float
        By how much they are off (standard deviations) where each vertex is by one metre along x and y.
    """

    area_m2: float
    perimeter_m: float
    area_per_m: float
    perimeter_per_m: float


def lonlat_of(x: Floats, y: Floats, crs: str, area: Extent | None) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of points on a map.

    Raises
    ------
    InvalidParameter
        One of them has no place on Earth.
    """
    lon, lat = transform(operation(crs, LONLAT, area).pipeline, x, y)
    lost = ~(np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90.0))
    if lost.any():
        first = int(np.argmax(lost))
        raise InvalidParameter("geometry", f"{x[first]:g},{y[first]:g}", "places on Earth")
    return lon, lat


def area_on_ground(
    shape: shapely.Geometry, crs: str, area: Extent | None, heights: Heights | None = None
) -> AreaOnGround:
    """Measure polygons; holes are taken off.

    Parameters
    ----------
    crs : str
        Of the shape.
    area : Extent or None
        Where it lies, degrees (see `engine.geometry.projection.operation`).
    heights
        Of the ground: then vertices stand at theirs, sides are straight between them and the area is that of
        the ring in space; None = all on the ellipsoid.

    Raises
    ------
    InvalidParameter
        A vertex has no place on Earth, or no height.
    """
    total = AreaOnGround(0.0, 0.0, 0.0, 0.0)
    for polygon in polygons_of(shape):
        rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
        for number, ring in enumerate(rings):
            found = _ring_on_ground(_divided(ring, crs, area), heights)
            sign = -1.0 if number else 1.0
            total = AreaOnGround(
                total.area_m2 + sign * found.area_m2,
                total.perimeter_m + found.perimeter_m,
                math.hypot(total.area_per_m, found.area_per_m),
                math.hypot(total.perimeter_per_m, found.perimeter_per_m),
            )
    return total


def length_on_ground(shape: shapely.Geometry, crs: str, area: Extent | None) -> float:
    """Return the length of lines in metres; see `area_on_ground`."""
    lines = [part for part in shapely.get_parts(shape) if part.geom_type == "LineString"]
    return sum(
        float(_divided(shapely.get_coordinates(line), crs, area).sides_m().sum()) for line in lines
    )


def polygons_of(shape: shapely.Geometry) -> Iterator[shapely.Polygon]:
    """Yield the polygons of a shape."""
    for part in shapely.get_parts(shapely.get_parts(shape)):
        if part.geom_type == "Polygon" and not part.is_empty:
            yield part


def _divided(vertices: Floats, crs: str, area: Extent | None) -> LonLat:
    x, y = np.ascontiguousarray(vertices[:, 0]), np.ascontiguousarray(vertices[:, 1])
    # By parts: from 180 degrees west to 180 east, and along a pole, it is no way at all.
    parts = _PARTS if len(vertices) < _FEW else 1
    coarse = _pieces((x, y), np.full(len(x) - 1, parts), crs, area)
    least = np.where(coarse.turns_deg() > 1.0, parts, 1)
    pieces = np.clip(np.ceil(coarse.sides_m() / _PIECE_M), least, _MOST_PIECES)
    if pieces.sum() > _MOST_POINTS:
        pieces = np.maximum(1, np.floor(pieces * (_MOST_POINTS / pieces.sum())))
    return _pieces((x, y), pieces.astype(np.int64), crs, area)


def _pieces(
    vertices: tuple[Floats, Floats], counts: NDArray[np.int64], crs: str, area: Extent | None
) -> LonLat:
    """Divide each side into as many pieces, equally long on the map."""
    x, y = vertices
    whole = np.arange(len(x))
    corners = np.concatenate([[0], np.cumsum(counts)])
    position = np.interp(np.arange(corners[-1] + 1), corners, whole)
    places = np.interp(position, whole, x), np.interp(position, whole, y)
    return LonLat(*lonlat_of(*places, crs, area), corners)


def _ring_on_ground(ring: LonLat, heights: Heights | None) -> AreaOnGround:
    sides = ring.sides_m()
    area = _area_m2(ring)
    lon, lat = ring.lon[ring.corners], ring.lat[ring.corners]
    metres_x, metres_y = metres_per_unit(LONLAT, np.full(lon.shape, lat.mean()))
    turned = np.remainder(lon - lon[0] + 180.0, 360.0) - 180.0
    east, north = turned * metres_x, (lat - lat[0]) * metres_y
    slopes = _per_metre(east[:-1], north[:-1])
    if heights is None:
        return AreaOnGround(area, float(sides.sum()), *slopes)
    z = heights(lon, lat)
    if not np.isfinite(z).all():
        first = int(np.argmax(~np.isfinite(z)))
        raise InvalidParameter(
            "fromGeometry", f"{lon[first]:g},{lat[first]:g}", "vertices where the height is known"
        )
    return AreaOnGround(
        area * _steepness(east, north, z), float(np.hypot(sides, np.diff(z)).sum()), *slopes
    )


def _area_m2(ring: LonLat) -> float:
    """Return the area within a ring: of geodesics, or where it spans half the world, of the map as drawn."""
    lon = np.unwrap(ring.lon, period=360.0)
    # Around a pole the ring does not close in longitudes; PROJ knows such.
    if np.ptp(lon) < 180.0 or abs(lon[-1] - lon[0]) > 180.0:
        return ring_area_m2(ring.lon, ring.lat)
    return area_between_meridians_m2(lon, ring.lat)


def _steepness(east: Floats, north: Floats, z: Floats) -> float:
    """Return how much larger a closed ring in space is than its shadow on the level: Newell's normal."""
    up = np.cross(np.stack([east, north, z], axis=1)[:-1], np.stack([east, north, z], axis=1)[1:])
    normal = up.sum(axis=0)
    return float(np.linalg.norm(normal) / abs(normal[2])) if normal[2] else 1.0


def _per_metre(east: Floats, north: Floats) -> tuple[float, float]:
    """Return what area and perimeter of an open ring change by, all vertices moved by about a metre."""
    before = np.stack([np.roll(east, 1), np.roll(north, 1)])
    after = np.stack([np.roll(east, -1), np.roll(north, -1)])
    here = np.stack([east, north])
    area = math.sqrt(float(np.square(after - before).sum())) / 2

    def along(way: Floats) -> Floats:
        length = np.hypot(*way)
        return np.where(length > 0, way / np.where(length > 0, length, 1.0), 0.0)

    turn = along(here - before) - along(after - here)
    return area, math.sqrt(float(np.square(turn).sum()))
