"""computePixelLocation: the columns and rows of points in one raster, whole numbers at pixel centres."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.image_space import image_space
from engine.request import PlaceRequest
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import POINTS_FIELD, RASTER_FIELD, raster_id
from server.protocols.arcgis.places import places_parameter
from server.protocols.arcgis.spatial_reference import crs_parameter, unless_own

if TYPE_CHECKING:
    from engine.results import PlaceResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Compute pixel location",
    hint="Where points lie in a raster: column, row, and the height that was used.",
    fields=(
        RASTER_FIELD,
        POINTS_FIELD,
        FormField("spatialReference", "WKID, JSON, WKT or 0:id; blank = the service's"),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the points in image space.

    Raises
    ------
    InvalidParameter
        No points, other geometries, or no raster.
    """
    parameters = question.parameters
    places = places_parameter(parameters)
    other = next((shape.kind for shape in places.shapes if shape.kind != "point"), None)
    if other is not None:
        raise InvalidParameter("geometries", other, "points")
    crs = places.crs or crs_parameter(parameters, "spatialReference")
    return Asked(
        request=PlaceRequest(
            positions=places.packed(),
            from_crs=unless_own(crs, question.summary),
            to_crs=image_space(raster_id(question)),
        )
    )


def answer(result: PlaceResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write x = column, y = row (downwards), z = height in the vertical datum of the sensor model."""
    found = []
    for x, y, z in struct.iter_unpack("<3d", result.positions):
        point = {"x": number(x), "y": number(-y)}
        found.append(point if math.isnan(z) else {**point, "z": number(z)})
    return encode({"geometries": found}, context.options)
