"""The layers of a cell under the mosaic method Seamline: who is painted first, who is blended, who fills up.

Rules, for every pixel by itself, so that no cut of a view shows:

1. Rasters with a hard seamline (width 0) are clipped by it, source pixel by source pixel.
2. Rasters whose seamlines fade share what is left, by their distance from them.
3. All rasters, in the order of the mosaic, fill what is still empty: no hole opens where seamlines
   leave one, or where a neighbour has no pixels.

Where one raster alone has a weight in a cell, it is painted as any first layer is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from config.definition import BlendSide, MosaicMethod, MosaicOperator
from engine.mosaic.seam_weight import SeamPlace, SeamWeights, seam_edge

if TYPE_CHECKING:
    from config.definition import ServiceProperties
    from engine.item import Item
    from engine.layers import Cells, Layer
    from engine.plan import Plan
    from engine.target_grid import Cell

# Of these operators the seamline decides between rasters; the others combine clipped ones.
_CHOOSING = (MosaicOperator.FIRST, MosaicOperator.LAST, MosaicOperator.BLEND)


class SeamSteps(NamedTuple):
    """The layers of a cell, each group in the order of the mosaic.

    Attributes
    ----------
    first
        Painted one after the other.
    blended : list of (Layer, SeamWeights)
        Share the pixels that are empty then; weights (rows, cols) of the cell's part of the canvas.
    rest
        Fill what is empty still.
    """

    first: list[Layer]
    blended: list[tuple[Layer, SeamWeights]]
    rest: list[Layer]


def follows_seamlines(plan: Plan) -> bool:
    """Tell whether the pixels of a plan are chosen by seamlines."""
    return plan.method is MosaicMethod.SEAMLINE and plan.operator in _CHOOSING


def is_clipped(plan: Plan, item: Item) -> bool:
    """Tell whether an item's pixels end at its seamline."""
    return (
        plan.method is MosaicMethod.SEAMLINE
        and plan.operator not in _CHOOSING
        and bool(item.seamline)
    )


def blend_width(plan: Plan, properties: ServiceProperties, item: Item) -> float:
    """Return over how many source pixels an item's seamline fades; 0 = it has a hard edge or none.

    Where the seamline does not say, the service's width counts under Blend, and none under First.
    """
    if not item.seamline:
        return 0.0
    if item.seam_width is not None:
        return item.seam_width
    return properties.blend_width_px if plan.operator is MosaicOperator.BLEND else 0.0


def steps_of(cells: Cells, cell: Cell) -> SeamSteps:
    """Return the layers of a cell under any mosaic method of which the first on top shows."""
    if follows_seamlines(cells.plan):
        return _seam_steps(cells, cell)
    return SeamSteps(cells.layers_of(cell), [], [])


def _seam_steps(cells: Cells, cell: Cell) -> SeamSteps:
    """Return the layers that may touch a cell's part of the canvas by what becomes of them."""
    rest = cells.layers_of(cell)
    first = cells.hard_of(cell)
    found = [each for layer in rest if (each := _soft(cells, layer, cell)) is not None]
    if len(found) == 1 and (len(rest) == 1 or found[0].place.is_far):
        only = found[0].layer
        return SeamSteps([*first, only], [], [layer for layer in rest if layer is not only])
    blended = []
    for each in found:
        weights = _on_cell(each, cell)
        if weights.share.any() or weights.claim.any():
            blended.append((each.layer, weights))
    return SeamSteps(first, blended, rest)


class _Soft(NamedTuple):
    layer: Layer
    place: SeamPlace
    window: tuple[slice, slice]


def _soft(cells: Cells, layer: Layer, cell: Cell) -> _Soft | None:
    """Return where a layer's fading seamline runs; None where it gives no weight to any pixel."""
    item, properties = layer.planned.item, cells.work.service.summary.properties
    width = blend_width(cells.plan, properties, item)
    if width <= 0:
        return None
    part = cells.outline_part(layer, cell, (cell.col_start, cell.row_start))
    if part is None:
        return None
    side: BlendSide = item.seam_side or properties.blend_side
    place = SeamPlace(seam_edge(item, width, side), item, part)
    if place.is_outside:
        return None
    window = slice(part.row_start, part.row_stop), slice(part.col_start, part.col_stop)
    return _Soft(layer, place, window)


def _on_cell(soft: _Soft, cell: Cell) -> SeamWeights:
    shape = cell.row_stop - cell.row_start, cell.col_stop - cell.col_start
    found = soft.place.weights()
    if found.share.shape == shape:
        return found
    whole = SeamWeights(np.zeros(shape), np.zeros(shape))
    whole.share[soft.window], whole.claim[soft.window] = found.share, found.claim
    return whole
