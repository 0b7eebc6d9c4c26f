"""The pixels of a request: the mosaic, then the service chain, before anything is encoded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.functions.cast import cast, mark_no_data
from engine.functions.picture import to_picture
from engine.pixels import PixelBlock, Pixels, Rgbv
from engine.render import render

if TYPE_CHECKING:
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.request import ImageRequest


def render_request(made: Plan, request: ImageRequest, work: Work) -> Pixels:
    """Render a plan and take it through the service chain: no data, picture or cast."""
    summary = work.service.summary
    pixels = render(made, work, summary.pixel_type)
    start = time.perf_counter()
    if request.no_data:
        pixels = mark_no_data(planes_of(pixels), request.no_data, request.no_data_match)
    if made.picture is not None:
        pixels = to_picture(pixels, made.picture)
    else:
        block = planes_of(pixels)
        if made.stretch is not None:
            block = made.stretch.apply(block)
        pixels = cast(block, made.pixel_type)
    work.add("picture", start)
    return pixels


def planes_of(pixels: Pixels) -> PixelBlock:
    """Return pixels as planes, whatever form they have."""
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels
