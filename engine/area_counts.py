"""Statistics and histograms of the pixels of an area, as requests for pictures get them.

The area is planned as one view and gone through in squares of cells, so memory does not grow with it; a square's
pixels are those of the view. The price is known before any file is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.area_tally import RangeTally, tally_of
from engine.asked_area import asked_area
from engine.errors import RequestTooLarge
from engine.mosaic.methods import METHODS
from engine.pixels import PixelBlock
from engine.plan import BEYOND_BUDGET, plan
from engine.request import Encoding, ImageRequest, View
from engine.results import AreaCountsResult, BandCounts
from engine.target_grid import CELL
from engine.view_pixels import planes_of, render_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.area_tally import ValueTally
    from engine.asked_area import AskedArea
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.request import AreaCountsRequest, RenderingRule
    from engine.service import ImageService

# Without a pixel size, and with one: a fraction of a second, and some tens of seconds, of one core.
# Larger areas are looked at in larger pixels.
_MOST_SAMPLES = 12 << 20
_MOST_ASKED_SAMPLES = 1 << 30
# Source pixels that may be decoded for that.
_MOST_SOURCE_PX = 4_000_000_000
# Bytes of a square's samples while they are made, and of those kept for a second pass.
_SQUARE_BYTES = 48 << 20
_KEPT_BYTES = 64 << 20
_MOST_CELLS = 8


def area_counts(request: AreaCountsRequest, work: Work) -> AreaCountsResult:
    """Count the pixels of an area.

    Raises
    ------
    InvalidParameter
        The geometry, a rule or their values cannot be.
    RequestTooLarge
        Rasters without pyramids would cost too much.
    DeadlineExceeded, Cancelled
    """
    service = work.service
    cost = _cost(service, request.rendering)
    most = _MOST_SAMPLES if request.pixel_size is None else _MOST_ASKED_SAMPLES
    if cost.is_whole:
        # Functions that look at all pixels of a view get them all at once.
        most = min(most, _MOST_SAMPLES)
    place = (request.geometry, request.crs)
    area = asked_area(service, place, request.pixel_size, max(1, most // cost.samples))
    view = View(extent=area.extent, width=max(1, area.width), height=max(1, area.height))
    image = ImageRequest(
        view=view,
        encoding=Encoding(format="bsq"),
        mosaic=request.mosaic,
        rendering=request.rendering,
        time=request.time,
    )
    whole = plan(service, image)
    tallies = [tally_of(whole.pixel_type) for _ in whole.bands]
    if area.extent is None:
        return AreaCountsResult(bands=_results(tallies), skip=area.skip)
    parts = _parts(whole, image, cost, service)
    _count(tallies, lambda: _blocks(parts, area, image, work))
    truncated = next((part.truncated for part in parts if part.truncated), "")
    return AreaCountsResult(bands=_results(tallies), skip=area.skip, truncated=truncated)


def _results(tallies: Sequence[ValueTally | RangeTally]) -> tuple[BandCounts, ...]:
    return tuple(tally.result() for tally in tallies)


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a pixel costs: samples and bytes; `is_whole` where a view's pixels depend on all of it."""

    samples: int
    bytes: int
    is_whole: bool


def _cost(service: ImageService, rule: RenderingRule | None) -> _Cost:
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
    return _Cost(samples, samples * (size + 2) + made, rule is not None and rule.is_dynamic)


def _parts(whole: Plan, image: ImageRequest, cost: _Cost, service: ImageService) -> list[Plan]:
    """Return the plans of the squares.

    Raises
    ------
    RequestTooLarge
        Some rasters of them would cost too much to read.
    """
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


def _count(
    tallies: Sequence[ValueTally | RangeTally], blocks: Callable[[], Iterator[PixelBlock]]
) -> None:
    """Count all blocks, twice where that is needed; a few are kept for that, many made again."""
    is_twice = any(isinstance(tally, RangeTally) for tally in tallies)
    kept: list[PixelBlock] = []
    size, is_kept = 0, is_twice
    for block in blocks():
        _add(tallies, block)
        size += block.data.nbytes + block.valid.nbytes
        is_kept = is_kept and size <= _KEPT_BYTES
        if is_kept:
            kept.append(block)
        else:
            kept.clear()
    if not is_twice:
        return
    for tally in tallies:
        if isinstance(tally, RangeTally):
            tally.begin_second_pass()
    for block in kept if is_kept else blocks():
        _add(tallies, block)


def _add(tallies: Sequence[ValueTally | RangeTally], block: PixelBlock) -> None:
    for band, tally in enumerate(tallies):
        valid = block.valid[band if block.valid.shape[0] > 1 else 0]
        tally.add(block.data[band], valid)


def _blocks(
    parts: Sequence[Plan], area: AskedArea, image: ImageRequest, work: Work
) -> Iterator[PixelBlock]:
    """Yield the pixels of the area, those beside it invalid."""
    for part in parts:
        work.budget.check()
        inside = area.inside(part.grid)
        if inside is not None and not inside.any():
            continue
        block = planes_of(render_request(part, image, work))
        yield block if inside is None else PixelBlock(block.data, block.valid & inside)
