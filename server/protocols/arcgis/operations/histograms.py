"""histograms: the service's histograms per band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import HistogramsRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.area_form import histogram
from server.protocols.arcgis.operations.base import Asked, OperationInfo

if TYPE_CHECKING:
    from engine.results import HistogramsResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(title="Histograms", hint="Counts of pixel values per band, in equal bins.")


def parse(question: Question) -> Asked:  # noqa: ARG001 -- the form of all operations
    """Ask for the histograms, which only the compiled file holds."""
    return Asked(request=HistogramsRequest())


def answer(result: HistogramsResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one entry per band; none where there are no histograms."""
    rows = [histogram(each) for each in result.histograms]
    return encode({"histograms": rows}, context.options)
