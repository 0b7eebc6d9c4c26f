"""Polygons and other shapes from one CRS to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.geometry.projection import transform

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

# Straight edges of a shape bend on another map: each is divided at least so often.
_DIVISION = 32
_MAX_POINTS = 100_000


class _NoPlaceError(ValueError):
    pass


def shape_to_crs(shape: shapely.Geometry, pipeline: str) -> shapely.Geometry:
    """Return a shape in another CRS; edges are divided so that they follow their straight lines.

    What has no place in the other CRS is cut off by its vertices; a shape of which nothing is left
    comes back empty.
    """
    if pipeline == "proj=noop" or shape.is_empty:
        return shape
    return _project(_divided(shape), pipeline)


def footprint_to_crs(shape: shapely.Geometry, pipeline: str) -> shapely.Geometry:
    """Return a footprint in another CRS by its vertices, which are dense enough already."""
    if pipeline == "proj=noop" or shape.is_empty:
        return shape
    return _project(shape, pipeline)


def footprints_to_crs(shapes: NDArray[Any], pipeline: str) -> NDArray[Any]:
    """Return an array of footprints in another CRS; see `footprint_to_crs`."""
    if pipeline == "proj=noop" or not len(shapes):
        return shapes
    try:
        return np.asarray(shapely.transform(shapes, _mover(pipeline)))
    except _NoPlaceError:
        return np.array([_project(shape, pipeline) for shape in shapes], object)


def _divided(shape: shapely.Geometry) -> shapely.Geometry:
    xmin, ymin, xmax, ymax = shape.bounds
    longest = max(xmax - xmin, ymax - ymin) / _DIVISION
    if longest <= 0 or shape.length / longest > _MAX_POINTS:
        return shape
    return shapely.segmentize(shape, longest)


def _mover(pipeline: str) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transform(pipeline, points[:, 0].copy(), points[:, 1].copy())
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise _NoPlaceError
        return np.column_stack([x, y])

    return moved


def _project(shape: shapely.Geometry, pipeline: str) -> shapely.Geometry:
    try:
        return shapely.transform(shape, _mover(pipeline))
    except _NoPlaceError:
        return _project_parts(shape, pipeline)


def _project_parts(shape: shapely.Geometry, pipeline: str) -> shapely.Geometry:
    """Project part by part, leaving out vertices that have no place."""
    parts = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            shell = _kept(part.exterior, pipeline)
            if len(shell) >= 3:
                parts.append(shapely.make_valid(shapely.Polygon(shell)))
        elif part.geom_type == "Point":
            parts.extend(shapely.points(_kept(part, pipeline)))
        else:
            line = _kept(part, pipeline)
            if len(line) >= 2:
                parts.append(shapely.LineString(line))
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _kept(shape: shapely.Geometry, pipeline: str) -> NDArray[np.float64]:
    points = shapely.get_coordinates(shape)
    x, y = transform(pipeline, points[:, 0].copy(), points[:, 1].copy())
    moved = np.column_stack([x, y])
    return np.asarray(moved[np.isfinite(moved).all(axis=1)])
