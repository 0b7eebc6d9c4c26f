"""histograms: per band, of the service or of what a rendering rule makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import HistogramsRequest
from server.protocols.arcgis.dimensions import variable_parameter
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.area_form import histogram
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD, VARIABLE_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule

if TYPE_CHECKING:
    from engine.results import HistogramsResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Histograms",
    hint="Counts of pixel values per band, in equal bins.",
    fields=(VARIABLE_FIELD, RENDERING_FIELD),
    is_resource=True,
)


def parse(question: Question) -> Asked:
    """Ask for the histograms, which only the compiled file holds, or for those of a rule's results.

    Raises
    ------
    InvalidParameter
    """
    rule = rendering_rule(question.parameters, question.rule_scope)
    variable = variable_parameter(question.parameters)
    return Asked(request=HistogramsRequest(rendering=rule, variable=variable))


def answer(result: HistogramsResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one entry per band; none where there are no histograms."""
    rows = [histogram(each) for each in result.histograms]
    return encode({"histograms": rows}, context.options)
