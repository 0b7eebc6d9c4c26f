"""Footprints that tables bring, many at a time: read, made multipolygons, taken to another CRS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from engine.geometry.projection import operation, transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Shapes = NDArray[np.object_]

_POLYGON, _MULTIPOLYGON = 3, 6
# Of the size of a shape: a tenth of a pixel of a raster of ten thousand.
_CHORD_ERROR = 1e-5
_MAX_DIVISION = 64


def read_shapes(texts: Sequence[bytes | str]) -> Shapes:
    """Return areas of WKB or WKT as multipolygons; None for what is none.

    Returns
    -------
    object (n,)
    """
    shapes: Shapes = np.full(len(texts), None, np.object_)
    for kind, read in ((bytes, shapely.from_wkb), (str, shapely.from_wkt)):
        at = [place for place, text in enumerate(texts) if text and isinstance(text, kind)]
        if at:
            # Numbers that are none are told by their bounds below.
            with np.errstate(invalid="ignore"):
                shapes[at] = read([texts[place] for place in at], on_invalid="ignore")
    shapes = shapely.force_2d(shapes)
    good = np.isin(shapely.get_type_id(shapes), (_POLYGON, _MULTIPOLYGON))
    good &= ~shapely.is_empty(shapes)
    good &= np.isfinite(shapely.bounds(shapes)).all(axis=1)
    shapes[~good] = None
    wrong = good & ~shapely.is_valid(shapes)
    for place in np.flatnonzero(wrong):
        shapes[place] = _repaired(shapes[place])
    single = np.flatnonzero(shapely.get_type_id(shapes) == _POLYGON)
    if single.size:
        shapes[single] = shapely.multipolygons(shapes[single], indices=np.arange(single.size))
    return shapes


def _repaired(shape: Any) -> Any:
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return None
    parts = [
        area
        for part in shapely.get_parts(shapely.make_valid(shape))
        for area in shapely.get_parts(part)
        if area.geom_type == "Polygon" and area.area > 0
    ]
    return shapely.MultiPolygon(parts) if parts else None


def reproject_shapes(shapes: Shapes, from_crs: str, to_crs: str) -> Shapes:
    """Return shapes in another CRS, with points added where edges bend; None without a place there."""
    if from_crs == to_crs or not len(shapes):
        return shapes
    pipeline = operation(from_crs, to_crs).pipeline
    shapes = _densified(shapes, pipeline)
    there = np.array([shape is not None for shape in shapes], np.bool_)
    moved = shapes.copy()
    if there.any():
        moved[there] = shapely.transform(shapes[there], lambda points: _moved(pipeline, points))
        good = np.isfinite(shapely.bounds(moved)).all(axis=1)
        moved[~good] = None
    return moved


def _moved(pipeline: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = transform(pipeline, points[:, 0].copy(), points[:, 1].copy())
    return np.column_stack([x, y])


def _densified(shapes: Shapes, pipeline: str) -> Shapes:
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    if len(points) < 2:
        return shapes
    on_map = _moved(pipeline, points)
    middle = _moved(pipeline, (points[1:] + points[:-1]) / 2)
    with np.errstate(invalid="ignore"):
        off = np.abs(middle - (on_map[1:] + on_map[:-1]) / 2).max(axis=1)
    # Where one ring ends and the next begins there is no edge, and no harm in looking at it.
    off[(owner[1:] != owner[:-1]) | ~np.isfinite(off)] = 0.0
    worst = np.zeros(len(shapes))
    np.maximum.at(worst, owner[1:], off)
    low, high = np.full((len(shapes), 2), np.inf), np.full((len(shapes), 2), -np.inf)
    np.minimum.at(low, owner, on_map)
    np.maximum.at(high, owner, on_map)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = (high - low).max(axis=1)
        counts = np.ceil(np.sqrt(worst / (_CHORD_ERROR * size)))
    bent = np.flatnonzero(np.isfinite(counts) & (counts > 1))
    if not bent.size:
        return shapes
    bounds = shapely.bounds(shapes[bent])
    sides = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    dense = shapes.copy()
    dense[bent] = shapely.segmentize(shapes[bent], sides / np.minimum(counts[bent], _MAX_DIVISION))
    return dense


def bounds_of(shapes: Shapes) -> tuple[float, float, float, float] | None:
    """Return (xmin, ymin, xmax, ymax) of all shapes, None where there is none."""
    box = shapely.total_bounds(shapes)
    if not np.isfinite(box).all():
        return None
    xmin, ymin, xmax, ymax = map(float, box)
    return xmin, ymin, xmax, ymax


def may_be_degrees(box: tuple[float, float, float, float]) -> bool:
    """Tell whether (xmin, ymin, xmax, ymax) may be degrees of longitude and latitude."""
    return box[0] >= -360.0 and box[2] <= 360.0 and box[1] >= -90.001 and box[3] <= 90.001


def is_box_of(shape: Any, own: Any) -> bool:
    """Tell whether a shape is but the outline that an index drew round a raster.

    Such a one has four corners and leaves out next to nothing of the raster's own outline: what lies
    beyond its straight edges are slivers that bend away from them on another map.
    """
    if shapely.get_num_coordinates(shape) > 5 or not own.area > 0:
        return False
    return bool(shapely.difference(own, shape).area <= 0.01 * own.area)
