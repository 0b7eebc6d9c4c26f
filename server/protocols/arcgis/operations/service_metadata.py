"""info/metadata: what the service is, as XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import KeyPropertiesRequest
from server.protocols.arcgis.metadata_xml import XML_TYPE, metadata_xml
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question

if TYPE_CHECKING:
    from engine.results import KeyPropertiesResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Metadata",
    hint="Title, description, place, bands and what is known of sensor and clouds, as XML.",
    capability="Metadata",
    formats=("xml",),
    is_resource=True,
)


def parse(question: Question) -> Asked:  # noqa: ARG001 -- the form of all operations
    """Ask for what all rasters have in common."""
    return Asked(request=KeyPropertiesRequest())


def answer(result: KeyPropertiesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the document, whatever `f` says."""
    summary = context.summary
    title = summary.properties.title or context.service
    return XML_TYPE, metadata_xml(title, summary, summary.extent_lonlat, result.properties)
