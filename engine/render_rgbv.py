"""Render three 8-bit bands as RGBV words, first on top: the fast path of pictures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from config.definition import Interpolation
from engine.pixels import Rgbv
from engine.render_cells import over_cells
from engine.samplers import rgbv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.layers import Cells, Layer
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.target_grid import Cell

KERNELS = {Interpolation.NEAREST: rgbv.NEAREST, Interpolation.BILINEAR: rgbv.BILINEAR}


def render_rgbv(plan: Plan, work: Work) -> Rgbv:
    """Return the mosaic as words.

    Raises
    ------
    MixedValidity
        A source block has pixels that words cannot hold.
    """
    before = work.filled
    canvas = np.zeros((plan.grid.height, plan.grid.width), np.uint32)
    kernel = KERNELS[plan.interpolation]

    def paint(cells: Cells, cell: Cell) -> None:
        total = (cell.col_stop - cell.col_start) * (cell.row_stop - cell.row_start)
        filled = 0
        for layer in cells.layers_of(cell):
            filled += _sample_layer(cells, layer, cell, canvas, (kernel, filled))
            if filled == total:
                break
        cells.work.filled += filled
        cells.count_voids(cell, lambda: _valid(canvas, cell))

    over_cells(plan, work, "rgbv", paint)
    return Rgbv(canvas, is_full=work.filled - before == canvas.size)


def _valid(canvas: NDArray[Any], cell: Cell) -> NDArray[np.bool_]:
    part = canvas[cell.row_start : cell.row_stop, cell.col_start : cell.col_stop]
    return np.asarray((part >> 24) != 0)


def _sample_layer(
    cells: Cells, layer: Layer, cell: Cell, canvas: NDArray[Any], state: tuple[int, int]
) -> int:
    """Sample one layer onto a cell; returns the pixels newly filled."""
    kernel, filled = state
    work = cells.work
    start = time.perf_counter()
    part = cells.part(layer, cell)
    work.add("grid", start)
    if part is None:
        return 0
    start = time.perf_counter()
    window = cells.fetch(layer, part)
    work.add("blocks", start)
    if window is None:
        return 0
    start = time.perf_counter()
    work.samplings += 1
    new = rgbv.sample_rgbv(
        window.data,
        window.origin,
        layer.affine,
        part,
        canvas,
        (kernel, window.all_valid, filled == 0),
    )
    work.add("sample", start)
    return new
