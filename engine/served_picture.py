"""How a service's samples become a picture where a rendering rule may ask for any function."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.budget import UNLIMITED
from engine.errors import RequestTooLarge
from engine.functions.picture import Picture, bind_picture
from engine.mosaic_process import is_function
from engine.request import AreaCountsRequest
from engine.service_picture import by_view, rule_bands, rule_head

if TYPE_CHECKING:
    from engine.functions.base import BandsInfo
    from engine.functions.cast import NoDataMatch
    from engine.request_parts import RenderingRule
    from engine.service import ImageService

# Pixels a side of the whole service that tell the range of results that nobody knows.
_LOOKED_AT = 256


def service_picture(
    service: ImageService, asked: tuple[tuple[int, ...], RenderingRule | None, NoDataMatch]
) -> Picture:
    """Return the picture of samples; after a rule's functions, of their bands.

    Parameters
    ----------
    asked : (band ids, rule, no data match)

    Raises
    ------
    InvalidParameter
    """
    band_ids, rule, match = asked
    summary = service.summary
    if rule is None or not is_function(rule):
        if summary.pixel_type.is_float and not summary.statistics:
            # Floats have no range of their own to be stretched over.
            rule = by_view(summary, rule)
        return bind_picture(summary, service.histograms, band_ids, rule, match)
    output = service.function_tree(rule, rule_bands(summary, band_ids)).output
    if output.pixel_type.is_float and not output.statistics and not band_ids:
        output = _with_range(service, rule, output)
    head = rule_head(summary, output)
    # Floats that nobody knows the range of are stretched by what the view holds.
    shown = by_view(head, None) if output.pixel_type.is_float and not output.statistics else None
    return bind_picture(head, output.histograms, (), shown, match)


def _with_range(service: ImageService, rule: RenderingRule, output: BandsInfo) -> BandsInfo:
    """Return what is known of a rule's results with their range over the whole service.

    Tiles side by side are shown alike by it. It is counted over some ten thousand pixels; where rasters
    without levels make that costly it stays unknown.
    """
    from engine.area_counts import area_counts  # noqa: PLC0415 -- plans know services
    from engine.render_work import Work  # noqa: PLC0415 -- as above

    if rule.is_dynamic:
        return output
    box = service.summary.extent
    size = max(box.width, box.height) / _LOOKED_AT
    request = AreaCountsRequest(rendering=rule, pixel_size=(size, size))
    try:
        counts = area_counts(request, Work(service, UNLIMITED))
    except RequestTooLarge:
        return output
    statistics = tuple(band.statistics for band in counts.bands)
    if any(band.is_empty for band in statistics):
        return output
    histograms = tuple(band.histogram for band in counts.bands)
    return replace(output, statistics=statistics, histograms=histograms)
