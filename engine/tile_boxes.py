"""Boxes of many blocks of tiles in a service's CRS at once, to search its footprints with."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.geometry.projection import MERCATOR, describe_crs, operation, transform_checked
from engine.pole_boxes import SEARCHED_END
from engine.target_grid import CELL, TargetGrid, grid_of_tile, world_period
from engine.view_area import SMALL_M, SMALL_MARGIN, ViewArea, area_of_grid

if TYPE_CHECKING:
    from engine.request_parts import TileAddress
    from engine.service import ImageService
    from engine.tile_scheme import TileScheme

Boxes: TypeAlias = NDArray[np.float64]
# First row and column, and the ones after the last, of each block.
Blocks: TypeAlias = NDArray[np.int64]

_MOST_POINTS = 200_000


def area_of_block(
    service: ImageService, scheme: TileScheme, first: TileAddress, rows: int, cols: int
) -> ViewArea | None:
    """Return a block of tiles in the service's CRS, None where it has no place there."""
    grid = grid_of_tile(first, scheme)
    block = TargetGrid(grid.lattice, grid.col, grid.row, cols * CELL, rows * CELL)
    return area_of_grid(service, block)


def boxes_of_blocks(service: ImageService, scheme: TileScheme, level: int, blocks: Blocks) -> Boxes:
    """Return the boxes of blocks as rows of xmin, ymin, xmax, ymax.

    None is smaller than that of `area_of_block`, but for rounding. A block without a place in the
    service's CRS has NaN; what goes over the antimeridian reaches over the whole map.
    """
    side = scheme.resolutions[level] * CELL
    top, left, bottom, right = blocks.T
    boxes = np.column_stack(
        [
            scheme.origin_x + left * side,
            scheme.origin_y - bottom * side,
            scheme.origin_x + right * side,
            scheme.origin_y - top * side,
        ]
    )
    summary = service.summary
    if scheme.crs == summary.crs:
        return boxes
    pipeline = operation(scheme.crs, summary.crs, summary.extent_lonlat).pipeline
    metres = describe_crs(scheme.crs).metres_per_unit
    sides = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) * metres
    is_small = sides < SMALL_M
    found = np.empty_like(boxes)
    for chosen, samples in ((is_small, 3), (~is_small, 21)):
        part = _MOST_POINTS // samples**2
        places = np.flatnonzero(chosen)
        for start in range(0, len(places), part):
            some = places[start : start + part]
            found[some] = _transformed(pipeline, boxes[some], samples)
    margins = (found[:, 2:] - found[:, :2]) * SMALL_MARGIN * is_small[:, None]
    found[:, :2] -= margins
    found[:, 2:] += margins
    return _round_the_world(found, summary.crs)


def _transformed(pipeline: str, boxes: Boxes, samples: int) -> Boxes:
    """Return the boxes around transformed boxes, by samples of their edges and inside."""
    steps = np.linspace(0.0, 1.0, samples)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    shape = (len(boxes), samples, samples)
    xs = np.broadcast_to((boxes[:, :1] + width[:, None] * steps)[:, None, :], shape)
    ys = np.broadcast_to((boxes[:, 1:2] + height[:, None] * steps)[:, :, None], shape)
    slack_x = float(np.maximum(width, np.abs(boxes[:, 2]) * 1e-6).max()) * 1e-3
    slack_y = float(np.maximum(height, np.abs(boxes[:, 3]) * 1e-6).max()) * 1e-3
    out_x, out_y, good = transform_checked(pipeline, xs, ys, slack_x, slack_y)
    low = [np.where(good, out, np.inf).min(axis=(1, 2)) for out in (out_x, out_y)]
    high = [np.where(good, out, -np.inf).max(axis=(1, 2)) for out in (out_x, out_y)]
    found = np.column_stack([*low, *high])
    found[~good.any(axis=(1, 2))] = np.nan
    return found


def _round_the_world(boxes: Boxes, crs: str) -> Boxes:
    """Return boxes with what they miss where a block goes over the antimeridian or a pole."""
    period = world_period(crs)
    if period:
        boxes[boxes[:, 2] - boxes[:, 0] > period / 2] = (-period, -period, period, period)
    if crs == MERCATOR:
        boxes[:, 1] = np.minimum(boxes[:, 1], SEARCHED_END)
        boxes[:, 3] = np.maximum(boxes[:, 3], -SEARCHED_END)
    return boxes
