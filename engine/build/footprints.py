"""Footprints by radiometry: the area inside the collar of invalid pixels round a raster.

Rules: only invalid pixels connected with the border are cut, never black inside; no valid pixel is
lost by more than one. Where a raster is too large to look at every pixel, the outline is taken from
coarser cells and grown by two, so it may hold a little of the collar (which is no data anyway).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.kernel import kernel

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

MAX_VERTICES = 2000
# Less than the pixel that may be lost; most staircases of straight edges become one edge.
_STAIRCASE_PX = 0.99
_MAX_PARTS = 200


@kernel
def _mark_collar_kernel(  # noqa: C901 -- one loop nest
    valid: Bools, stack: Integers, collar: Bools
) -> None:
    # Fills run by run: a run is marked when found, and looks for new runs above and below itself.
    rows, cols = valid.shape
    top = 0
    for row in range(rows):
        step = 1 if row == 0 or row == rows - 1 else max(1, cols - 1)
        for col in range(0, cols, step):
            if not valid[row, col]:
                stack[top, 0], stack[top, 1] = row, col
                top += 1
    while top > 0:
        top -= 1
        row, col = stack[top, 0], stack[top, 1]
        if collar[row, col]:
            continue
        first = col
        while first > 0 and not valid[row, first - 1]:
            first -= 1
        last = col
        while last < cols - 1 and not valid[row, last + 1]:
            last += 1
        collar[row, first : last + 1] = True
        for near in range(max(0, row - 1), min(rows, row + 2), 1):
            if near == row:
                continue
            is_open = False
            for at in range(first, last + 1):
                if valid[near, at] or collar[near, at]:
                    is_open = False
                elif not is_open:
                    is_open = True
                    stack[top, 0], stack[top, 1] = near, at
                    top += 1


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


def find_collar(valid: Bools) -> Bools:
    """Return where invalid pixels are connected with the border, side by side.

    Parameters
    ----------
    valid : bool (rows, cols)

    Returns
    -------
    bool (rows, cols)
    """
    valid = np.ascontiguousarray(valid)
    collar = np.zeros(valid.shape, np.bool_)
    # A run pushes one place for each run it meets; there are at most two runs met for each run.
    starts = np.count_nonzero(valid[:, 1:] != valid[:, :-1]) + valid.shape[0]
    stack = np.empty((2 * int(starts) + 2 * sum(valid.shape) + 8, 2), np.int64)
    _mark_collar_kernel(valid, stack, collar)
    return collar


def outline(
    valid: Bools,
    step: tuple[float, float] = (1.0, 1.0),
    *,
    grow_cells: int = 0,
    shrink_px: float = 0.0,
    max_vertices: int = MAX_VERTICES,
) -> list[Floats] | None:
    """Return the outline of what lies inside the collar.

    Parameters
    ----------
    valid : bool (rows, cols)
        One cell may stand for many pixels.
    step : (x, y)
        Level-0 pixels per cell.
    grow_cells : int
        Cells to add around, where a cell's value does not speak for all of its pixels: 1 for those
        between, 1 for what making the outline simpler takes.
    shrink_px : float
        Level-0 pixels to take off around.
    max_vertices : int
        An outline with more is made simpler, outwards only.

    Returns
    -------
    rings in level-0 pixels, (n, 2) of (col, row); None = there is no collar, the whole raster counts;
    [] = no pixel is valid.
    """
    collar = find_collar(valid)
    if not collar.any():
        return None
    if collar.all():
        return []
    inside = ~collar
    for _ in range(grow_cells):
        inside = _grow(inside)
    if inside.all() and shrink_px <= 0:
        return None
    parts = _trace(inside)
    while len(parts) > _MAX_PARTS:
        # Specks: join those that are near each other.
        inside = _grow(inside)
        parts = _trace(inside)
    area = _simplify(shapely.union_all(parts), max_vertices)
    if shrink_px > 0:
        area = _scaled(area, step).buffer(-shrink_px, join_style="mitre")
    else:
        area = _scaled(area, step)
    return _rings(area)


def _grow(inside: Bools) -> Bools:
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


def _simplify(area: Any, max_vertices: int) -> Any:
    simple = area.simplify(_STAIRCASE_PX)
    tolerance = 1.0
    while shapely.get_num_coordinates(simple) > max_vertices and tolerance < 1e5:
        # Grown first by what simplifying may take, so nothing inside is lost.
        simple = area.buffer(tolerance, join_style="mitre").simplify(tolerance)
        tolerance *= 2
    return simple


def _scaled(area: Any, step: tuple[float, float]) -> Any:
    return shapely.transform(area, lambda points: points * np.array(step))


def _rings(area: Any) -> list[Floats]:
    rings: list[Floats] = []
    for part in shapely.get_parts(area):
        if part.geom_type == "Polygon" and not part.is_empty:
            rings.append(shapely.get_coordinates(part.exterior))
            rings.extend(shapely.get_coordinates(hole) for hole in part.interiors)
    return rings
