"""Where a geometry is sampled: its points, places along a line, or a grid over an area.

References
----------
ArcGIS REST API, image service: getSamples (sampleCount, sampleDistance).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.errors import InvalidParameter, RequestTooLarge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_SAMPLES = 1000
_DEFAULT_COUNT = 100
# A distance that divides a line without remainder, but for rounding, ends at its end.
_SLACK = 1e-9
# Of the grid around an area, of which few may lie inside.
_MOST_CELLS = 1_000_000
_MOST_ROWS = 100_000


def sample_places(geometry: shapely.Geometry, count: int | None, distance: float | None) -> Floats:
    """Return the places to sample, in the geometry's own units.

    Parameters
    ----------
    count : int or None
        About so many of a line or an area; None = a line's vertices, a hundred of an area.
    distance : float or None
        Between neighbours, goes before `count`.

    Returns
    -------
    float64 (n, 2)
        Points in their order; along lines from their beginning; in areas row by row from the top.

    Raises
    ------
    RequestTooLarge
        More than `MOST_SAMPLES` places.
    """
    if count is not None and count > MOST_SAMPLES:
        raise RequestTooLarge("number of samples in 'sampleCount'", count, MOST_SAMPLES)
    kind = geometry.geom_type
    if kind in ("Point", "MultiPoint"):
        found = shapely.get_coordinates(geometry)
    elif kind in ("LineString", "MultiLineString"):
        found = _along(geometry, count, distance)
    elif geometry.area > 0:
        found = _inside(geometry, count or _DEFAULT_COUNT, distance)
    else:
        raise InvalidParameter("geometry", kind, "points, a polyline, a polygon or an envelope")
    if len(found) > MOST_SAMPLES:
        raise _too_many(len(found))
    return np.asarray(found, np.float64)


def _too_many(count: float) -> RequestTooLarge:
    return RequestTooLarge("number of places to sample", f"{count:.0f}", MOST_SAMPLES)


def _along(geometry: shapely.Geometry, count: int | None, distance: float | None) -> Floats:
    """Return places along lines, one after the other."""
    paths = [part for part in shapely.get_parts(geometry) if part.length > 0]
    total = sum(part.length for part in paths)
    if (distance is None and count is None) or not paths:
        return np.asarray(shapely.get_coordinates(geometry))
    if distance is None:
        assert count is not None
        places = np.linspace(0.0, total, count) if count > 1 else np.array([total / 2])
        return _at(paths, places)
    if total / distance > MOST_SAMPLES:
        raise _too_many(total / distance)
    return np.concatenate([_at([path], _steps(path.length, distance)) for path in paths])


def _steps(length: float, distance: float) -> Floats:
    """Return multiples of a distance, and the end."""
    whole = math.floor(length / distance * (1 + _SLACK))
    places = np.minimum(np.arange(whole + 1) * distance, length)
    return places if length - places[-1] <= distance * _SLACK else np.append(places, length)


def _at(paths: list[shapely.Geometry], places: Floats) -> Floats:
    """Return the points at some distances from the beginning of paths laid end to end."""
    ends = np.cumsum([path.length for path in paths])
    which = np.minimum(np.searchsorted(ends, places, side="left"), len(paths) - 1)
    before = np.concatenate(([0.0], ends))[which]
    lines = np.array(paths, object)[which]
    return np.asarray(
        shapely.get_coordinates(shapely.line_interpolate_point(lines, places - before))
    )


def _inside(geometry: shapely.Geometry, count: int, distance: float | None) -> Floats:
    """Return places of a square grid about the middle of the box, where they lie in the area."""
    xmin, ymin, xmax, ymax = geometry.bounds
    width, height = xmax - xmin, ymax - ymin
    longest = max(width, height)
    step = distance
    if step is None:
        step = max(
            math.sqrt(geometry.area / count),
            math.sqrt(width * height / _MOST_CELLS),
            longest / _MOST_ROWS,
        )
    count_px, cells = geometry.area / step / step, width / step * (height / step)
    if distance is not None and (
        longest / step > _MOST_ROWS or cells > _MOST_CELLS or count_px > 1.5 * MOST_SAMPLES
    ):
        raise _too_many(count_px)
    cols, rows = max(1, round(width / step)), max(1, round(height / step))
    x = (xmin + xmax) / 2 + (np.arange(cols) - (cols - 1) / 2) * step
    y = (ymin + ymax) / 2 - (np.arange(rows) - (rows - 1) / 2) * step
    all_x, all_y = (axis.ravel() for axis in np.meshgrid(x, y))
    shapely.prepare(geometry)
    inside = shapely.contains_xy(geometry, all_x, all_y)
    if not inside.any():
        return np.asarray(shapely.get_coordinates(geometry.representative_point()))
    found = np.column_stack([all_x, all_y])[inside]
    return np.asarray(found[:MOST_SAMPLES] if distance is None else found)
