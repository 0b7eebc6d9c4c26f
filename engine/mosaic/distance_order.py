"""Center and Nadir on tiles: the order by distance, pixel by pixel, so that tiles never disagree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from config.definition import MosaicMethod, MosaicOperator
from engine.geometry.locator import MapLocator
from engine.geometry.projection import operation
from engine.mosaic.cell_positions import part_positions
from engine.samplers.placement import CanvasPart
from engine.size_bands import size_band
from engine.target_grid import CELL

if TYPE_CHECKING:
    from engine.layers import Cells, Layer
    from engine.target_grid import Cell

Floats = NDArray[np.float64]


class DistanceOrder:
    """Which raster is in front at each pixel of a cell, as far as pixels were taken.

    The front is the least of (ZOrder, size band, distance, OBJECTID); Last takes the greatest.
    """

    def __init__(self, cells: Cells, cell: Cell) -> None:
        self._cells = cells
        self._x, self._y = _service_positions(cells, cell)
        self._last = cells.plan.operator is MosaicOperator.LAST
        self._z = np.full(self._x.shape, np.inf)
        self._band = np.full(self._x.shape, np.inf)
        self._distance = np.full(self._x.shape, np.inf)

    def by_id(self, layers: list[Layer]) -> list[Layer]:
        """Return the layers in the order that settles equal distances."""
        return sorted(layers, key=lambda layer: layer.planned.item.id, reverse=self._last)

    def behind(self, layer: Layer) -> NDArray[np.bool_]:
        """Return (rows, cols): True where something taken already lies in front of the layer."""
        z, band, distance = self._keys(layer)
        same_z, same_band = self._z == z, self._band == band
        front: NDArray[np.bool_] = (self._z < z) | (
            same_z & ((self._band < band) | (same_band & (self._distance <= distance)))
        )
        return front

    def take(self, layer: Layer, written: NDArray[np.bool_]) -> None:
        """Note that the layer is in front at these pixels."""
        z, band, distance = self._keys(layer)
        self._z[written] = z
        self._band[written] = band
        self._distance[written] = distance[written]

    def _keys(self, layer: Layer) -> tuple[float, float, Floats]:
        item = layer.planned.item
        plan = self._cells.plan
        x, y = item.center_x, item.center_y
        if plan.method is MosaicMethod.NADIR and item.nadir_x is not None:
            x, y = item.nadir_x, item.nadir_y or 0.0
        distance = np.asarray((self._x - x) ** 2 + (self._y - y) ** 2)
        z = item.z_order or 0.0
        band = float(size_band(item.ground_size_m, self._cells.work.service.catalog.size_edges))
        sign = -1.0 if self._last else 1.0
        ascending = 1.0 if plan.ascending else -1.0
        return sign * z, sign * band, sign * ascending * distance


def _service_positions(cells: Cells, cell: Cell) -> tuple[Floats, Floats]:
    """Return service-CRS x, y at the pixel centres of a cell's part of the canvas."""
    lattice, summary = cells.plan.grid.lattice, cells.work.service.summary
    cols = np.arange(cell.col_start, cell.col_stop) - cell.canvas_col + cell.col * CELL + 0.5
    rows = np.arange(cell.row_start, cell.row_stop) - cell.canvas_row + cell.row * CELL + 0.5
    if lattice.crs == summary.crs:
        x = lattice.origin_x + (cols + lattice.phase_x) * lattice.pixel_x
        y = lattice.origin_y - (rows + lattice.phase_y) * lattice.pixel_y
        xs, ys = np.meshgrid(x, y)
        return xs, ys
    pipeline = operation(lattice.crs, summary.crs, summary.extent_lonlat).pipeline
    nodes = cells.work.service.memory.nodes.get(
        MapLocator(pipeline), lattice, (cell.col, cell.row), cells.plan.tolerance_px
    )
    part = CanvasPart(
        nodes,
        cell.canvas_col,
        cell.canvas_row,
        cell.col_start,
        cell.col_stop,
        cell.row_start,
        cell.row_stop,
    )
    xs, ys = part_positions(part)
    return np.nan_to_num(xs, nan=math.inf), np.nan_to_num(ys, nan=math.inf)
