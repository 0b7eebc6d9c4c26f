"""slices: every slice of a multidimensional service with its number, or those that a definition selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.request import SlicesRequest
from server.protocols.arcgis.dimensions import definition_parameter
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.needs import DIMENSIONS
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.arcgis.operations.image_form import DEFINITION_FIELD

if TYPE_CHECKING:
    from engine.results import SliceInfo, SlicesResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Slices",
    hint="Slices of the variables, by the numbers that sliceId takes.",
    needs=DIMENSIONS,
    empty="No slices: the service is not multidimensional, or none is selected.",
    fields=(DEFINITION_FIELD,),
)


def parse(question: Question) -> Asked:
    """Ask which slices there are.

    Raises
    ------
    InvalidParameter
    """
    return Asked(request=SlicesRequest(dimensions=definition_parameter(question.parameters)))


def answer(result: SlicesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one entry per slice; none where the service has no dimensions."""
    return encode({"slices": [_slice(each) for each in result.slices]}, context.options)


def _slice(found: SliceInfo) -> dict[str, Any]:
    # A variable without dimensions is one slice, which says its name alone.
    values = [(name, [number(value)]) for name, value in found.values] or [("", [])]
    return {
        "sliceId": found.number,
        "multidimensionalDefinition": [
            {"variableName": found.variable, "dimensionName": name, "values": each}
            for name, each in values
        ],
    }
