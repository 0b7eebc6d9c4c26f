"""Render a plan: cell by cell of the world lattice, raster by raster, until the canvas is full.

Rule: decides nothing about rasters, order or levels; every pixel depends on its lattice cell alone,
so any cut of a view gives the same pixels.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from config.definition import Interpolation, MosaicMethod, MosaicOperator
from engine.errors import SourceError
from engine.fetch import BlockSource, MixedValidity, block_source, fetch_window
from engine.geometry.position_grid import cell_window
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock, Pixels, Rgbv
from engine.readers.block_reader import BlockRequest
from engine.render_planes import render_planes
from engine.samplers import rgbv
from engine.samplers.placement import CanvasPart, LevelAffine, level_affine
from engine.samplers.window import window_of

if TYPE_CHECKING:
    from engine.fetch import SourceWindow
    from engine.plan import Plan, PlannedItem
    from engine.readers.block_cache import Form
    from engine.render_work import Work
    from engine.service import ImageService, LayerKey
    from engine.target_grid import Cell

_RGBV_KERNELS = {Interpolation.NEAREST: rgbv.NEAREST, Interpolation.BILINEAR: rgbv.BILINEAR}


@dataclass(frozen=True, slots=True)
class Layer:
    """One raster, ready to be sampled onto any cell.

    Attributes
    ----------
    box : (col0, row0, col1, row1)
        Canvas pixels that it may touch.
    """

    planned: PlannedItem
    source: BlockSource
    affine: LevelAffine
    box: tuple[float, float, float, float]


def render(plan: Plan, work: Work, service_type: PixelType) -> Pixels:
    """Return the mosaic of a plan, before the picture step.

    Parameters
    ----------
    service_type : PixelType
        Type of the service's samples; items of another type are cast.

    Returns
    -------
    Rgbv or PixelBlock
        RGBV where three 8-bit bands are wanted for a picture and nothing stands against it.

    Raises
    ------
    DeadlineExceeded, Cancelled
    SourceError
        Only for strict services and single rasters.
    """
    if _fits_rgbv(plan, service_type):
        try:
            return _render_rgbv(plan, work)
        except MixedValidity:
            work.filled = 0
    return render_planes(plan, work, service_type, Cells(plan, work, "planes"))


def _fits_rgbv(plan: Plan, service_type: PixelType) -> bool:
    return (
        plan.picture is not None
        and len(plan.bands) == 3
        and service_type is PixelType.U8
        and plan.operator in (MosaicOperator.FIRST, MosaicOperator.LAST)
        and plan.interpolation in _RGBV_KERNELS
        and not plan.per_pixel
        and all(planned.item.pixel_type is PixelType.U8 for planned in plan.items)
    )


def _layer_source(
    service: ImageService, planned: PlannedItem, key: LayerKey
) -> tuple[BlockSource, LevelAffine]:
    """Return where a raster's blocks come from and how its coordinates become level pixels."""
    _, _, _, bands, form, by_seamline = key
    item, view = planned.item, planned.view
    clip = (item.seamline or item.footprint) if by_seamline else item.footprint
    number = service.memory.identities.number(item)
    request = BlockRequest(item, number, view, bands, service.thematic, clip)
    size, scale = (view.width, view.height), (view.scale_x, view.scale_y)
    return block_source(request, form), level_affine(item.geotransform, scale, size)


