"""Render planes of any type with any operator: the plain path beside RGBV."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from config.definition import MosaicOperator
from engine.functions.cast import cast
from engine.geometry.ground_cells import ground_cells
from engine.mosaic.distance_order import DistanceOrder
from engine.mosaic.edge_weight import edge_weights
from engine.mosaic.operators import OPERATORS
from engine.mosaic.seam_canvas import SeamCanvas
from engine.pixels import PixelBlock
from engine.process_sources import cropped
from engine.process_steps import take_bands
from engine.region_sampling import PLANE_KERNELS
from engine.render_cells import over_cells
from engine.samplers import planes
from engine.samplers.window import PixelWindow
from engine.seam_layers import follows_seamlines, steps_of
from engine.target_grid import CELL, TargetGrid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.layers import Cells, Layer
    from engine.pixel_type import PixelType
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.samplers.placement import CanvasPart
    from engine.seam_layers import SeamSteps
    from engine.target_grid import Cell

Bools = NDArray[np.bool_]

# From so many pixels on, a step of Python for four cells instead of one is worth its while.
_LEAST_WIDE_PX = 1 << 20
_MOST_RIM, _FEW_CELLS = 4, 4
_SPAN = 4


def render_planes(plan: Plan, work: Work, service_type: PixelType) -> PixelBlock:
    """Return the mosaic as (bands, rows, cols) of the service's type, valid per band."""
    canvas = new_canvas(len(plan.bands), plan.grid.height, plan.grid.width, service_type)

    def paint(cells: Cells, cell: Cell) -> None:
        if cells.layers_of(cell):
            CellRenderer(cells, cell, service_type).paint(canvas)
            rows = slice(cell.row_start, cell.row_stop)
            cols = slice(cell.col_start, cell.col_stop)
            cells.count_voids(cell, lambda: np.asarray(canvas.valid[:, rows, cols].any(axis=0)))

    over_cells(plan, work, "planes", paint, cells_to_paint(plan))
    valid = canvas.valid
    if valid.shape[0] > 1 and bool((valid == valid[:1]).all()):
        valid = valid[:1]
    work.filled += int(np.count_nonzero(valid[0] if valid.shape[0] == 1 else valid.any(axis=0)))
    return PixelBlock(canvas.data, valid)


def cells_to_paint(plan: Plan) -> Iterable[Cell]:
    """Return the parts of the canvas that are painted one by one, several world cells at once where they may be."""
    grid = plan.grid
    is_first = plan.operator in (MosaicOperator.FIRST, MosaicOperator.LAST)
    is_whole = is_first and not plan.per_pixel and not follows_seamlines(plan)
    if not is_whole:
        return grid.cells()
    if grid.width * grid.height >= _LEAST_WIDE_PX:
        return grid.cells(_SPAN)
    # A tile with the neighbours that functions look at has a rim in eight cells more.
    count, pixels = grid.cell_count, grid.width * grid.height
    is_rimmed = count > _FEW_CELLS and count * CELL**2 > _MOST_RIM * pixels
    return [grid.one_cell()] if is_rimmed else grid.cells()


class Canvas(NamedTuple):
    """What cells are painted on.

    Attributes
    ----------
    data, valid : (bands, rows, cols)
    filled : bool (rows, cols)
        Pixels that need no further layer; of one band the same memory as `valid`.
    """

    data: NDArray[Any]
    valid: Bools
    filled: Bools


def new_canvas(bands: int, rows: int, cols: int, pixel_type: PixelType) -> Canvas:
    """Return an empty canvas."""
    data = np.zeros((bands, rows, cols), pixel_type.dtype_name)
    valid = np.zeros((bands, rows, cols), np.bool_)
    filled = valid[0] if bands == 1 else np.zeros((rows, cols), np.bool_)
    return Canvas(data, valid, filled)


