"""The picture of companions that are shown by themselves: other bands than the service's, other values.

A thermal band stands in the service's first band, in kelvin; neither the picture bands of the scene nor
its statistics say anything of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.formats import FORMATS
from engine.item import COMPANION
from engine.item_process import bound_process
from engine.item_rasters import rasters_of
from engine.mosaic_process import is_function
from engine.service_picture import by_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from engine.request import ImageRequest
    from engine.summary import ServiceSummary


def with_companion_picture(
    summary: ServiceSummary, request: ImageRequest, items: Sequence[Item]
) -> ImageRequest:
    """Return the request as it is meant where all that it shows are companions.

    Their own bands make the picture, stretched by what each view holds of them. Data formats, functions
    and views that hold anything else stay as they are.

    Parameters
    ----------
    items
        That the view shows.
    """
    is_picture = FORMATS[request.encoding.format].is_picture
    is_alone = bool(items) and all(item.category == COMPANION for item in items)
    if not (is_picture and is_alone) or is_function(request.rendering):
        return request
    return msgspec.structs.replace(
        request,
        band_ids=request.band_ids or _bands_of(items[0], len(summary.bands)),
        rendering=by_view(summary, request.rendering),
    )


def _bands_of(item: Item, count: int) -> tuple[int, ...]:
    """Return the first three service bands that an item has, else the first."""
    raster = rasters_of(item)[0] if item.rasters else item
    if raster.process:
        own = tuple(range(min(count, bound_process(raster).bands)))
    else:
        own = tuple(n for n, band in enumerate(raster.bands) if band.source >= 0)
    return own[:3] if len(own) >= 3 else own[:1]
