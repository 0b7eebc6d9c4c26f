"""query: rows of the catalog, their ids, count or extent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import InvalidParameter
from engine.request import QueryRequest
from server.protocols.arcgis.catalog_filter import FILTER_FIELDS, catalog_filter
from server.protocols.arcgis.catalog_statistics import having, out_statistics
from server.protocols.arcgis.esri_json import encode, envelope, fields, object_id_field
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import DEFINITION_FIELD
from server.protocols.arcgis.shapes import Drawing, esri_geometries, geojson_geometries
from server.protocols.arcgis.spatial_reference import crs_parameter, to_json, unless_own
from server.protocols.input_limits import MAX_QUERY_FIELDS

if TYPE_CHECKING:
    from typing import Literal

    from engine.results import QueryResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.parameters import Parameters

LONLAT = "EPSG:4326"
_YES_NO = ("", "true", "false")

INFO = OperationInfo(
    title="Query",
    hint="Rows of the service table: attributes and footprints of the rasters.",
    capability="Catalog",
    fields=(
        *FILTER_FIELDS,
        FormField("rasterQuery", "CloudCover < 0.1: fields that hold key properties"),
        FormField("outFields", "* or names", start="*"),
        FormField("returnGeometry", choices=_YES_NO),
        FormField("outSR", "WKID, JSON or WKT; blank = the service's"),
        FormField("geometryPrecision", "decimals of coordinates"),
        FormField("maxAllowableOffset", "outlines are thinned by so much, in units of outSR"),
        FormField("returnIdsOnly", choices=_YES_NO),
        FormField("returnCountOnly", choices=_YES_NO),
        FormField("returnExtentOnly", choices=_YES_NO),
        FormField("returnDistinctValues", choices=_YES_NO),
        FormField("orderByFields", "Name ASC, AcqDate DESC"),
        FormField("groupByFieldsForStatistics", "names"),
        FormField(
            "outStatistics",
            '[{"statisticType": "count", "onStatisticField": "OBJECTID", "outStatisticFieldName": "n"}]',
        ),
        FormField("having", "COUNT(OBJECTID) > 2"),
        FormField("resultOffset"),
        FormField("resultRecordCount"),
        FormField("pixelSize", "only rasters that show at this size"),
        DEFINITION_FIELD,
    ),
    formats=("geojson",),
)


def parse(question: Question) -> Asked:
    """Ask for rows.

    Raises
    ------
    InvalidParameter
        A parameter is not accepted, or the service is a single raster and has no catalog.
    """
    parameters = question.parameters
    returns = _returns(parameters)
    distinct = parameters.flag("returnDistinctValues", default=False)
    statistics = out_statistics(parameters)
    request = msgspec.structs.replace(
        catalog_filter(question),
        out_fields=_out_fields(parameters),
        out_crs=_out_crs(question),
        returns=returns,
        return_geometry=not distinct and parameters.flag("returnGeometry", default=True),
        distinct=distinct,
        order_by=_order_by(parameters),
        offset=parameters.integer("resultOffset", 0) or 0,
        limit=_limit(question) if returns == "features" else None,
        statistics=statistics,
        group_by=parameters.names("groupByFieldsForStatistics"),
        having=having(parameters) if statistics else "",
    )
    return Asked(request=request, options=_drawing_options(parameters))


def answer(result: QueryResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write a feature set, or the ids, count or extent asked for."""
    request = context.request
    summary = context.summary
    returns = request.returns if isinstance(request, QueryRequest) else "features"
    body: dict[str, Any]
    if returns == "count":
        body = {"count": result.count}
    elif returns == "ids":
        body = {"objectIdFieldName": object_id_field(summary), "objectIds": result.ids}
    elif returns == "extent":
        extent = result.extent
        body = {
            "extent": envelope(extent, result.crs, summary) if extent else None,
            "count": result.count,
        }
    elif context.options.get("f") == "geojson":
        body = _feature_collection(result, context)
    else:
        body = _feature_set(result, context)
    return encode(body, context.options)