class CellRenderer:
    """The mosaic of one cell."""

    def __init__(self, cells: Cells, cell: Cell, service_type: PixelType) -> None:
        self._cells = cells
        self._cell = cell
        self._plan = cells.plan
        self._type = service_type
        self._rows = slice(cell.row_start, cell.row_stop)
        self._cols = slice(cell.col_start, cell.col_stop)
        self._shape = (
            len(cells.plan.bands),
            cell.row_stop - cell.row_start,
            cell.col_stop - cell.col_start,
        )

    def paint(self, canvas: Canvas) -> None:
        """Paint the cell's part of a canvas."""
        is_first = self._plan.operator in (MosaicOperator.FIRST, MosaicOperator.LAST)
        if follows_seamlines(self._plan) or (is_first and not self._plan.per_pixel):
            self._in_steps(steps_of(self._cells, self._cell), canvas)
            return
        layers = self._cells.layers_of(self._cell)
        block = self._nearest_first(layers) if is_first else self._accumulated(layers)
        canvas.data[:, self._rows, self._cols] = block.data
        canvas.valid[:, self._rows, self._cols] = block.valid

    def _empty(self) -> Canvas:
        return new_canvas(*self._shape, self._type)

    def _in_steps(self, steps: SeamSteps, canvas: Canvas) -> None:
        filled = canvas.filled[self._rows, self._cols]
        self._first(steps.first, canvas)
        if steps.blended and not filled.all():
            mixed = SeamCanvas(self._shape)
            for layer, weights in steps.blended:
                own = self._empty()
                self.sample_onto(layer, own, self._origin)
                mixed.add(PixelBlock(own.data, own.valid), weights)
            self._write(mixed.finish(self._type), canvas, (0, 0))
        if steps.rest and not filled.all():
            self._first(steps.rest, canvas)

    def _first(self, layers: list[Layer], canvas: Canvas) -> None:
        filled = canvas.filled[self._rows, self._cols]
        for layer in layers:
            # Where something is painted already, single cells that are full need no more blocks.
            if self._cell.span == 1 or filled.any() or not self._sample_wide(layer, canvas):
                self._sample_singles(layer, canvas)
            if layer is not layers[-1] and filled.all():
                break

    def _sample_singles(self, layer: Layer, canvas: Canvas) -> None:
        if self._cell.span == 1:
            self.sample_onto(layer, canvas, (0, 0))
            return
        for cell in self._cell.singles():
            if self._cells.is_lost(layer):
                return
            single = CellRenderer(self._cells, cell, self._type)
            if layer.touches(cell) and not canvas.filled[single._rows, single._cols].all():
                single.sample_onto(layer, canvas, (0, 0))

    def _nearest_first(self, layers: list[Layer]) -> PixelBlock:
        """Order by distance pixel by pixel: a partition fixed in the world, whatever the tile."""
        data, valid, _ = self._empty()
        order = DistanceOrder(self._cells, self._cell)
        for layer in order.by_id(layers):
            skip = order.behind(layer)
            before = skip.copy()
            self.sample_onto(layer, Canvas(data, valid, skip), self._origin)
            order.take(layer, skip & ~before)
        return PixelBlock(data, valid)

    def _accumulated(self, layers: list[Layer]) -> PixelBlock:
        operator = OPERATORS[self._plan.operator]
        accumulator = operator.start(self._shape, np.dtype(self._type.dtype_name))
        for layer in layers:
            own = self._empty()
            self.sample_onto(layer, own, self._origin)
            if not own.valid.any():
                continue
            weights = (
                edge_weights(self._cells, layer, self._cell) if operator.wants_weights else None
            )
            accumulator.merge(PixelBlock(own.data, own.valid), weights)
        return accumulator.finish(self._type)

    @property
    def _origin(self) -> tuple[int, int]:
        return self._cell.col_start, self._cell.row_start

    def sample_onto(self, layer: Layer, canvas: Canvas, origin: tuple[int, int]) -> None:
        """Sample a layer onto a canvas whose first pixel is pixel `origin` of the view's.

        Other pixel types are sampled as they are, and what is new is cast.
        """
        if layer.sampled.after is not None:
            self._sample_processed(layer, canvas, origin)
            return
        if layer.sampled.pixel_type is self._type:
            self._sample(layer, canvas, origin)
            return
        rows = slice(self._cell.row_start - origin[1], self._cell.row_stop - origin[1])
        cols = slice(self._cell.col_start - origin[0], self._cell.col_stop - origin[0])
        filled = canvas.filled[rows, cols]
        own = new_canvas(*self._shape, layer.sampled.pixel_type)
        skip = filled.copy()
        self._sample(layer, own._replace(filled=skip), self._origin)
        written = skip & ~filled
        block = cast(PixelBlock(own.data, own.valid), self._type)
        np.copyto(canvas.data[:, rows, cols], block.data, where=written)
        np.copyto(canvas.valid[:, rows, cols], block.valid, where=written)
        filled[...] = skip

    def _sample_wide(self, layer: Layer, canvas: Canvas) -> bool:
        """Sample a layer onto several cells at once where that can be done."""
        sampled = layer.sampled
        if sampled.after is not None or sampled.pixel_type is not self._type:
            return False
        if not layer.covers(self._cell):
            return False
        start = time.perf_counter()
        part = self._cells.wide_part(layer, self._cell)
        self._cells.work.add("grid", start)
        if part is None:
            return False
        self._sample_part(layer, part, canvas)
        return True

    def _sample(self, layer: Layer, canvas: Canvas, origin: tuple[int, int]) -> None:
        start = time.perf_counter()
        part = self._cells.part(layer, self._cell, origin)
        self._cells.work.add("grid", start)
        if part is not None:
            self._sample_part(layer, part, canvas)

    def _sample_part(self, layer: Layer, part: CanvasPart, canvas: Canvas) -> None:
        work = self._cells.work
        start = time.perf_counter()
        window = self._cells.fetch(layer, part)
        work.add("blocks", start)
        if window is None:
            return
        start = time.perf_counter()
        work.samplings += 1
        kernel = PLANE_KERNELS[layer.sampled.interpolation]
        place = (layer.affine, part)
        planes.sample_planes(window.data, window.valid, window.origin, place, kernel, canvas)
        work.add("sample", start)

    def _sample_processed(self, layer: Layer, canvas: Canvas, origin: tuple[int, int]) -> None:
        """Sample a layer with what its functions behind the sampler need around the cell; do them."""
        # Says where terrain is missing.
        if self._cells.part(layer, self._cell, origin) is None:
            return
        start = time.perf_counter()
        after, cell = layer.sampled.after, self._cell
        assert after is not None
        halo = after.halo_px
        block = self._cells.region(
            layer,
            PixelWindow(
                cell.col_start - halo,
                cell.row_start - halo,
                cell.col_stop + halo,
                cell.row_stop + halo,
            ),
        )
        if block is not None:
            grid = self._grid_of(halo)
            block = cropped(after.apply(block, ground=lambda: ground_cells(grid)), halo)
            self._write(take_bands(block, layer.sampled.bands), canvas, origin)
        self._cells.work.add("sample", start)

    def _grid_of(self, halo: int) -> TargetGrid:
        """Return the output grid of the cell's part with so many pixels around."""
        cell = self._cell
        col = cell.col * CELL - cell.canvas_col + cell.col_start
        row = cell.row * CELL - cell.canvas_row + cell.row_start
        cols, rows = cell.col_stop - cell.col_start, cell.row_stop - cell.row_start
        lattice = self._cells.plan.grid.lattice
        return TargetGrid(lattice, col, row, cols, rows).expand(halo)

    def _write(self, block: PixelBlock, canvas: Canvas, origin: tuple[int, int]) -> None:
        """Write the cell's pixels of a layer where the canvas is free, in the type of the mosaic."""
        rows = slice(self._cell.row_start - origin[1], self._cell.row_stop - origin[1])
        cols = slice(self._cell.col_start - origin[0], self._cell.col_stop - origin[0])
        filled = canvas.filled[rows, cols]
        block = cast(block, self._type)
        written = block.valid_any() & ~filled
        np.copyto(canvas.data[:, rows, cols], block.data, where=written)
        np.copyto(canvas.valid[:, rows, cols], block.valid, where=written)
        filled |= written
