"""find: images that show a place, those first whose camera stood nearest to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter
from engine.request import CatalogImagesRequest
from engine.request_parts import MapPoint
from server.protocols.arcgis.catalog_filter import catalog_filter
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.geometry import Geometry, geometry_parameter, unpack_point
from server.protocols.arcgis.image_places import image_json, place_json
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.raster_uri import raster_uri
from server.protocols.arcgis.spatial_reference import unless_own

if TYPE_CHECKING:
    from engine.catalog_results import CatalogImagesResult
    from server.instances.answer_context import AnswerContext

_FEW = 10
_GEOMETRIES = ("fromGeometry", "toGeometry")

INFO = OperationInfo(
    title="Find images",
    hint="Images that show a place (toGeometry), taken from near another (fromGeometry).",
    capability="Catalog",
    fields=(
        FormField("toGeometry", "what is to be seen: x,y or JSON", start="$x,$y"),
        FormField("fromGeometry", "where it is seen from: x,y or a point as JSON"),
        FormField("inSR", "WKID, JSON or WKT; blank = the service's"),
        FormField("objectIds", "1,2,3"),
        FormField("where", "Category = 1"),
        FormField("maxCount", f"blank = {_FEW}"),
    ),
)


def parse(question: Question) -> Asked:
    """Ask for images.

    Raises
    ------
    InvalidParameter
        Neither a place nor ids nor a condition is given, or one of them is not accepted.
    """
    parameters = question.parameters
    names = (*_GEOMETRIES, "objectIds", "where")
    if not any(parameters.text(name) for name in names):
        raise InvalidParameter("toGeometry", "", "a place, or fromGeometry, objectIds or where")
    most = parameters.integer("maxCount", 1)
    rows = msgspec.structs.replace(catalog_filter(question, "toGeometry"), limit=most or _FEW)
    near = None
    for name in _GEOMETRIES:
        geometry = geometry_parameter(parameters, name)
        if geometry is not None and near is None and geometry.kind == "point":
            near = _point(geometry, question)
        elif geometry is not None and name == "fromGeometry":
            raise InvalidParameter(name, geometry.kind, "a point")
    return Asked(request=CatalogImagesRequest(rows=rows, near=near))


def answer(result: CatalogImagesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the images, the nearest first."""
    body = {
        "images": [
            {
                **image_json(image, result, context),
                "uri": raster_uri(image.id),
                "perspectiveCenter": place_json(image.perspective_center, result, context),
            }
            for image in result.images
        ]
    }
    return encode(body, context.options)


def _point(geometry: Geometry, question: Question) -> MapPoint:
    x, y = unpack_point(geometry.wkb)
    return MapPoint(x=x, y=y, crs=unless_own(geometry.crs, question.summary))
