"""query: rows of the catalog, their ids, count or extent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.request import QueryRequest, SpatialRelation
from server.protocols.arcgis.esri_json import encode, envelope, fields, object_id_field
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import GEOMETRY_FIELDS, TIME_FIELD
from server.protocols.arcgis.pixel_size import pixel_size
from server.protocols.arcgis.rules import MAX_WHERE, time_range
from server.protocols.arcgis.shapes import Drawing, esri_geometry, geojson_geometry
from server.protocols.arcgis.spatial_reference import crs_parameter, to_json, unless_own

if TYPE_CHECKING:
    from typing import Literal

    from engine.results import QueryResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.parameters import Parameters

LONLAT = "EPSG:4326"
MAX_FIELDS = 500

_RELATIONS: dict[str, SpatialRelation] = {
    "esrispatialrelintersects": "intersects",
    "esrispatialrelcontains": "contains",
    "esrispatialrelcrosses": "crosses",
    "esrispatialrelenvelopeintersects": "envelope_intersects",
    "esrispatialrelindexintersects": "envelope_intersects",
    "esrispatialreloverlaps": "overlaps",
    "esrispatialreltouches": "touches",
    "esrispatialrelwithin": "within",
}
_RELATION_NAMES = (
    "esriSpatialRelIntersects",
    "esriSpatialRelContains",
    "esriSpatialRelCrosses",
    "esriSpatialRelEnvelopeIntersects",
    "esriSpatialRelIndexIntersects",
    "esriSpatialRelOverlaps",
    "esriSpatialRelTouches",
    "esriSpatialRelWithin",
)
_YES_NO = ("", "true", "false")

INFO = OperationInfo(
    title="Query",
    hint="Rows of the service table: attributes and footprints of the rasters.",
    capability="Catalog",
    fields=(
        FormField("where", "Category = 1 AND Name LIKE 'a%'"),
        FormField("objectIds", "1,2,3"),
        TIME_FIELD,
        *GEOMETRY_FIELDS,
        FormField("inSR", "WKID, JSON or WKT; blank = the service's"),
        FormField("spatialRel", choices=("", *_RELATION_NAMES)),
        FormField("outFields", "* or names"),
        FormField("returnGeometry", choices=_YES_NO),
        FormField("outSR", "WKID, JSON or WKT; blank = the service's"),
        FormField("returnIdsOnly", choices=_YES_NO),
        FormField("returnCountOnly", choices=_YES_NO),
        FormField("returnExtentOnly", choices=_YES_NO),
        FormField("returnDistinctValues", choices=_YES_NO),
        FormField("orderByFields", "Name ASC, AcqDate DESC"),
        FormField("resultOffset"),
        FormField("resultRecordCount"),
        FormField("pixelSize", "only rasters that show at this size"),
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
    if question.summary.source_type != "mosaic":
        raise InvalidParameter("query", question.service, "a service with a catalog of rasters")
    _refuse_statistics(parameters)
    geometry = geometry_parameter(parameters)
    returns = _returns(parameters)
    distinct = parameters.flag("returnDistinctValues", default=False)
    size = pixel_size(parameters)
    request = QueryRequest(
        where=_where(parameters),
        object_ids=parameters.integers("objectIds", 0) or None,
        time=time_range(parameters),
        geometry=geometry.wkb if geometry else b"",
        crs=unless_own(geometry.crs, question.summary) if geometry else "",
        relation=parameters.choice("spatialRel", _RELATIONS, ", ".join(_RELATION_NAMES))
        or "intersects",
        out_fields=_out_fields(parameters),
        out_crs=_out_crs(question),
        returns=returns,
        return_geometry=not distinct and parameters.flag("returnGeometry", default=True),
        distinct=distinct,
        order_by=_order_by(parameters),
        offset=parameters.integer("resultOffset", 0) or 0,
        limit=_limit(question) if returns == "features" else None,
        pixel_size=size[0] if size else None,
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
    drawing = Drawing.from_options(context.options)
    names = [info.name for info in result.fields]
    features = []
    for row in result.rows:
        feature: dict[str, Any] = {"attributes": dict(zip(names, row.values, strict=True))}
        geometry = esri_geometry(row.footprint, drawing)
        if geometry is not None:
            feature["geometry"] = geometry
        features.append(feature)
    body: dict[str, Any] = {
        "objectIdFieldName": object_id_field(context.summary),
        "spatialReference": to_json(result.crs, context.summary),
        "geometryType": "esriGeometryPolygon",
        "fields": fields(result.fields),
        "features": features,
    }
    if result.exceeded:
        body["exceededTransferLimit"] = True
    return body


def _feature_collection(result: QueryResult, context: AnswerContext) -> dict[str, Any]:
    drawing = Drawing.from_options(context.options)
    names = [info.name for info in result.fields]
    id_place = next((i for i, info in enumerate(result.fields) if info.type == "oid"), None)
    features = []
    for row in result.rows:
        feature: dict[str, Any] = {
            "type": "Feature",
            "geometry": geojson_geometry(row.footprint, drawing),
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


def _refuse_statistics(parameters: Parameters) -> None:
    for name in ("outStatistics", "groupByFieldsForStatistics"):
        if parameters.elements(name):
            raise InvalidParameter(
                name, parameters.text(name), "nothing: statistics are not served"
            )


def _where(parameters: Parameters) -> str:
    where = parameters.text("where")
    if len(where) > MAX_WHERE:
        raise InvalidParameter("where", where, f"text of at most {MAX_WHERE} characters")
    return where


def _out_fields(parameters: Parameters) -> tuple[str, ...]:
    names = parameters.names("outFields")
    if len(names) > MAX_FIELDS:
        raise InvalidParameter("outFields", f"{len(names)} names", f"at most {MAX_FIELDS}")
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
