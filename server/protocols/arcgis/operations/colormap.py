"""colormap: the colours of the service's classes, or of what a rendering rule makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.request import DescribeRequest
from engine.request_parts import RenderingRule
from server.protocols.arcgis.dimensions import variable_parameter
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD, VARIABLE_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule

if TYPE_CHECKING:
    from engine.results import DescribeResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Colormap",
    hint="The red, green and blue of each value, from the rasters or from a rendering rule.",
    fields=(VARIABLE_FIELD, RENDERING_FIELD),
    is_resource=True,
    empty="No colormap: the rasters have none, and no rendering rule makes one (see Colormap).",
)


def describe(question: Question) -> dict[str, Any]:
    """Return the service's own colormap; empty where it has none."""
    return {"colormap": question.summary.colormap}


def parse(question: Question) -> Asked:
    """Ask for that of a rule's results.

    Raises
    ------
    InvalidParameter
    """
    rule = rendering_rule(question.parameters, question.rule_scope) or RenderingRule()
    variable = variable_parameter(question.parameters)
    return Asked(request=DescribeRequest(rendering=rule, variable=variable))


def answer(result: DescribeResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write [value, red, green, blue] of each value; none where the results have no colormap."""
    return encode({"colormap": result.colormap}, context.options)
