"""statistics: per band, of the service or of what a rendering rule makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.dimension_selection import asked_variables, check_slices
from engine.request import StatisticsRequest
from engine.request_parts import DimensionValues, MosaicRule
from server.protocols.arcgis.dimensions import variable_parameter
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.area_form import statistics
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD, VARIABLE_FIELD
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
    fields=(VARIABLE_FIELD, RENDERING_FIELD),
    is_resource=True,
)


def describe(question: Question) -> dict[str, Any]:
    """Return one entry per band of the service, or of the `variable` asked for; none where not made.

    Raises
    ------
    InvalidParameter
        There is no such variable.
    """
    summary, name = question.summary, variable_parameter(question.parameters)
    if not name:
        return _body(summary.statistics)
    rule = MosaicRule(dimensions=(DimensionValues(variable=name),))
    check_slices(summary, rule)
    (variable,) = asked_variables(summary, rule)
    return _body(variable.statistics)


def parse(question: Question) -> Asked:
    """Ask for those of a rule's results.

    Raises
    ------
    InvalidParameter
    """
    rule = rendering_rule(question.parameters, question.rule_scope)
    variable = variable_parameter(question.parameters)
    return Asked(request=StatisticsRequest(rendering=rule, variable=variable))


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
