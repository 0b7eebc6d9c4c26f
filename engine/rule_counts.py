"""Statistics and histograms of what a rendering rule makes of a whole service.

Those of a published template are as they were counted when it was published; others are counted at first
use, over at most some millions of pixels of the whole service, and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.area_counts import area_counts
from engine.budget import UNLIMITED
from engine.kept_by_service import KeptByService
from engine.render_work import Work
from engine.request import AreaCountsRequest
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from engine.budget import Budget
    from engine.service import ImageService
    from engine.summary import BandStatistics, Histogram

_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """What was counted of a rule's results.

    Attributes
    ----------
    statistics, histograms : one per band, or ()
        () where a service has none of its own.
    skip : int
        One pixel was looked at for so many along each axis; 0 = as published.
    is_partial : bool
        Some rasters could not be read, or were too many: the next count may find more.
    """

    statistics: tuple[BandStatistics, ...]
    histograms: tuple[Histogram, ...]
    skip: int = 0
    is_partial: bool = False


_kept: KeptByService[RenderingRule, RuleCounts] = KeptByService(_MOST_KEPT)


def statistics_of(
    service: ImageService, rule: RenderingRule | None, budget: Budget = UNLIMITED
) -> RuleCounts:
    """Return statistics and histograms of what a rule makes of the whole service.

    Raises
    ------
    InvalidParameter
        The rule cannot be.
    RequestTooLarge
        Rasters without pyramids would cost too much to read.
    DeadlineExceeded, Cancelled
    """
    summary = service.summary
    if rule is None or rule == RenderingRule():
        return RuleCounts(summary.statistics, service.histograms)
    for template in summary.templates:
        if template.rule == rule and template.statistics:
            return RuleCounts(template.statistics, template.histograms)
    found = _kept.get(service, rule)
    if found is None:
        found = counted(service, rule, budget)
        if not found.is_partial:
            _kept.put(service, rule, found)
    return found


def counted(service: ImageService, rule: RenderingRule, budget: Budget = UNLIMITED) -> RuleCounts:
    """Count what a rule makes of the whole service, whatever is known; raises as `statistics_of`."""
    work = Work(service, budget)
    found = area_counts(AreaCountsRequest(rendering=rule), work)
    return RuleCounts(
        tuple(band.statistics for band in found.bands),
        tuple(band.histogram for band in found.bands),
        found.skip,
        is_partial=bool(work.skipped or found.truncated),
    )
