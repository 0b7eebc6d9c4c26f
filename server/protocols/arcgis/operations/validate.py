"""validate: whether the service can do what a mosaic rule and a rendering rule say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import RequestError
from engine.request import ValidateRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import MOSAIC_FIELD, RENDERING_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.rules import mosaic_rule

if TYPE_CHECKING:
    from engine.catalog_results import ValidateResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Validate",
    hint="Whether the service can do what rules say, and why not.",
    fields=(MOSAIC_FIELD, RENDERING_FIELD),
    is_resource=True,
)


def parse(question: Question) -> Asked:
    """Ask whether the rules can be followed; what cannot even be read is an answer too."""
    problems: list[str] = []
    mosaic = rendering = None
    try:
        mosaic = mosaic_rule(question.parameters)
    except RequestError as err:
        problems.append(str(err))
    try:
        rendering = rendering_rule(question.parameters, question.rule_scope)
    except RequestError as err:
        problems.append(str(err))
    return Asked(
        request=ValidateRequest(mosaic=mosaic, rendering=rendering, problems=tuple(problems))
    )


def answer(result: ValidateResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write yes or no, and why not."""
    body: dict[str, Any] = {"valid": not result.problems, "messages": list(result.problems)}
    return encode(body, context.options)
