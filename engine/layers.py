"""The rasters of a plan as layers of a canvas: where each lies on a cell, and its source pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from config.definition import Interpolation, MosaicOperator
from engine.errors import SourceError
from engine.geometry.position_grid import WHOLE_CELL, cell_window
from engine.layer_sources import layer_source
from engine.pole_boxes import is_own_map, rows_between_poles
from engine.region_sampling import SampledPlace, sample_region, taps_of
from engine.samplers.placement import CanvasPart
from engine.samplers.window import PixelWindow, window_of
from engine.seam_layers import blend_width, follows_seamlines, is_clipped
from engine.target_grid import CELL

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.fetch import SourceWindow
    from engine.geometry.locator import Locator
    from engine.layer_sources import LayerSource
    from engine.pixels import PixelBlock
    from engine.plan import Plan, PlannedItem
    from engine.readers.block_cache import Form
    from engine.region_sampling import PixelSource
    from engine.render_work import Work
    from engine.samplers.placement import LevelAffine
    from engine.target_grid import Cell


# Nodes of a part that plans may hold on to; a projection needs a few, 16 bytes each.
_MEMO_NODES = 1200


@dataclass(frozen=True, slots=True)
class Layer:
    """One raster, ready to be sampled onto any cell.

    Attributes
    ----------
    source : PixelSource
        Of the level's pixels; `affine` leads to them.
    box : (col0, row0, col1, row1)
        Canvas pixels that it may touch.
    sampled : LayerSource
        The same source, and how it is sampled.
    taps : int
        Neighbours of a position that its interpolation needs on each side.
    """

    planned: PlannedItem
    source: PixelSource
    affine: LevelAffine
    box: tuple[float, float, float, float]
    sampled: LayerSource
    taps: int

    def touches(self, cell: Cell) -> bool:
        """Whether it may touch a cell's part of the canvas."""
        left, top, right, bottom = self.box
        return (
            left < cell.col_stop
            and right > cell.col_start
            and top < cell.row_stop
            and bottom > cell.row_start
        )

    def covers(self, cell: Cell) -> bool:
        """Whether its box holds a cell's whole part of the canvas."""
        left, top, right, bottom = self.box
        return (
            left <= cell.col_start
            and right >= cell.col_stop
            and top <= cell.row_start
            and bottom >= cell.row_stop
        )


