"""identify: the values at a place and the items they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.request import IdentifyRequest
from server.protocols.arcgis.dimensions import all_slices
from server.protocols.arcgis.esri_json import encode, object_id_field
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import (
    ALL_SLICES_FIELD,
    GEOMETRY_FIELDS,
    MOSAIC_FIELD,
    RENDERING_FIELD,
    SLICE_FIELD,
    TIME_FIELD,
)
from server.protocols.arcgis.pixel_size import pixel_size, pixel_size_crs
from server.protocols.arcgis.rendering_rule import rendering_rules
from server.protocols.arcgis.rules import mosaic_rule, time_range
from server.protocols.arcgis.sample_text import joined
from server.protocols.arcgis.shapes import Drawing, esri_geometry
from server.protocols.arcgis.spatial_reference import to_json, unless_own
from server.protocols.input_limits import MAX_IDENTIFIED

if TYPE_CHECKING:
    from engine.pixel_type import PixelType
    from engine.results import IdentifiedItem, IdentifyResult
    from server.instances.answer_context import AnswerContext


INFO = OperationInfo(
    title="Identify",
    hint="The pixel values at a place and the rasters they come from.",
    fields=(
        *GEOMETRY_FIELDS,
        MOSAIC_FIELD,
        RENDERING_FIELD,
        FormField("pixelSize", "x,y"),
        TIME_FIELD,
        FormField("returnGeometry", choices=("", "true", "false")),
        FormField("returnCatalogItems", choices=("", "true", "false")),
        FormField("returnPixelValues", choices=("", "true", "false")),
        FormField("maxItemCount"),
        SLICE_FIELD,
        ALL_SLICES_FIELD,
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the values at a geometry.

    Raises
    ------
    InvalidParameter
        No geometry, or another parameter that is not accepted.
    """
    parameters = question.parameters
    # GDAL and the MapServer habit call it `sr`.
    geometry = geometry_parameter(parameters, crs_name="inSR" if "inSR" in parameters else "sr")
    if geometry is None:
        raise InvalidParameter("geometry", "", "a point x,y or a geometry in JSON")
    renderings = rendering_rules(parameters, question.rule_scope)
    is_mosaic = question.summary.source_type == "mosaic"
    mosaic = mosaic_rule(parameters)
    if parameters.flag("processAsMultidimensional", default=False):
        mosaic = all_slices(mosaic)
    request = IdentifyRequest(
        geometry=geometry.wkb,
        crs=unless_own(geometry.crs, question.summary),
        pixel_size=pixel_size(parameters),
        pixel_size_crs=pixel_size_crs(parameters),
        mosaic=mosaic,
        renderings=renderings,
        time=time_range(parameters),
        return_geometry=parameters.flag("returnGeometry", default=True),
        return_items=is_mosaic and parameters.flag("returnCatalogItems", default=True),
        return_values=parameters.flag("returnPixelValues", default=True),
        max_items=parameters.integer("maxItemCount", 0, MAX_IDENTIFIED),
    )
    # One renderingRule replaces the value; a list of renderingRules stands beside the raw one.
    is_list = parameters.json("renderingRules") is not None
    return Asked(request=request, options={"renderings": "list" if is_list else "single"})


def answer(result: IdentifyResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write value, location, and the items in the order of the mosaic rule."""
    summary = context.summary
    is_list = context.options.get("renderings") == "list"
    value = result.values
    if result.processed and not is_list:
        value = result.processed[0]
    request = context.request
    wants_values = isinstance(request, IdentifyRequest) and request.return_values
    wants_items = isinstance(request, IdentifyRequest) and request.return_items
    pixel_type = summary.pixel_type
    body: dict[str, Any] = {
        "objectId": 0,
        "name": "Pixel",
        "value": joined(value, pixel_type, ", ") if wants_values else "",
        "location": {
            "x": result.x,
            "y": result.y,
            "spatialReference": to_json(result.crs, summary),
        },
        "properties": _properties(result, pixel_type) if wants_items and wants_values else None,
        "catalogItems": _items(result, context) if wants_items else None,
        "catalogItemVisibilities": [item.visibility for item in result.items],
    }
    if is_list:
        body["processedValues"] = [joined(each, pixel_type, ", ") for each in result.processed]
    return encode(body, context.options)


def _properties(result: IdentifyResult, pixel_type: PixelType) -> dict[str, list[str]]:
    properties = {"Values": [joined(item.values, pixel_type, " ") for item in result.items]}
    if result.processed:
        properties["ProcessedValues"] = [
            joined(item.processed[0] if item.processed else None, pixel_type, " ")
            for item in result.items
        ]
    return properties


def _items(result: IdentifyResult, context: AnswerContext) -> dict[str, Any]:
    return {
        "objectIdFieldName": object_id_field(context.summary),
        "spatialReference": to_json(result.crs, context.summary),
        "geometryType": "esriGeometryPolygon",
        "features": [_feature(item) for item in result.items],
    }


def _feature(item: IdentifiedItem) -> dict[str, Any]:
    feature: dict[str, Any] = {"attributes": item.attributes}
    geometry = esri_geometry(item.footprint, Drawing())
    if geometry is not None:
        feature["geometry"] = geometry
    return feature
