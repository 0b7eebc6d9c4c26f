"""mapToImage: a geometry of the map in the image space of a raster, seen over its terrain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.image_space import image_space
from engine.request import PlaceRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import (
    GEOMETRY_TYPE_FIELD,
    RASTER_FIELD,
    flag_option,
    geometry_of,
    raster_id,
)
from server.protocols.arcgis.places import place_parameter
from server.protocols.arcgis.spatial_reference import crs_parameter, unless_own

if TYPE_CHECKING:
    from engine.results import PlaceResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Map to image",
    hint="A geometry of the map in a raster's image space (x right, y up, 0,0 = first pixel's centre).",
    fields=(
        RASTER_FIELD,
        FormField(
            "geometry",
            "x,y or JSON; a z is taken as the height instead of terrain",
            start="$x,$y",
        ),
        GEOMETRY_TYPE_FIELD,
        FormField("inSR", "WKID, JSON or WKT; blank = the service's"),
        FormField("options", '{"VisibleOnly":true}'),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for a geometry in image space.

    Raises
    ------
    InvalidParameter
        No geometry or raster, or options that are none.
    """
    parameters = question.parameters
    places = place_parameter(parameters)
    crs = places.crs or crs_parameter(parameters, "inSR")
    request = PlaceRequest(
        positions=places.packed(),
        from_crs=unless_own(crs, question.summary),
        to_crs=image_space(raster_id(question)),
        visible_only=flag_option(question, "VisibleOnly"),
    )
    return Asked(request=request, options={"shapes": places.shapes_text()})


def answer(result: PlaceResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the geometry; its z is the height that was used."""
    return encode(geometry_of(result, context), context.options)
