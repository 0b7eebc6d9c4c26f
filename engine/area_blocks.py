"""The pixels of an area, square by square, as requests for pictures get them.

The area is planned as one view and gone through in squares of cells, so memory does not grow with it; a square's
pixels are those of the view. The price is known before any file is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.errors import RequestTooLarge
from engine.mosaic.methods import METHODS
from engine.pixels import PixelBlock
from engine.plan import BEYOND_BUDGET, plan
from engine.request_parts import View
from engine.target_grid import CELL
from engine.view_pixels import planes_of, render_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from engine.asked_area import AskedArea
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.request import ImageRequest
    from engine.request_parts import RenderingRule
    from engine.service import ImageService
    from engine.target_grid import TargetGrid

# Source pixels that may be decoded for an area.
_MOST_SOURCE_PX = 4_000_000_000
# Bytes of a square's samples while they are made.
_SQUARE_BYTES = 48 << 20
_MOST_CELLS = 8


@dataclass(frozen=True, slots=True)
class AreaCost:
    """What a pixel costs: samples and bytes; `is_whole` where a view's pixels depend on all of it."""

    samples: int
    bytes: int
    is_whole: bool


def area_cost(service: ImageService, rule: RenderingRule | None) -> AreaCost:
    """Return what a pixel of a service costs under a rule."""
    summary = service.summary
    bands = tuple(range(len(summary.bands)))
    read, made, size = len(bands), 0, summary.pixel_type.bytes_per_sample
    process = service.mosaic_process(bands, rule)
    if process is not None and process.rule is not None:
        read = sum(
            len(process.bands_to_read(process.leaf_bands(leaf))) for leaf in process.rule.leaves
        )
        output = process.rule.output
        made = output.bands * (output.pixel_type.bytes_per_sample + 1)
    elif rule is not None and rule.stretch is not None:
        made = 12 * read
    samples = max(read, 1)
    return AreaCost(samples, samples * (size + 2) + made, rule is not None and rule.is_dynamic)


@dataclass(frozen=True, slots=True)
class AreaSquare:
    """A part of an area.

    Attributes
    ----------
    block : PixelBlock
    inside : bool (rows, cols) or None
        Which of its pixels are meant; None = all.
    """

    grid: TargetGrid
    block: PixelBlock
    inside: NDArray[np.bool_] | None

    def meant(self) -> PixelBlock:
        """Return the pixels, those beside the area invalid."""
        if self.inside is None:
            return self.block
        return PixelBlock(self.block.data, self.block.valid & self.inside)


@dataclass(frozen=True, slots=True)
class AreaPixels:
    """The pixels of an area, planned.

    Attributes
    ----------
    whole : Plan
        Of all of it; of a pixel anywhere where the area has none.
    parts : list of Plan
        The squares that there is something in.
    """

    area: AskedArea
    image: ImageRequest
    whole: Plan
    parts: list[Plan]

    @property
    def truncated(self) -> str:
        """Why some rasters take no part; "" = all do."""
        return next((part.truncated for part in self.parts if part.truncated), "")

    def squares(self, work: Work) -> Iterator[AreaSquare]:
        """Yield the squares with pixels of the area; each time they are made anew.

        Raises
        ------
        DeadlineExceeded, Cancelled
        """
        for part in self.parts:
            work.budget.check()
            inside = self.area.inside(part.grid)
            if inside is not None and not inside.any():
                continue
            block = planes_of(render_request(part, self.image, work))
            yield AreaSquare(part.grid, block, inside)


def area_pixels(
    service: ImageService, area: AskedArea, image: ImageRequest, cost: AreaCost
) -> AreaPixels:
    """Plan the pixels of an area.

    Parameters
    ----------
    image
        Its view is not looked at.

    Raises
    ------
    RequestTooLarge
        Some rasters would cost too much to read.
    """
    view = View(extent=area.extent, width=max(1, area.width), height=max(1, area.height))
    image = msgspec.structs.replace(image, view=view)
    whole = plan(service, image)
    parts = [] if area.extent is None else _parts(whole, image, cost, service)
    return AreaPixels(area, image, whole, parts)


def _parts(whole: Plan, image: ImageRequest, cost: AreaCost, service: ImageService) -> list[Plan]:
    """Return the plans of the squares."""
    if cost.is_whole:
        return _affordable([whole])
    span = _MOST_CELLS
    while span > 1 and (span * CELL) ** 2 * cost.bytes > _SQUARE_BYTES:
        span //= 2
    grids = [whole.grid.part_of(cell) for cell in whole.grid.cells(span)]
    if whole.truncated and not METHODS[whole.method].depends_on_view:
        # More rasters than a view may have: a square has fewer, in the same order.
        views = (View(extent=grid.extent, width=grid.width, height=grid.height) for grid in grids)
        parts = [plan(service, msgspec.structs.replace(image, view=view)) for view in views]
    else:
        _affordable([whole])
        parts = [whole.of_grid(grid) for grid in grids]
    parts = [part for part in parts if part.items or part.sources or part.process is not None]
    return _affordable(parts)


def _affordable(parts: list[Plan]) -> list[Plan]:
    limit = max(_MOST_SOURCE_PX, sum(64 * part.grid.width * part.grid.height for part in parts))
    spent = sum(part.cost_px + sum(source.cost_px for source in part.sources[1:]) for part in parts)
    is_cut = any(why == BEYOND_BUDGET for part in parts for why, _ in part.left_out)
    if is_cut or spent > limit:
        accepted = f"{limit}; ask for a smaller area, or build --pyramids or --overviews"
        raise RequestTooLarge("number of source pixels", spent, accepted)
    return parts
