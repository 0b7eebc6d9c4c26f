"""computeHistograms: histograms of the pixels of an area."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.area_form import AREA_FIELDS, area_counts_request, histogram
from server.protocols.arcgis.operations.base import Asked, OperationInfo

if TYPE_CHECKING:
    from engine.results import AreaCountsResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Compute histograms",
    hint="Histograms of the pixels of an area, per band, after a rendering rule if there is one.",
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
    """Write one entry per band."""
    rows = [histogram(band.histogram) for band in result.bands]
    return encode({"histograms": rows}, context.options)
