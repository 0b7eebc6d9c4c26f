"""Which pixels of a view have their centre inside a polygon of any CRS.

Edges are straight in the polygon's own CRS: there each centre is tested, so that tiles put side by side equal
one export. Squares of pixels that lie inside or outside as a whole are settled at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.geometry.projection import MERCATOR, describe_crs, operation, transform
from engine.tile_scheme import HALF_WORLD_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.target_grid import TargetGrid

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

# Pixels along a side of the squares that are settled at once.
_SQUARE = 32
# Points along each side of a square that say how far it reaches on the other map, and by how much more.
_POINTS = 5
_MARGIN = 0.25


def pixels_inside(grid: TargetGrid, shape: shapely.Geometry, crs: str) -> Bools:
    """Return (rows, cols): whether the centre of a pixel lies inside the shape or on its edge.

    Parameters
    ----------
    shape
        A polygon or several, prepared.
    crs : str
        Of the shape; the map's ends are joined: a shape may reach beyond 180 degrees.
    """
    inside = np.zeros((grid.height, grid.width), np.bool_)
    if shape.is_empty:
        return inside
    pipeline = operation(grid.lattice.crs, crs).pipeline
    period = _period(crs)
    way = (pipeline, _turns(shape, period))
    corners = [
        (row, col)
        for row in range(0, grid.height, _SQUARE)
        for col in range(0, grid.width, _SQUARE)
    ]
    whole, apart = _settled(grid, shape, way, (np.array(corners), period))
    for (row, col), is_in, is_out in zip(corners, whole.tolist(), apart.tolist(), strict=True):
        rows, cols = slice(row, row + _SQUARE), slice(col, col + _SQUARE)
        if is_in:
            inside[rows, cols] = True
        elif not is_out:
            inside[rows, cols] = _tested(grid, shape, way, (rows, cols))
    return inside


def _centres(grid: TargetGrid, rows: Floats, cols: Floats) -> tuple[Floats, Floats]:
    """Return map positions of pixels (fractions are parts of them) of the view."""
    lattice = grid.lattice
    x = lattice.origin_x + (grid.col + cols + 0.5 + lattice.phase_x) * lattice.pixel_x
    y = lattice.origin_y - (grid.row + rows + 0.5 + lattice.phase_y) * lattice.pixel_y
    return x, y


def _period(crs: str) -> float:
    """Return the length of the world along x; 0 = the map has ends."""
    if crs == MERCATOR:
        return 2 * HALF_WORLD_M
    return 360.0 if describe_crs(crs).is_geographic else 0.0


def _turns(shape: shapely.Geometry, period: float) -> tuple[float, ...]:
    """Return what to add to x so that a place is found that the shape has beyond the world's end."""
    if not period:
        return (0.0,)
    xmin, _, xmax, _ = shape.bounds
    # A view may reach beyond the end, too, by one world.
    return tuple(
        turn * period
        for turn in (-2, -1, 0, 1, 2)
        if xmin <= (turn + 1.5) * period and xmax >= (turn - 1.5) * period
    )


def _settled(
    grid: TargetGrid,
    shape: shapely.Geometry,
    way: tuple[str, tuple[float, ...]],
    squares: tuple[NDArray[np.int_], float],
) -> tuple[Bools, Bools]:
    """Return of each square whether it lies inside, and whether it lies outside, as a whole.

    Parameters
    ----------
    squares
        Row and column of the first pixel of each, and the length of the other map's world.
    """
    (pipeline, turns), (corners, period) = way, squares
    along = np.linspace(-0.5, _SQUARE - 0.5, _POINTS)
    ends = along[[0, -1]]
    rows = np.concatenate([np.tile(ends, _POINTS), np.repeat(along, 2)])
    cols = np.concatenate([np.repeat(along, 2), np.tile(ends, _POINTS)])
    x, y = _centres(
        grid, (corners[:, :1] + rows).astype(float), (corners[:, 1:] + cols).astype(float)
    )
    x, y = transform(pipeline, x, y)
    good = np.asarray((np.isfinite(x) & np.isfinite(y)).all(axis=1))
    x, y = np.where(good[:, np.newaxis], x, 0.0), np.where(good[:, np.newaxis], y, 0.0)
    if period:
        # It holds a pole, or lies across the end of the other map.
        good &= np.ptp(x, axis=1) < period / 2
    margin_x, margin_y = np.ptp(x, axis=1) * _MARGIN, np.ptp(y, axis=1) * _MARGIN
    left, right = x.min(axis=1) - margin_x, x.max(axis=1) + margin_x
    low, high = y.min(axis=1) - margin_y, y.max(axis=1) + margin_y
    whole: Bools = np.zeros(len(corners), np.bool_)
    apart: Bools = good.copy()
    for turn in turns:
        boxes = shapely.box(left + turn, low, right + turn, high)
        np.logical_or(whole, shapely.contains_properly(shape, boxes), out=whole)
        np.logical_and(apart, shapely.disjoint(shape, boxes), out=apart)
    return whole & good, apart


def _tested(
    grid: TargetGrid,
    shape: shapely.Geometry,
    way: tuple[str, tuple[float, ...]],
    part: tuple[slice, slice],
) -> Bools:
    """Return which centres of a part of the view lie inside."""
    pipeline, turns = way
    rows = np.arange(part[0].start, min(part[0].stop, grid.height), dtype=float)
    cols = np.arange(part[1].start, min(part[1].stop, grid.width), dtype=float)
    x, y = _centres(grid, *np.meshgrid(rows, cols, indexing="ij"))
    x, y = transform(pipeline, x, y)
    good = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(good, x, 0.0), np.where(good, y, 0.0)
    found = np.zeros(x.shape, np.bool_)
    for turn in turns:
        found |= shapely.intersects_xy(shape, x + turn, y)
    return found & good
