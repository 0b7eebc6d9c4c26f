"""Explain an image request: the plan in words and numbers; terrain may be read, imagery never."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.chain_words import describe_stages
from engine.explain_order import order_reasons
from engine.item_process import bound_process
from engine.layers import Cells, void_pixels
from engine.plan import plan
from engine.results import ExplainedRaster, ExplainResult
from engine.samplers.window import PixelWindow, window_of
from engine.world_turns import object_id

if TYPE_CHECKING:
    from engine.layers import Layer
    from engine.plan import Plan, PlannedItem
    from engine.render_work import Work
    from engine.request import ImageRequest


def explain(request: ImageRequest, work: Work) -> ExplainResult:
    """Return the plan of a request.

    Raises
    ------
    InvalidParameter, RequestTooLarge
        As the request itself would.
    """
    start = time.perf_counter()
    made = plan(work.service, request)
    plan_ms = (time.perf_counter() - start) * 1e3
    cells = Cells(made, work, "planes")
    by_id = {layer.planned.item.id: layer for layer in cells.layers}
    why = order_reasons(made, work.service, request)
    rasters = tuple(
        _raster(made, planned, by_id[planned.item.id], cells, why[planned.item.id])
        for planned in made.items
    )
    lattice = made.grid.lattice
    return ExplainResult(
        extent=made.grid.extent,
        crs=lattice.crs,
        width=made.grid.width,
        height=made.grid.height,
        pixel_size=(lattice.pixel_x, lattice.pixel_y),
        method=made.method,
        operator=made.operator,
        interpolation=made.interpolation,
        chain=_chain(made, request),
        rasters=rasters,
        considered=made.considered,
        left_out=made.left_out,
        cost_px=made.cost_px,
        cost_bytes=sum(
            _bytes(made, planned, raster)
            for planned, raster in zip(made.items, rasters, strict=True)
        ),
        plan_ms=plan_ms,
        truncated=bool(made.truncated),
        notes=_notes(made, cells, rasters),
    )


def _chain(made: Plan, request: ImageRequest) -> tuple[str, ...]:
    steps = [f"sample {made.interpolation.lower()}", f"mosaic {made.operator.lower()}"]
    if request.no_data:
        steps.append("mark no data")
    steps.append(made.picture.describe() if made.picture else f"samples as {made.pixel_type}")
    steps.append(f"encode {request.encoding.format}")
    return tuple(steps)


def _notes(made: Plan, cells: Cells, rasters: tuple[ExplainedRaster, ...]) -> tuple[str, ...]:
    notes = []
    lost = {object_id(number) for number in cells.lost}
    for raster in rasters:
        if raster.id in lost:
            notes.append(f"{raster.name} ({raster.id}) is left out: its terrain cannot be read.")
        elif raster.no_terrain_px:
            notes.append(
                f"{raster.no_terrain_px} pixels of {raster.name} ({raster.id}) lack terrain."
            )
    if made.truncated:
        notes.append(f"Truncated: {made.truncated}.")
    if made.per_pixel:
        notes.append("Tiles order by distance pixel by pixel, so that neighbours agree.")
    return tuple(notes)


def _raster(
    made: Plan, planned: PlannedItem, layer: Layer, cells: Cells, why: str
) -> ExplainedRaster:
    item, view = planned.item, planned.view
    window: PixelWindow | None = None
    step, error, no_terrain = 0, 0.0, 0
    for cell in made.grid.cells():
        part = cells.part(layer, cell) if layer in cells.layers_of(cell) else None
        if part is None:
            continue
        step = part.nodes.step if not step else min(step, part.nodes.step)
        error = max(error, part.nodes.error_px)
        if part.nodes.void is not None:
            no_terrain += int(void_pixels(part).sum())
        found = window_of(layer.affine, part, 1)
        if found is not None:
            window = found if window is None else _union(window, found)
    blocks = 0
    if window is not None:
        across = (window.col_stop - 1) // view.block_cols - window.col_start // view.block_cols + 1
        down = (window.row_stop - 1) // view.block_rows - window.row_start // view.block_rows + 1
        blocks = across * down
    return ExplainedRaster(
        id=object_id(item.id),
        name=item.name,
        category=item.category,
        level=view.index,
        level_size=(view.cols, view.rows),
        ratio=planned.ratio * min(view.scale_x, view.scale_y),
        window=None
        if window is None
        else (
            window.col_start,
            window.row_start,
            window.col_stop - window.col_start,
            window.row_stop - window.row_start,
        ),
        blocks=blocks,
        grid_step_px=float(step),
        grid_error_px=error,
        operation=_operation(planned),
        why=why,
        no_terrain_px=no_terrain,
    )


def _operation(planned: PlannedItem) -> str:
    """Return the way to the raster's pixels in words, and what its chain does to them."""
    locator = planned.placed.locator.describe()
    if not planned.item.process:
        return locator
    return f"{locator}; {'; '.join(describe_stages(bound_process(planned.item)))}"


def _union(a: PixelWindow, b: PixelWindow) -> PixelWindow:
    return PixelWindow(
        min(a.col_start, b.col_start),
        min(a.row_start, b.row_start),
        max(a.col_stop, b.col_stop),
        max(a.row_stop, b.row_stop),
    )


def _bytes(made: Plan, planned: PlannedItem, raster: ExplainedRaster) -> int:
    view = planned.view
    per_pixel = planned.item.pixel_type.bytes_per_sample * len(made.bands)
    return raster.blocks * view.block_cols * view.block_rows * per_pixel
