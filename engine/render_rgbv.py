"""Render three 8-bit bands as RGBV words, first on top: the fast path of pictures."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from config.definition import Interpolation
from engine.mosaic.seam_canvas import SeamCanvas
from engine.pixel_type import PixelType
from engine.pixels import Rgbv, rgbv_of_planes
from engine.render_cells import over_cells
from engine.render_planes import cells_to_paint
from engine.samplers import rgbv
from engine.seam_layers import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    painter = _Painter(canvas, KERNELS[plan.interpolation])
    over_cells(plan, work, "rgbv", painter.paint, cells_to_paint(plan))
    return Rgbv(canvas, is_full=work.filled - before == canvas.size)


@dataclass(frozen=True, slots=True)
class _Painter:
    """Paints cells of a view; several threads may, each its own cells."""

    canvas: NDArray[Any]
    kernel: int

    def paint(self, cells: Cells, cell: Cell) -> None:
        if cell.span == 1:
            self._single(cells, cell, 0)
        elif not self._wide(cells, cell):
            for single in cell.singles():
                self._single(cells, single, 0)

    def _wide(self, cells: Cells, cell: Cell) -> bool:
        """Paint a wide cell by its first layer at once; False where it must go cell by cell."""
        layers = cells.layers_of(cell)
        part = cells.wide_part(layers[0], cell) if layers and layers[0].covers(cell) else None
        if part is None:
            return not layers
        filled = _sample_part(cells, layers[0], part, self.canvas, (self.kernel, 0))
        if filled == _area(cell):
            cells.work.filled += filled
            return True
        for single in cell.singles():
            at = np.s_[single.row_start : single.row_stop, single.col_start : single.col_stop]
            self._single(cells, single, int(np.count_nonzero(self.canvas[at])))
        return True

    def _single(self, cells: Cells, cell: Cell, filled: int) -> None:
        steps = steps_of(cells, cell)
        filled = self._layers(cells, steps.first, cell, filled)
        if steps.blended and filled < _area(cell):
            filled += _blend(cells, steps, cell, (self.canvas, self.kernel))
        filled = self._layers(cells, steps.rest, cell, filled)
        cells.work.filled += filled
        cells.count_voids(cell, lambda: _valid(self.canvas, cell))

    def _layers(self, cells: Cells, layers: Iterable[Layer], cell: Cell, filled: int) -> int:
        """Paint layers until the cell is full; returns the pixels filled in all."""
        for layer in layers:
            if filled == _area(cell):
                break
            filled += _sample_layer(cells, layer, cell, self.canvas, (self.kernel, filled))
        return filled


def _area(cell: Cell) -> int:
    return (cell.col_stop - cell.col_start) * (cell.row_stop - cell.row_start)


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
