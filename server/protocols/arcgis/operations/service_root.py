"""The root resource under a rendering rule: the service as if the rule's results were its samples.

Without a rule the front answers from the summary; with one an instance says what comes out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import DescribeRequest
from engine.request_parts import RenderingRule
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.service_json import service_json

if TYPE_CHECKING:
    from engine.results import DescribeResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Image service",
    hint="What the service is, under a rendering rule if one is given.",
    capability="",
    fields=(RENDERING_FIELD,),
)


def parse(question: Question) -> Asked:
    """Ask what the rule makes of the service.

    Raises
    ------
    InvalidParameter
    """
    rule = rendering_rule(question.parameters, question.rule_scope) or RenderingRule()
    return Asked(request=DescribeRequest(rendering=rule, with_statistics=True))


def answer(result: DescribeResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the root JSON."""
    return encode(service_json(context.service, context.summary, result), context.options)
