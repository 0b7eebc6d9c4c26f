"""measureFromImage: length and area on the ground of what is drawn in a raster's image space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.image_space import image_space, image_space_item
from engine.measure_requests import MeasureImageRequest
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import (
    GEOMETRY_TYPE_FIELD,
    RASTER_FIELD,
    raster_id,
)
from server.protocols.arcgis.shapes import any_geometry
from server.protocols.arcgis.spatial_reference import to_json

if TYPE_CHECKING:
    from engine.measurements import ImageShapeResult
    from server.instances.answer_context import AnswerContext

_ACCEPTED = "a polyline, polygon, envelope or point of image space"

INFO = OperationInfo(
    title="Measure from image",
    hint="Length and area on the ground of a geometry in a raster's image space (x right, y up).",
    capability="Mensuration",
    fields=(
        RASTER_FIELD,
        FormField("fromGeometry", "JSON, x right, y up", start='{"paths":[[[0,0],[10,-10]]]}'),
        GEOMETRY_TYPE_FIELD,
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the ground under a geometry.

    Raises
    ------
    InvalidParameter
        No geometry or raster, or a geometry of the map or of another raster.
    RequestTooLarge
    """
    found = geometry_parameter(question.parameters, "fromGeometry")
    if found is None:
        raise InvalidParameter("fromGeometry", "", _ACCEPTED)
    is_named = bool(question.parameters.text("rasterId"))
    own = image_space_item(found.crs)
    raster = raster_id(question) if is_named or own is None else own
    if found.crs not in ("", image_space(raster)):
        accepted = f"image space of raster {raster}, or none"
        raise InvalidParameter("fromGeometry.spatialReference", found.crs, accepted)
    return Asked(request=MeasureImageRequest(item=raster, geometry=found.wkb))


def answer(result: ImageShapeResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the geometry on the service's map; length in metres, area and centre where it has them."""
    reference = to_json("", context.summary)
    x, y = result.center
    body: dict[str, Any] = {
        "Shape": {**any_geometry(result.shape), "spatialReference": reference},
        "Length": number(result.length_m),
    }
    if not math.isnan(result.area_m2):
        body["Area"] = number(result.area_m2)
    body["Center"] = {"x": number(x), "y": number(y), "spatialReference": reference}
    return encode(body, context.options)
