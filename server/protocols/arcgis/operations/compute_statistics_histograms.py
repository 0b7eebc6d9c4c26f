"""computeStatisticsHistograms: statistics and histograms of the pixels of an area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.operations.area_form import (
    AREA_FIELDS,
    area_counts_request,
    histogram,
    statistics,
)
from server.protocols.arcgis.operations.base import Asked, OperationInfo

if TYPE_CHECKING:
    from engine.results import AreaCountsResult, BandCounts
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Compute statistics and histograms",
    hint="Statistics and histograms of the pixels of an area, per band.",
    fields=AREA_FIELDS,
)


def parse(question: Question) -> Asked:
    """Ask for the counts.

    Raises
    ------
    RequestError
    """
    return Asked(request=area_counts_request(question))


def answer(result: AreaCountsResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one entry per band; of one without any pixel its numbers are null."""
    body = {
        "statistics": [_statistics(band, result.skip) for band in result.bands],
        "histograms": [histogram(band.histogram) for band in result.bands],
    }
    return encode(body, context.options)


def _statistics(band: BandCounts, skip: int) -> dict[str, Any]:
    return {
        **statistics(band.statistics),
        "median": None if band.median is None else number(band.median),
        "mode": None if band.mode is None else number(band.mode),
        "skipX": skip,
        "skipY": skip,
        "count": band.statistics.count,
    }