def _feature_set(result: QueryResult, context: AnswerContext) -> dict[str, Any]:
    names = [info.name for info in result.fields]
    features: list[dict[str, Any]] = [
        {"attributes": dict(zip(names, row.values, strict=True))} for row in result.rows
    ]
    body: dict[str, Any] = {"fields": fields(result.fields), "features": features}
    request = context.request
    if not isinstance(request, QueryRequest) or not request.statistics:
        wkbs = [row.footprint for row in result.rows]
        shapes = esri_geometries(wkbs, Drawing.from_options(context.options))
        for feature, shape in zip(features, shapes, strict=True):
            if shape is not None:
                feature["geometry"] = shape
        body = {
            "objectIdFieldName": object_id_field(context.summary),
            "spatialReference": to_json(result.crs, context.summary),
            "geometryType": "esriGeometryPolygon",
            **body,
        }
    if result.exceeded:
        body["exceededTransferLimit"] = True
    return body


def _feature_collection(result: QueryResult, context: AnswerContext) -> dict[str, Any]:
    names = [info.name for info in result.fields]
    id_place = next((i for i, info in enumerate(result.fields) if info.type == "oid"), None)
    wkbs = [row.footprint for row in result.rows]
    shapes = geojson_geometries(wkbs, Drawing.from_options(context.options))
    features = []
    for row, shape in zip(result.rows, shapes, strict=True):
        feature: dict[str, Any] = {
            "type": "Feature",
            "geometry": shape,
            "properties": dict(zip(names, row.values, strict=True)),
        }
        if id_place is not None:
            feature["id"] = row.values[id_place]
        features.append(feature)
    body: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if result.exceeded:
        # Old clients read the first, new ones the second.
        body["exceededTransferLimit"] = True
        body["properties"] = {"exceededTransferLimit": True}
    return body


def _out_fields(parameters: Parameters) -> tuple[str, ...]:
    names = parameters.names("outFields")
    if len(names) > MAX_QUERY_FIELDS:
        raise InvalidParameter("outFields", f"{len(names)} names", f"at most {MAX_QUERY_FIELDS}")
    return ("*",) if "*" in names else names


def _out_crs(question: Question) -> str:
    # GeoJSON is longitude and latitude whatever else is asked (RFC 7946, 4).
    if question.f == "geojson":
        return LONLAT
    return unless_own(crs_parameter(question.parameters, "outSR"), question.summary)


def _returns(parameters: Parameters) -> Literal["features", "ids", "count", "extent"]:
    # returnExtentOnly arrives with returnCountOnly when both are wanted.
    if parameters.flag("returnExtentOnly", default=False):
        return "extent"
    if parameters.flag("returnCountOnly", default=False):
        return "count"
    if parameters.flag("returnIdsOnly", default=False):
        return "ids"
    return "features"


def _order_by(parameters: Parameters) -> tuple[tuple[str, bool], ...]:
    order = []
    for entry in parameters.names("orderByFields"):
        words = entry.split()
        direction = words[-1].casefold() if len(words) > 1 else "asc"
        if direction not in ("asc", "desc") or len(words) > 2:
            raise InvalidParameter("orderByFields", entry, "field names with ASC or DESC")
        order.append((words[0], direction == "asc"))
    if len(order) > 20:
        raise InvalidParameter("orderByFields", f"{len(order)} fields", "at most 20")
    return tuple(order)


def _limit(question: Question) -> int:
    most = question.summary.properties.max_record_count
    asked = question.parameters.integer("resultRecordCount", 0)
    return most if not asked else min(asked, most)


def _drawing_options(parameters: Parameters) -> dict[str, str]:
    options = {}
    precision = parameters.integer("geometryPrecision", 0, 15)
    if precision is not None:
        options["precision"] = str(precision)
    max_offset = parameters.number("maxAllowableOffset")
    if max_offset is not None and max_offset > 0:
        options["max_offset"] = repr(max_offset)
    return options
