"""Render planes of any type with any operator: the plain path beside RGBV."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from config.definition import Interpolation, MosaicOperator
from engine.functions.cast import cast
from engine.mosaic.distance_order import DistanceOrder
from engine.mosaic.edge_weight import edge_weights
from engine.mosaic.operators import OPERATORS
from engine.pixels import PixelBlock
from engine.render_cells import over_cells
from engine.samplers import planes

if TYPE_CHECKING:
    from engine.layers import Cells, Layer
    from engine.pixel_type import PixelType
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.target_grid import Cell

_KERNELS = {
    Interpolation.NEAREST: planes.NEAREST,
    Interpolation.MAJORITY: planes.NEAREST,
    Interpolation.BILINEAR: planes.BILINEAR,
    Interpolation.CUBIC: planes.CUBIC,
}

Bools = NDArray[np.bool_]


def render_planes(plan: Plan, work: Work, service_type: PixelType) -> PixelBlock:
    """Return the mosaic as (bands, rows, cols) of the service's type, valid per band."""
    shape = (len(plan.bands), plan.grid.height, plan.grid.width)
    data = np.zeros(shape, service_type.dtype_name)
    valid = np.zeros(shape, np.bool_)

    def paint(cells: Cells, cell: Cell) -> None:
        layers = cells.layers_of(cell)
        if not layers:
            return
        rows = slice(cell.row_start, cell.row_stop)
        cols = slice(cell.col_start, cell.col_stop)
        block = CellRenderer(cells, cell, service_type).render(layers)
        data[:, rows, cols] = block.data
        valid[:, rows, cols] = block.valid
        cells.count_voids(cell, lambda: np.asarray(block.valid.any(axis=0)))

    over_cells(plan, work, "planes", paint)
    if shape[0] > 1 and bool((valid == valid[:1]).all()):
        valid = valid[:1]
    work.filled += int(np.count_nonzero(valid[0] if valid.shape[0] == 1 else valid.any(axis=0)))
    return PixelBlock(data, valid)


class CellRenderer:
    """The mosaic of one cell."""

    def __init__(self, cells: Cells, cell: Cell, service_type: PixelType) -> None:
        self._cells = cells
        self._cell = cell
        self._plan = cells.plan
        self._type = service_type
        self._shape = (
            len(cells.plan.bands),
            cell.row_stop - cell.row_start,
            cell.col_stop - cell.col_start,
        )

    def render(self, layers: list[Layer]) -> PixelBlock:
        """Return the cell's pixels."""
        if self._plan.operator in (MosaicOperator.FIRST, MosaicOperator.LAST):
            if self._plan.per_pixel:
                return self._nearest_first(layers)
            return self._first(layers)
        return self._accumulated(layers)

    def _empty(self) -> tuple[NDArray[Any], Bools]:
        return np.zeros(self._shape, self._type.dtype_name), np.zeros(self._shape, np.bool_)

    def _first(self, layers: list[Layer]) -> PixelBlock:
        data, valid = self._empty()
        filled = np.zeros(self._shape[1:], np.bool_)
        for layer in layers:
            self._sample_onto(layer, (data, valid, filled))
            if filled.all():
                break
        return PixelBlock(data, valid)

    def _nearest_first(self, layers: list[Layer]) -> PixelBlock:
        """Order by distance pixel by pixel: a partition fixed in the world, whatever the tile."""
        data, valid = self._empty()
        order = DistanceOrder(self._cells, self._cell)
        for layer in order.by_id(layers):
            skip = order.behind(layer)
            before = skip.copy()
            self._sample_onto(layer, (data, valid, skip))
            order.take(layer, skip & ~before)
        return PixelBlock(data, valid)

    def _accumulated(self, layers: list[Layer]) -> PixelBlock:
        operator = OPERATORS[self._plan.operator]
        accumulator = operator.start(self._shape, np.dtype(self._type.dtype_name))
        for layer in layers:
            data, valid = self._empty()
            self._sample_onto(layer, (data, valid, np.zeros(self._shape[1:], np.bool_)))
            if not valid.any():
                continue
            weights = (
                edge_weights(self._cells, layer, self._cell) if operator.wants_weights else None
            )
            accumulator.merge(PixelBlock(data, valid), weights)
        return accumulator.finish(self._type)

    def _sample_onto(self, layer: Layer, canvas: tuple[NDArray[Any], Bools, Bools]) -> None:
        """Sample a layer onto (data, valid, skip) of the cell; other pixel types are cast."""
        work = self._cells.work
        start = time.perf_counter()
        origin = (self._cell.col_start, self._cell.row_start)
        part = self._cells.part(layer, self._cell, origin)
        work.add("grid", start)
        if part is None:
            return
        start = time.perf_counter()
        window = self._cells.fetch(layer, part)
        work.add("blocks", start)
        if window is None:
            return
        start = time.perf_counter()
        kernel = _KERNELS[self._plan.interpolation]
        place = (layer.affine, part)
        data, valid, skip = canvas
        if window.data.dtype == data.dtype:
            planes.sample_planes(window.data, window.valid, window.origin, place, kernel, canvas)
        else:
            own = np.zeros(self._shape, window.data.dtype)
            own_valid = np.zeros(self._shape, np.bool_)
            before = skip.copy()
            planes.sample_planes(
                window.data, window.valid, window.origin, place, kernel, (own, own_valid, skip)
            )
            written = skip & ~before
            own_block = cast(PixelBlock(own, own_valid), self._type)
            np.copyto(data, own_block.data, where=written)
            np.copyto(valid, own_block.valid, where=written)
        work.add("sample", start)
