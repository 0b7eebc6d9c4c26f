"""Weights of the Blend operator: the distance from the footprint's edge inwards, in source pixels.

Under the mosaic method Seamline they are those of `engine.mosaic.seam_weight`.

The distance is to the vector polygon, so it does not depend on the tile. Blocks of 8 × 8 output pixels
that lie far from every edge are settled by their middle.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.footprint import unpack_rings
from engine.kernel import kernel
from engine.mosaic.cell_positions import part_positions

if TYPE_CHECKING:
    from engine.item import Item
    from engine.layers import Cells, Layer
    from engine.target_grid import Cell

Floats = NDArray[np.float64]
_STEP = 8


@kernel
def _squared_distance(edges, x, y):
    best = np.inf
    for k in range(edges.shape[0]):
        ax, ay = edges[k, 0], edges[k, 1]
        bx, by = edges[k, 2] - ax, edges[k, 3] - ay
        t = ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by)
        t = min(max(t, 0.0), 1.0)
        dx, dy = x - ax - t * bx, y - ay - t * by
        best = min(best, dx * dx + dy * dy)
    return best


@kernel
def _is_inside(edges, x, y):
    inside = False
    for k in range(edges.shape[0]):
        ya, yb = edges[k, 1], edges[k, 3]
        if (ya <= y) != (yb <= y) and x < edges[k, 0] + (y - ya) * (edges[k, 2] - edges[k, 0]) / (
            yb - ya
        ):
            inside = not inside
    return inside


@kernel
def _edge_distance_kernel(edges, cols, rows, width, out):
    height, columns = cols.shape
    for top in range(0, height, _STEP):
        for left in range(0, columns, _STEP):
            bottom, right = min(top + _STEP, height) - 1, min(left + _STEP, columns) - 1
            mid_r, mid_c = (top + bottom) // 2, (left + right) // 2
            x, y = cols[mid_r, mid_c], rows[mid_r, mid_c]
            distance = np.sqrt(_squared_distance(edges, x, y))
            reach = 0.0
            for r in (top, bottom):
                for c in (left, right):
                    reach = max(reach, np.hypot(cols[r, c] - x, rows[r, c] - y))
            far = distance > width + reach
            inside = _is_inside(edges, x, y)
            for r in range(top, bottom + 1):
                for c in range(left, right + 1):
                    if not far:
                        distance = np.sqrt(_squared_distance(edges, cols[r, c], rows[r, c]))
                        inside = _is_inside(edges, cols[r, c], rows[r, c])
                    out[r, c] = distance if inside else -distance


@lru_cache(maxsize=512)
def _edges(packed: bytes, width: int, height: int) -> Floats:
    """Return all edges (n, 4), horizontal ones too; b"" is the whole raster."""
    whole = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    rings = unpack_rings(packed) or [whole]
    edges = [np.hstack([ring, np.roll(ring, -1, axis=0)]) for ring in rings]
    joined = np.concatenate(edges)
    long = (joined[:, 0] != joined[:, 2]) | (joined[:, 1] != joined[:, 3])
    return np.ascontiguousarray(joined[long])


def edge_weights(cells: Cells, layer: Layer, cell: Cell) -> Floats | None:
    """Return the weights (rows, cols) of a layer on a cell's part of the canvas, 0 to 1."""
    part = cells.outline_part(layer, cell, (cell.col_start, cell.row_start))
    if part is None:
        return None
    weights = np.zeros((cell.row_stop - cell.row_start, cell.col_stop - cell.col_start))
    x, y = part_positions(part)
    item = layer.planned.item
    cols, rows = _level0(item, x, y)
    width = max(cells.work.service.summary.properties.blend_width_px, 1e-6)
    distance = np.empty(cols.shape)
    edges = _edges(item.footprint, item.width, item.height)
    _edge_distance_kernel(edges, cols, rows, width, distance)
    weights[part.row_start : part.row_stop, part.col_start : part.col_stop] = np.clip(
        distance / width, 0.0, 1.0
    )
    return weights


def _level0(item: Item, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return level-0 positions of map positions."""
    x0, xc, xr, y0, yc, yr = item.geotransform
    det = xc * yr - xr * yc
    dx, dy = x - x0, y - y0
    return (
        np.ascontiguousarray((dx * yr - dy * xr) / det),
        np.ascontiguousarray((dy * xc - dx * yc) / det),
    )
