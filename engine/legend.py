"""What the colours of a picture mean: the facts of a legend, as the picture step was bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.mosaic_process import is_function
from engine.results import LegendResult
from engine.rule_counts import statistics_of
from engine.service_picture import rule_bands, rule_head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.functions.band_stretch import BandStretch
    from engine.functions.picture import Picture
    from engine.render_work import Work
    from engine.request import LegendRequest
    from engine.summary import ServiceSummary

# Greys of a ramp, from its top to its bottom: enough to show a gamma.
_GREYS = 9


def legend(request: LegendRequest, work: Work) -> LegendResult:
    """Return the facts of the legend that a request asks for.

    Raises
    ------
    InvalidParameter
    """
    service, rule = work.service, request.rendering
    picture = service.picture(request.band_ids, rule, "")
    if rule is None or not is_function(rule):
        return legend_of(service.summary, picture)
    bands = rule_bands(service.summary, request.band_ids)
    head = rule_head(service.summary, service.function_tree(rule, bands).output)
    if picture.is_grey and not request.band_ids:
        # Where a ramp ends is told by the values that there are.
        counted = statistics_of(service, rule, work.budget).statistics
        head = msgspec.structs.replace(head, statistics=counted)
    return legend_of(head, picture)


def legend_of(summary: ServiceSummary, picture: Picture) -> LegendResult:
    """Return the facts of a picture's legend; `summary` is of the samples that it is made of."""
    bands, names = picture.bands, tuple(summary.bands[band].name for band in picture.bands)
    if picture.colours is not None:
        return LegendResult(bands=bands, names=names, palette=summary.colormap)
    if not picture.is_grey:
        return LegendResult(bands=bands, names=names)
    if picture.dynamic is not None:
        # Its ends are each view's own.
        top, bottom = picture.dynamic.out_max, picture.dynamic.out_min
        shades = np.linspace(top, bottom, _GREYS)
        return LegendResult(bands=bands, names=names, greys=_bytes(shades))
    stretch = picture.stretches[0]
    low, high = _ends(summary, picture, stretch)
    shades = stretch.values(np.linspace(high, low, _GREYS))
    return LegendResult(bands=bands, names=names, ends=(low, high), greys=_bytes(shades))


def _ends(summary: ServiceSummary, picture: Picture, stretch: BandStretch) -> tuple[float, float]:
    """Return the lowest and the highest value of a ramp.

    Samples shown as they are reach no farther than the band's own values.
    """
    band = picture.bands[0]
    if picture.tables is not None or band >= len(summary.statistics):
        return stretch.lo, stretch.hi
    statistics = summary.statistics[band]
    if statistics.is_empty:
        return stretch.lo, stretch.hi
    return max(stretch.lo, statistics.min), min(stretch.hi, statistics.max)


def _bytes(shades: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(np.clip(np.rint(shades), 0, 255).astype(int).tolist())
