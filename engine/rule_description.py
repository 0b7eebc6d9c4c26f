"""What a rendering rule makes of a service, without its pixels: type, bands, colours, range of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import RequestTooLarge
from engine.results import DescribeResult
from engine.rule_counts import RuleCounts, statistics_of
from engine.service_picture import band_names

if TYPE_CHECKING:
    from engine.render_work import Work
    from engine.request import DescribeRequest


def describe_rule(request: DescribeRequest, work: Work) -> DescribeResult:
    """Return what comes out of a rule.

    Raises
    ------
    InvalidParameter
        The rule cannot be.
    """
    service = work.service
    summary = service.summary
    bands = tuple(range(len(summary.bands)))
    output = service.function_tree(request.rendering, bands).output
    counts = RuleCounts((), ())
    if request.with_statistics:
        try:
            counts = statistics_of(service, request.rendering, work.budget)
        except RequestTooLarge:
            # All else is known.
            counts = RuleCounts((), ())
    return DescribeResult(
        pixel_type=output.pixel_type,
        names=band_names(output),
        statistics=counts.statistics,
        has_histograms=bool(counts.histograms),
        colormap=output.colormap,
    )
