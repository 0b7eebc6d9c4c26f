"""Footprints by radiometry: the outline of what lies inside the collar of invalid pixels.

Rules: only invalid pixels connected with the border are cut (`engine.build.collar`), never black
inside; no valid pixel is lost by more than one. Of very large rasters the outline is that of cells of
several pixels, one cell wider, so it may hold a little of the collar (which is no data anyway).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.build.collar import find_collar
from engine.build.footprint_rule import FootprintRule
from engine.kernel import kernel

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

_PLAIN = FootprintRule()
# Less than the pixel that may be lost; most staircases of straight edges become one edge.
_STAIRCASE_PX = 0.99
_MAX_PARTS = 200


@kernel
def _trace_kernel(inside: Bools, seen: Bools, points: Integers, lengths: Integers) -> None:
    # Walks along the cracks between cells with the inside on the right hand; cells that touch at a
    # corner only are apart. lengths[0] becomes the count of rings, -1 when `points` is full.
    rows, cols = inside.shape
    used, rings = 0, 0
    for start in range(rows):
        for begin in range(cols):
            if not inside[start, begin] or (start > 0 and inside[start - 1, begin]):
                continue
            if seen[start, begin]:
                continue
            row, col, down, right, first = start, begin, 0, 1, used
            while used == first or row != start or col != begin or right != 1:
                if right == 1:
                    seen[row, col] = True
                ahead_row, ahead_col = row + down, col + right
                ahead = _is_inside(inside, ahead_row, ahead_col)
                if ahead and not _is_inside(inside, ahead_row - right, ahead_col + down):
                    row, col = ahead_row, ahead_col
                    continue
                if used >= points.shape[0] or rings + 1 >= lengths.shape[0]:
                    lengths[0] = -1
                    return
                points[used, 0] = col + (right == 1 or down == 1)
                points[used, 1] = row + (down == 1 or right == -1)
                used += 1
                if ahead:
                    row, col = ahead_row - right, ahead_col + down
                    down, right = -right, down
                else:
                    down, right = right, -down
            rings += 1
            lengths[rings] = used - first
    lengths[0] = rings


@kernel
def _is_inside(inside: Bools, row: int, col: int) -> bool:
    rows, cols = inside.shape
    return bool(0 <= row < rows and 0 <= col < cols and inside[row, col])


def outline_of_valid(valid: Bools, rule: FootprintRule = _PLAIN) -> list[Floats] | None:
    """Return the outline of what lies inside the collar of an array of valid pixels.

    See `outline`.
    """
    return outline(~find_collar(valid), (1, 1), (valid.shape[1], valid.shape[0]), rule)


def outline(
    inside: Bools, cell: tuple[float, float], size: tuple[int, int], rule: FootprintRule = _PLAIN
) -> list[Floats] | None:
    """Return the outline of what lies inside the collar.

    Parameters
    ----------
    inside : bool (rows, cols)
        Which cells hold a pixel that is not of the collar.
    cell : (x, y)
        Level-0 pixels per cell.
    size : (width, height)
        Of the raster; the last cells may reach beyond it.

    Returns
    -------
    rings in level-0 pixels, (n, 2) of (col, row); None = the whole raster counts; [] = no pixel is
    valid.
    """
    if not inside.any():
        return []
    pixels = cell[0] * cell[1]
    if pixels > 1:
        # What making the outline simpler takes is less than this.
        inside = grow(inside)
    if inside.all():
        return shaped(None, size, rule)
    parts = _trace(inside)
    kept = _large(parts, rule.min_region_px / pixels)
    # Pixels that are traced as they are never lie one around the other: a collar has no holes.
    are_apart = pixels == 1 and len(kept) <= _MAX_PARTS
    while len(kept) > _MAX_PARTS:
        # Specks: join those that are near each other.
        inside = grow(inside)
        kept = _large(_trace(inside), rule.min_region_px / pixels)
    area = shapely.MultiPolygon(kept) if are_apart else shapely.union_all(kept)
    return shaped(_scaled(_simple(area, _STAIRCASE_PX), cell), size, rule)


def shaped(area: Any, size: tuple[int, int], rule: FootprintRule) -> list[Floats] | None:
    """Return an area in level-0 pixels as the rule shapes it: gaps, vertices, shrinking.

    Parameters
    ----------
    area : geometry or None
        None = the whole raster.
    size : (width, height)
        Of the raster, which the area is cut to.

    Returns
    -------
    As `outline`.
    """
    raster = shapely.box(0, 0, *size)
    if area is None:
        if rule.shrink_px <= 0:
            return None
        area = raster
    if rule.close_gaps_px > 0:
        half = rule.close_gaps_px / 2
        grown = area.buffer(half, join_style="mitre")
        area = area.union(grown.buffer(-half, join_style="mitre")).intersection(raster)
        area = _simple(area, _STAIRCASE_PX / 2)
    area = _limited(area, raster, rule.max_vertices)
    if rule.shrink_px > 0:
        smaller = area.buffer(-rule.shrink_px, join_style="mitre")
        # A sliver stays rather than to vanish.
        area = area if smaller.is_empty else smaller
    return _rings(_filled(area.intersection(raster)))


def _filled(area: Any) -> Any:
    """Return an area without holes: what lies inside is never cut out."""
    parts = shapely.get_parts(area)
    if not shapely.get_num_interior_rings(parts).any():
        return area
    return shapely.union_all([shapely.Polygon(part.exterior) for part in parts])


def _large(parts: list[Any], least: float) -> list[Any]:
    """Return the parts of at least so many cells, else the largest alone."""
    if least <= 1:
        return parts
    areas = [part.area for part in parts]
    kept = [part for part, area in zip(parts, areas, strict=True) if area >= least]
    return kept or [parts[int(np.argmax(areas))]]


def grow(inside: Bools) -> Bools:
    """Return the cells and their eight neighbours."""
    wide = inside.copy()
    wide[:, 1:] |= inside[:, :-1]
    wide[:, :-1] |= inside[:, 1:]
    grown = wide.copy()
    grown[1:] |= wide[:-1]
    grown[:-1] |= wide[1:]
    return grown


def _trace(inside: Bools) -> list[Any]:
    """Return the polygons of cells that hang together by their sides."""
    seen = np.zeros(inside.shape, np.bool_)
    size = 4 * sum(inside.shape) + 1024
    while True:
        points = np.empty((size, 2), np.int64)
        lengths = np.empty(size // 4 + 2, np.int64)
        _trace_kernel(np.ascontiguousarray(inside), seen, points, lengths)
        if lengths[0] >= 0:
            break
        size *= 4
        seen[:] = False
    ends = np.cumsum(lengths[1 : int(lengths[0]) + 1])
    rings = np.split(points[: ends[-1]].astype(np.float64), ends[:-1])
    return [shapely.Polygon(ring) for ring in rings]


def _simple(area: Any, tolerance: float) -> Any:
    """Return an area with fewer points, none of its edges moved further than the tolerance."""
    # Without looking whether rings come to cross each other it is five times faster, and they rarely do.
    quick = area.simplify(tolerance, preserve_topology=False)
    is_good = quick.is_valid and len(shapely.get_parts(quick)) == len(shapely.get_parts(area))
    return quick if is_good else area.simplify(tolerance)


def _limited(area: Any, raster: Any, max_vertices: int) -> Any:
    simple, tolerance = area, 1.0
    while shapely.get_num_coordinates(simple) > max_vertices and tolerance < 1e5:
        # Grown first by what simplifying may take, so nothing inside is lost.
        grown = area.buffer(tolerance, join_style="mitre")
        simple = grown.simplify(tolerance).intersection(raster)
        tolerance *= 2
    return simple


def _scaled(area: Any, cell: tuple[float, float]) -> Any:
    return shapely.transform(area, lambda points: points * np.array(cell))


def _rings(area: Any) -> list[Floats]:
    return [
        shapely.get_coordinates(part.exterior)
        for part in shapely.get_parts(area)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
