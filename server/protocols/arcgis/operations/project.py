"""project: geometries between maps, and between maps and the image space of a raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.request import PlaceRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import POINTS_FIELD, geometries_of
from server.protocols.arcgis.places import places_parameter
from server.protocols.arcgis.spatial_reference import crs_parameter, unless_own

if TYPE_CHECKING:
    from engine.results import PlaceResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Project",
    hint="Geometries between coordinate systems, image space of a raster (0:id) among them.",
    fields=(
        POINTS_FIELD,
        FormField("inSR", "WKID, JSON, WKT or 0:id; blank = the service's"),
        FormField("outSR", "WKID, JSON, WKT or 0:id; blank = the service's", start="4326"),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the geometries in another system.

    Raises
    ------
    InvalidParameter
        No geometries, or a reference that is none.
    """
    parameters, summary = question.parameters, question.summary
    places = places_parameter(parameters)
    request = PlaceRequest(
        positions=places.packed(),
        from_crs=unless_own(crs_parameter(parameters, "inSR") or places.crs, summary),
        to_crs=unless_own(crs_parameter(parameters, "outSR"), summary),
    )
    return Asked(request=request, options={"shapes": places.shapes_text()})


def answer(result: PlaceResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the geometries in the order in which they came."""
    return encode({"geometries": list(geometries_of(result, context))}, context.options)
