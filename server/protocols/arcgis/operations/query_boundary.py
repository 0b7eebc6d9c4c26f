"""queryBoundary: where the service has imagery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.request import BoundaryRequest
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.shapes import Drawing, esri_geometry
from server.protocols.arcgis.spatial_reference import crs_parameter, to_json, unless_own

if TYPE_CHECKING:
    from engine.catalog_results import BoundaryResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Query boundary",
    hint="The union of all footprints and its area in square metres on the ground.",
    fields=(FormField("outSR", "WKID, JSON or WKT; blank = the service's"),),
    is_resource=True,
)


def parse(question: Question) -> Asked:
    """Ask for the boundary.

    Raises
    ------
    InvalidParameter
    """
    out_crs = unless_own(crs_parameter(question.parameters, "outSR"), question.summary)
    return Asked(request=BoundaryRequest(out_crs=out_crs))


def answer(result: BoundaryResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the polygon and its area."""
    shape: dict[str, Any] = esri_geometry(result.shape, Drawing()) or {"rings": []}
    reference = to_json(result.crs, context.summary)
    body = {"shape": {**shape, "spatialReference": reference}, "area": number(result.area_m2)}
    return encode(body, context.options)
