"""Render three 8-bit bands as RGBV words, first on top: the fast path of pictures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from config.definition import Interpolation
from engine.mosaic.seam_canvas import SeamCanvas
from engine.pixel_type import PixelType
from engine.pixels import Rgbv, rgbv_of_planes
from engine.render_cells import over_cells
from engine.render_planes import span_of
from engine.samplers import rgbv
from engine.seam_layers import steps_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.layers import Cells, Layer
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.samplers.placement import CanvasPart
    from engine.seam_layers import SeamSteps
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
        if cell.span == 1:
            paint_single(cells, cell, 0)
        elif not paint_wide(cells, cell):
            for single in cell.singles():
                paint_single(cells, single, 0)

    def paint_wide(cells: Cells, cell: Cell) -> bool:
        layers = cells.layers_of(cell)
        part = cells.wide_part(layers[0], cell) if layers and layers[0].covers(cell) else None
        if part is None:
            return not layers
        filled = _sample_part(cells, layers[0], part, canvas, (kernel, 0))
        if filled == (cell.col_stop - cell.col_start) * (cell.row_stop - cell.row_start):
            cells.work.filled += filled
            return True
        for single in cell.singles():
            at = np.s_[single.row_start : single.row_stop, single.col_start : single.col_stop]
            paint_single(cells, single, int(np.count_nonzero(canvas[at])))
        return True

    def paint_single(cells: Cells, cell: Cell, filled: int) -> None:
        total = (cell.col_stop - cell.col_start) * (cell.row_stop - cell.row_start)
        steps = steps_of(cells, cell)
        for layer in steps.first if filled < total else ():
            filled += _sample_layer(cells, layer, cell, canvas, (kernel, filled))
            if filled == total:
                break
        if steps.blended and filled < total:
            filled += _blend(cells, steps, cell, (canvas, kernel))
        for layer in steps.rest if filled < total else ():
            filled += _sample_layer(cells, layer, cell, canvas, (kernel, filled))
            if filled == total:
                break
        cells.work.filled += filled
        cells.count_voids(cell, lambda: _valid(canvas, cell))

    over_cells(plan, work, "rgbv", paint, span=span_of(plan))
    return Rgbv(canvas, is_full=work.filled - before == canvas.size)


def _blend(cells: Cells, steps: SeamSteps, cell: Cell, state: tuple[NDArray[Any], int]) -> int:
    """Paint what fading seamlines share where a cell is empty; returns the pixels newly filled."""
    canvas, kernel = state
    shape = cell.row_stop - cell.row_start, cell.col_stop - cell.col_start
    mixed = SeamCanvas((3, *shape))
    origin = cell.col_start, cell.row_start
    for layer, weights in steps.blended:
        own = np.zeros(shape, np.uint32)
        if _sample_layer(cells, layer, cell, own, (kernel, 0), origin):
            mixed.add(Rgbv(own).planes(), weights)
    words = rgbv_of_planes(mixed.finish(PixelType.U8)).words
    part = canvas[cell.row_start : cell.row_stop, cell.col_start : cell.col_stop]
    empty = part == 0
    np.copyto(part, words, where=empty)
    return int(np.count_nonzero(empty & (words != 0)))


def _valid(canvas: NDArray[Any], cell: Cell) -> NDArray[np.bool_]:
    part = canvas[cell.row_start : cell.row_stop, cell.col_start : cell.col_stop]
    return np.asarray((part >> 24) != 0)


def _sample_layer(
    cells: Cells,
    layer: Layer,
    cell: Cell,
    canvas: NDArray[Any],
    state: tuple[int, int],
    origin: tuple[int, int] = (0, 0),
) -> int:
    """Sample one layer onto a cell; returns the pixels newly filled.

    Parameters
    ----------
    canvas
        Its first pixel is pixel `origin` of the view's.
    state : (kernel, filled)
        Pixels of the cell that were filled before.
    """
    start = time.perf_counter()
    part = cells.part(layer, cell, origin)
    cells.work.add("grid", start)
    return 0 if part is None else _sample_part(cells, layer, part, canvas, state)


def _sample_part(
    cells: Cells,
    layer: Layer,
    part: CanvasPart,
    canvas: NDArray[Any],
    state: tuple[int, int],
) -> int:
    kernel, filled = state
    work = cells.work
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