class Cells:
    """The rasters of a plan by world cell.

    Parameters
    ----------
    form : "rgbv" or "planes"
        How source blocks are decoded.
    """

    def __init__(self, plan: Plan, work: Work, form: Form) -> None:
        self.plan = plan
        self.work = work
        items = plan.items if plan.operator is not MosaicOperator.LAST else plan.items[::-1]
        self.layers = [self._layer(planned, form) for planned in items]
        self._dead: set[int] = set()
        self._taps = 2 if plan.interpolation is Interpolation.CUBIC else 1

    def _layer(self, planned: PlannedItem, form: Form) -> Layer:
        plan, service = self.plan, self.work.service
        by_seamline = (
            plan.method is MosaicMethod.SEAMLINE and plan.operator is not MosaicOperator.BLEND
        )
        view, box, lattice = planned.view, planned.placed.box, plan.grid.lattice
        key = (planned.item.id, view.index, view.shrink, plan.bands, form, by_seamline)
        found = service.layer_sources.get(key)
        if found is None:
            found = service.layer_sources[key] = _layer_source(service, planned, key)
        source, affine = found
        col, row = plan.grid.col + lattice.phase_x, plan.grid.row + lattice.phase_y
        margin = 2.0
        return Layer(
            planned,
            source,
            affine,
            (
                (box.xmin - lattice.origin_x) / lattice.pixel_x - col - margin,
                (lattice.origin_y - box.ymax) / lattice.pixel_y - row - margin,
                (box.xmax - lattice.origin_x) / lattice.pixel_x - col + margin,
                (lattice.origin_y - box.ymin) / lattice.pixel_y - row + margin,
            ),
        )

    def layers_of(self, cell: Cell) -> list[Layer]:
        """Return the layers that may touch a cell's part of the canvas, topmost first."""
        return [
            layer
            for layer in self.layers
            if layer.box[0] < cell.col_stop
            and layer.box[2] > cell.col_start
            and layer.box[1] < cell.row_stop
            and layer.box[3] > cell.row_start
            and layer.planned.item.id not in self._dead
        ]

    def part(self, layer: Layer, cell: Cell, origin: tuple[int, int] = (0, 0)) -> CanvasPart | None:
        """Return where a layer's nodes lie on a canvas whose first pixel is canvas pixel `origin`."""
        lattice, placed = self.plan.grid.lattice, layer.planned.placed
        window = cell_window(lattice, cell.col, cell.row, placed.box)
        if window.col_start >= window.col_stop or window.row_start >= window.row_stop:
            return None
        nodes = self.work.service.memory.nodes.get(
            placed.pipeline, lattice, (cell.col, cell.row), self.plan.tolerance_px, window
        )
        col, row = cell.canvas_col + window.col_start, cell.canvas_row + window.row_start
        width, height = window.col_stop - window.col_start, window.row_stop - window.row_start
        start_col, stop_col = max(cell.col_start, col), min(cell.col_stop, col + width)
        start_row, stop_row = max(cell.row_start, row), min(cell.row_stop, row + height)
        if start_col >= stop_col or start_row >= stop_row:
            return None
        dx, dy = origin
        return CanvasPart(
            nodes, col - dx, row - dy, start_col - dx, stop_col - dx, start_row - dy, stop_row - dy
        )

    def fetch(self, layer: Layer, part: CanvasPart) -> SourceWindow | None:
        """Return the source pixels a part needs, None where there are none.

        A source that cannot be read is left out from here on, unless the service is strict.
        """
        window = window_of(layer.affine, part, self._taps)
        if window is None:
            return None
        try:
            return fetch_window(self.work, layer.source, window)
        except SourceError as err:
            summary = self.work.service.summary
            if summary.properties.strict_sources or summary.source_type == "raster":
                raise
            self._dead.add(layer.planned.item.id)
            self.work.skipped.append(f"{type(err).__name__}: {err}")
            return None


def _render_rgbv(plan: Plan, work: Work) -> Rgbv:
    canvas = np.zeros((plan.grid.height, plan.grid.width), np.uint32)
    cells = Cells(plan, work, "rgbv")
    kernel = _RGBV_KERNELS[plan.interpolation]
    for cell in plan.grid.cells():
        work.budget.check()
        total = (cell.col_stop - cell.col_start) * (cell.row_stop - cell.row_start)
        filled = 0
        for layer in cells.layers_of(cell):
            filled += _sample_layer(cells, layer, cell, canvas, (kernel, filled))
            if filled == total:
                break
        work.filled += filled
    return Rgbv(canvas)


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


def blank(plan: Plan, service_type: PixelType) -> Pixels:
    """Return a canvas without any valid pixel, as `render` gives it for a plan without items."""
    height, width = plan.grid.height, plan.grid.width
    if _fits_rgbv(plan, service_type):
        return Rgbv(np.zeros((height, width), np.uint32))
    data = np.zeros((len(plan.bands), height, width), service_type.dtype_name)
    return PixelBlock(data, np.zeros((1, height, width), np.bool_))
