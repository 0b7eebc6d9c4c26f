"""Plan one pixel whose centre is a point, and look at its samples: for identify and getSamples."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.plan import plan
from engine.request_parts import View
from engine.view_pixels import planes_of, render_request
from engine.world_turns import object_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.pixels import PixelBlock
    from engine.plan import Plan
    from engine.render_work import Work
    from engine.request import ImageRequest
    from engine.results import Samples
    from engine.service import ImageService

# What is right for pictures, an eighth of a pixel, could give a neighbour's value here. Around one pixel
# alone, nodes at every pixel cost next to nothing.
_EXACT_PX = 1e-3


def plan_at(
    service: ImageService,
    request: ImageRequest,
    point: tuple[float, float],
    pixel: tuple[float, float],
) -> Plan:
    """Plan one pixel, placed as exactly as can be.

    Parameters
    ----------
    request
        Its view is not looked at.
    point, pixel : (x, y)
        The pixel's centre and size, in the service's CRS.

    Raises
    ------
    InvalidParameter, RequestTooLarge
    """
    (x, y), (px, py) = point, pixel
    box = Extent(x - px / 2, y - py / 2, x + px / 2, y + py / 2)
    if not (box.width > 0 and box.height > 0):
        # A place so far out, or a pixel so small, that the digits of a coordinate do not tell its edges.
        if px < service.summary.pixel_size_x or py < service.summary.pixel_size_y:
            raise InvalidParameter(
                "pixelSize", f"{px:g},{py:g}", "a size that coordinates can tell"
            )
        raise InvalidParameter("geometry", f"{x:g},{y:g}", "a place on the service's map")
    view = View(extent=box, width=1, height=1)
    made = plan(service, msgspec.structs.replace(request, view=view))
    reach = 1 + (0 if made.process is None else made.process.halo_px)
    return _exact(made, box.expand(px * reach, py * reach))


def _exact(made: Plan, near: Extent) -> Plan:
    items = tuple(
        replace(planned, placed=replace(planned.placed, box=common))
        for planned in made.items
        if (common := planned.placed.box.intersection(near)) is not None
    )
    sources = tuple(_exact(source, near) for source in made.sources)
    return replace(made, items=items, sources=sources, tolerance_px=_EXACT_PX)


def item_ids(made: Plan) -> Iterator[int]:
    """Yield the OBJECTIDs of a plan's items, topmost first; one may show at several places."""
    for key, _ in groupby(made.items, lambda planned: object_id(planned.item.id)):
        yield key


def of_item(made: Plan, key: int) -> Plan:
    """Return a plan as if there were only one item, by its OBJECTID."""
    return replace(
        made,
        items=tuple(each for each in made.items if object_id(each.item.id) == key),
        sources=tuple(of_item(source, key) for source in made.sources),
    )


def samples_at(made: Plan, request: ImageRequest, work: Work) -> Samples:
    """Return the samples of a plan of one pixel, after the request's rule."""
    return samples_of(planes_of(render_request(made, request, work)))


def samples_of(block: PixelBlock) -> Samples:
    """Return the first pixel's samples; None for bands without data, None at all for no data."""
    valid = np.broadcast_to(block.valid, block.data.shape)[:, 0, 0]
    if not valid.any():
        return None
    whole = block.data.dtype.kind in "ui"
    values = block.data[:, 0, 0]
    return tuple(
        (int(value) if whole else float(value)) if good else None
        for value, good in zip(values, valid, strict=True)
    )
