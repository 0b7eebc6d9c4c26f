"""explain: the plan of an exportImage request, without its pixels (our own operation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import ExplainRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import IMAGE_FIELDS

if TYPE_CHECKING:
    from engine.results import ExplainResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Explain",
    hint="Which rasters a picture is made of, in what order and why, and what it costs; no pixels.",
    fields=IMAGE_FIELDS,
)


def parse(question: Question) -> Asked:
    """Ask for the plan of the image that exportImage would give."""
    image = image_request(question.parameters, question.summary, question.service)
    return Asked(request=ExplainRequest(image=image))


def answer(result: ExplainResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the plan with the record's own names."""
    return encode(result, context.options)
