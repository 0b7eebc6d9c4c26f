"""statistics: per band, of the service or of what a rendering rule makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.request import StatisticsRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.area_form import statistics
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.results import StatisticsResult
    from engine.summary import BandStatistics
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Statistics",
    hint="Smallest, largest and mean value and standard deviation per band.",
    fields=(RENDERING_FIELD,),
)


def describe(question: Question) -> dict[str, Any]:
    """Return one entry per band of the service; none where the statistics were not made."""
    return _body(question.summary.statistics)


def parse(question: Question) -> Asked:
    """Ask for those of a rule's results.

    Raises
    ------
    InvalidParameter
    """
    rule = rendering_rule(question.parameters, question.rule_scope)
    return Asked(request=StatisticsRequest(rendering=rule))


def answer(result: StatisticsResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one entry per band."""
    return encode(_body(result.statistics), context.options)


def _body(bands: Iterable[BandStatistics]) -> dict[str, Any]:
    rows = []
    for band in bands:
        # A band without any valid pixel keeps its place.
        row = statistics(band)
        if band.count:
            row["count"] = band.count
        rows.append(row)
    return {"statistics": rows}
