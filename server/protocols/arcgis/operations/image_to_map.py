"""imageToMap: a geometry of image space on the map, along lines of sight down to the terrain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.image_space import image_space, image_space_item
from engine.request import PlaceRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import (
    GEOMETRY_TYPE_FIELD,
    RASTER_FIELD,
    flag_option,
    geometry_of,
    option_of,
    raster_id,
)
from server.protocols.arcgis.parameters import as_number
from server.protocols.arcgis.places import place_parameter
from server.protocols.arcgis.spatial_reference import crs_parameter, unless_own
from server.protocols.input_limits import MAX_OFFSET_M

if TYPE_CHECKING:
    from engine.results import PlaceResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Image to map",
    hint="A geometry of a raster's image space (x right, y up, 0,0 = first pixel's centre) on the map.",
    fields=(
        RASTER_FIELD,
        FormField(
            "geometry",
            '{"x":100,"y":-200}; a z is taken as the height instead of terrain',
            start="10,-10",
        ),
        GEOMETRY_TYPE_FIELD,
        FormField("outSR", "WKID, JSON or WKT; blank = the service's"),
        FormField("options", '{"DOff":metres towards the sensor,"Adjust":true}'),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the ground of a geometry.

    Raises
    ------
    InvalidParameter
        No geometry or raster, a geometry of the map, or options that are none.
    """
    parameters = question.parameters
    places = place_parameter(parameters)
    if places.crs and image_space_item(places.crs) is None:
        raise InvalidParameter("geometry.spatialReference", places.crs, "image space of a raster")
    offset = option_of(question, "DOff")
    offset_m = 0.0 if offset is None else as_number("options.DOff", offset)
    if abs(offset_m) > MAX_OFFSET_M:
        raise InvalidParameter("options.DOff", offset_m, f"metres within ±{MAX_OFFSET_M:g}")
    has_raster = bool(parameters.text("rasterId")) or not places.crs
    request = PlaceRequest(
        positions=places.packed(),
        from_crs=image_space(raster_id(question)) if has_raster else places.crs,
        to_crs=unless_own(crs_parameter(parameters, "outSR"), question.summary),
        depth_offset_m=offset_m,
        fill_missing=flag_option(question, "Adjust"),
    )
    return Asked(request=request, options={"shapes": places.shapes_text()})


def answer(result: PlaceResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the geometry with heights, where all its vertices have them."""
    return encode(geometry_of(result, context), context.options)
