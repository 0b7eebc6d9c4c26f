"""Statistics and histograms of the pixels of an area, as requests for pictures get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.area_blocks import area_cost, area_pixels
from engine.area_tally import RangeTally, tally_of
from engine.asked_area import asked_area
from engine.asked_place import in_own_units
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.results import AreaCountsResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.area_tally import ValueTally
    from engine.pixels import PixelBlock
    from engine.render_work import Work
    from engine.request import AreaCountsRequest

# Without a pixel size, and with one: a fraction of a second, and some tens of seconds, of one core.
# Larger areas are looked at in larger pixels.
_MOST_SAMPLES = 12 << 20
_MOST_ASKED_SAMPLES = 1 << 30
# Bytes of samples that are kept for a second pass.
_KEPT_BYTES = 64 << 20


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
    request = in_own_units(service, request)
    cost = area_cost(service, request.rendering)
    most = _MOST_SAMPLES if request.pixel_size is None else _MOST_ASKED_SAMPLES
    if cost.is_whole:
        # Functions that look at all pixels of a view get them all at once.
        most = min(most, _MOST_SAMPLES)
    place = (request.geometry, request.crs)
    area = asked_area(service, place, request.pixel_size, max(1, most // cost.samples))
    image = ImageRequest(
        view=View(),
        encoding=Encoding(format="bsq"),
        mosaic=request.mosaic,
        rendering=request.rendering,
        time=request.time,
    )
    pixels = area_pixels(service, area, image, cost)
    tallies = [tally_of(pixels.whole.pixel_type) for _ in pixels.whole.bands]
    _count(tallies, lambda: (square.meant() for square in pixels.squares(work)))
    bands = tuple(tally.result() for tally in tallies)
    return AreaCountsResult(bands=bands, skip=area.skip, truncated=pixels.truncated)


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