def void_pixels(part: CanvasPart) -> NDArray[np.bool_]:
    """Return which pixels (rows, cols) of a part lack terrain."""
    shape = part.row_stop - part.row_start, part.col_stop - part.col_start
    nodes = part.nodes
    if nodes.void is None:
        return np.zeros(shape, np.bool_)
    pixels = nodes.void.repeat(nodes.step, axis=0).repeat(nodes.step, axis=1)
    top, left = part.row_start - part.row, part.col_start - part.col
    return pixels[top : top + shape[0], left : left + shape[1]]


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
        if form not in plan.memo:
            plan.memo[form] = self._made_layers(form)
        self.layers, self._hard = plan.memo[form]
        self._dead = work.dead
        self._voids: list[tuple[CanvasPart, tuple[int, int]]] = []

    def _made_layers(self, form: Form) -> tuple[list[Layer], list[Layer]]:
        """Return all layers, and again those with a hard seamline, clipped by it."""
        plan, properties = self.plan, self.work.service.summary.properties
        items = plan.items if plan.operator is not MosaicOperator.LAST else plan.items[::-1]
        layers = [self._layer(each, form, clipped=is_clipped(plan, each.item)) for each in items]
        if not follows_seamlines(plan):
            return layers, []
        hard = [
            each
            for each in items
            if each.item.seamline and not blend_width(plan, properties, each.item)
        ]
        return layers, [self._layer(each, form, clipped=True) for each in hard]

    def _layer(self, planned: PlannedItem, form: Form, *, clipped: bool) -> Layer:
        plan, service = self.plan, self.work.service
        view, box, lattice = planned.view, planned.placed.box, plan.grid.lattice
        # Levels that files have are as their makers made them; those that are missing follow the request.
        by_majority = service.thematic or plan.interpolation is Interpolation.MAJORITY
        level = (planned.item.id, view.index, view.shrink)
        key = (*level, plan.bands, form, clipped, by_majority)
        sampling = (plan.interpolation, plan.tolerance_px)
        found = service.layer_sources.get((key, sampling))
        if found is None:
            found = layer_source(service, planned, key, sampling)
            service.layer_sources[key, sampling] = found
        col, row = plan.grid.col + lattice.phase_x, plan.grid.row + lattice.phase_y
        margin = 2.0
        return Layer(
            planned,
            found.source,
            found.affine,
            (
                (box.xmin - lattice.origin_x) / lattice.pixel_x - col - margin,
                (lattice.origin_y - box.ymax) / lattice.pixel_y - row - margin,
                (box.xmax - lattice.origin_x) / lattice.pixel_x - col + margin,
                (lattice.origin_y - box.ymin) / lattice.pixel_y - row + margin,
            ),
            found,
            taps_of(found.interpolation),
        )

    @property
    def lost(self) -> frozenset[int]:
        """Numbers of the rasters that turned out not to be readable."""
        return frozenset(self._dead)

    def is_lost(self, layer: Layer) -> bool:
        """Tell whether a layer's raster turned out not to be readable."""
        return layer.planned.item.id in self._dead

    def layers_of(self, cell: Cell) -> list[Layer]:
        """Return the layers that may touch a cell's part of the canvas, topmost first."""
        return self._touching(self.layers, cell)

    def hard_of(self, cell: Cell) -> list[Layer]:
        """Return the layers clipped by hard seamlines that may touch a cell, topmost first."""
        return self._touching(self._hard, cell)

    def _touching(self, layers: list[Layer], cell: Cell) -> list[Layer]:
        dead = self._dead
        return [
            layer for layer in layers if layer.touches(cell) and layer.planned.item.id not in dead
        ]

    def part(self, layer: Layer, cell: Cell, origin: tuple[int, int] = (0, 0)) -> CanvasPart | None:
        """Return where a layer's nodes lie on a canvas whose first pixel is canvas pixel `origin`."""
        key = (layer.planned.item.id, cell.col, cell.row, origin)
        memo = self.plan.memo
        found: CanvasPart | None = memo[key] if key in memo else self._made(layer, cell, key)
        if found is not None and found.nodes.void is not None:
            self._voids.append((found, origin))
        return found

    def wide_part(self, layer: Layer, cell: Cell) -> CanvasPart | None:
        """Return where a layer's nodes lie on the canvas for a square of cells, None where it has to be split."""
        lattice, placed = self.plan.grid.lattice, layer.planned.placed
        if cell_window(lattice, cell.col, cell.row, placed.box) != WHOLE_CELL:
            return None
        try:
            nodes = self.work.service.memory.nodes.get_wide(
                placed.locator, lattice, cell, layer.sampled.tolerance_px
            )
        except SourceError:
            # Told when its single cells are asked for.
            return None
        if nodes is None:
            return None
        return CanvasPart(
            nodes,
            cell.canvas_col,
            cell.canvas_row,
            cell.col_start,
            cell.col_stop,
            cell.row_start,
            cell.row_stop,
        )

    def _made(
        self, layer: Layer, cell: Cell, key: tuple[int, int, int, tuple[int, int]]
    ) -> CanvasPart | None:
        try:
            made = self._part(layer, cell, key[3])
        except SourceError as err:
            # Terrain that cannot be read.
            self._lose(layer, err)
            return None
        # Plans are kept by the thousand: what is large (terrain, rough) has the bounded node cache alone.
        if made is None or made.nodes.x.size <= _MEMO_NODES:
            self.plan.memo[key] = made
        return made

    def outline_part(self, layer: Layer, cell: Cell, origin: tuple[int, int]) -> CanvasPart | None:
        """Return `part` with nodes in the item's own coordinates, which its outlines are in."""
        whole = layer.planned.placed.whole
        return (
            self.part(layer, cell, origin)
            if whole is None
            else self._part(layer, cell, origin, whole)
        )

    def _part(
        self, layer: Layer, cell: Cell, origin: tuple[int, int], locator: Locator | None = None
    ) -> CanvasPart | None:
        lattice, placed = self.plan.grid.lattice, layer.planned.placed
        window = cell_window(lattice, cell.col, cell.row, placed.box)
        if window.col_start >= window.col_stop or window.row_start >= window.row_stop:
            return None
        nodes = self.work.service.memory.nodes.get(
            locator or placed.locator,
            lattice,
            (cell.col, cell.row),
            layer.sampled.tolerance_px,
            window,
        )
        col, row = cell.canvas_col + window.col_start, cell.canvas_row + window.row_start
        width, height = window.col_stop - window.col_start, window.row_stop - window.row_start
        start_col, stop_col = max(cell.col_start, col), min(cell.col_stop, col + width)
        start_row, stop_row = max(cell.row_start, row), min(cell.row_stop, row + height)
        if not is_own_map(locator or placed.locator):
            first, last = rows_between_poles(self.plan.grid)
            start_row, stop_row = max(start_row, first), min(stop_row, last)
        if start_col >= stop_col or start_row >= stop_row:
            return None
        dx, dy = origin
        return CanvasPart(
            nodes, col - dx, row - dy, start_col - dx, stop_col - dx, start_row - dy, stop_row - dy
        )

    def _window(self, layer: Layer, part: CanvasPart) -> PixelWindow | None:
        # The memo keeps the parts of single cells alive, so that their number means them.
        key = (layer.planned.item.id, id(part))
        memo = self.plan.memo
        if part.nodes.x.size > _MEMO_NODES or part.nodes.window.col_stop > CELL:
            return window_of(layer.affine, part, layer.taps)
        if key not in memo:
            memo[key] = window_of(layer.affine, part, layer.taps)
        found: PixelWindow | None = memo[key]
        return found

    def fetch(self, layer: Layer, part: CanvasPart) -> SourceWindow | None:
        """Return the source pixels a part needs, None where there are none.

        A source that cannot be read is left out from here on, unless the service is strict.
        """
        window = self._window(layer, part)
        if window is None:
            return None
        try:
            return layer.source.fetch(self.work, window)
        except SourceError as err:
            self._lose(layer, err)
            return None

    def region(self, layer: Layer, region: PixelWindow) -> PixelBlock | None:
        """Return a layer's sampled pixels on a part of the lattice, all bands; None where there are none.

        Parameters
        ----------
        region : PixelWindow
            In pixels of the canvas; may reach beyond it.
        """
        grid, sampled, placed = self.plan.grid, layer.sampled, layer.planned.placed
        place = SampledPlace(
            locator=placed.locator,
            lattice=grid.lattice,
            box=placed.box,
            affine=layer.affine,
            source=layer.source,
            interpolation=sampled.interpolation,
            tolerance_px=sampled.tolerance_px,
        )
        shifted = PixelWindow(
            region.col_start + grid.col,
            region.row_start + grid.row,
            region.col_stop + grid.col,
            region.row_stop + grid.row,
        )
        try:
            return sample_region(self.work, place, shifted)
        except SourceError as err:
            self._lose(layer, err)
            return None

    def count_voids(self, cell: Cell, filled: Callable[[], NDArray[np.bool_]]) -> None:
        """Count the pixels of a painted cell that are empty because terrain is missing.

        Parameters
        ----------
        filled : function
            Returns which pixels of the cell's part of the canvas are valid; asked only if there are voids.
        """
        voids, self._voids = self._voids, []
        if not voids:
            return
        empty = np.zeros((cell.row_stop - cell.row_start, cell.col_stop - cell.col_start), np.bool_)
        for part, (dx, dy) in voids:
            col, row = dx - cell.col_start, dy - cell.row_start
            rows = slice(part.row_start + row, part.row_stop + row)
            cols = slice(part.col_start + col, part.col_stop + col)
            empty[rows, cols] |= void_pixels(part)
        self.work.no_terrain += int(np.count_nonzero(empty & ~filled()))

    def _lose(self, layer: Layer, err: SourceError) -> None:
        """Leave out a raster from here on, unless the service is strict; called where it was caught."""
        summary = self.work.service.summary
        if summary.properties.strict_sources or summary.source_type == "raster":
            raise err
        # Two threads may meet it at once; the first to enter it reports it.
        if self._dead.setdefault(layer.planned.item.id, self) is self:
            self.work.skipped.append(f"{type(err).__name__}: {err}")
