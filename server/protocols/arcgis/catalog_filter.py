"""Which rows of a catalog a request means: the parameters that query, find and queryGPSInfo have in common."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.request import QueryRequest, SpatialRelation
from server.protocols.arcgis.dimensions import definition_parameter
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations.base import FormField
from server.protocols.arcgis.operations.image_form import GEOMETRY_FIELDS, TIME_FIELD
from server.protocols.arcgis.pixel_size import pixel_size
from server.protocols.arcgis.rules import time_range
from server.protocols.arcgis.spatial_reference import unless_own
from server.protocols.input_limits import MAX_WHERE

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question
    from server.protocols.arcgis.parameters import Parameters

_RELATIONS: dict[str, SpatialRelation] = {
    "esrispatialrelintersects": "intersects",
    "esrispatialrelcontains": "contains",
    "esrispatialrelcrosses": "crosses",
    "esrispatialrelenvelopeintersects": "envelope_intersects",
    "esrispatialrelindexintersects": "envelope_intersects",
    "esrispatialreloverlaps": "overlaps",
    "esrispatialreltouches": "touches",
    "esrispatialrelwithin": "within",
    "esrispatialrelrelation": "relate",
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
    "esriSpatialRelRelation",
)
# Bare, or as the specification of shape comparison languages writes it: RELATE(G1, G2, 'FFFTTT***').
_PATTERN = re.compile(
    r"""(?:RELATE\s*\(\s*G1\s*,\s*G2\s*,\s*)?["']?(?P<cells>[TF*012]{9})["']?\s*\)?""",
    re.IGNORECASE | re.ASCII,
)

FILTER_FIELDS = (
    FormField("where", "Category = 1 AND Name LIKE 'a%'", start="1=1"),
    FormField("objectIds", "1,2,3"),
    TIME_FIELD,
    # Blank at first: a place in the middle would hide most of the catalog.
    *(replace(field, start="") for field in GEOMETRY_FIELDS),
    FormField("inSR", "WKID, JSON or WKT; blank = the service's"),
    FormField("spatialRel", choices=("", *_RELATION_NAMES)),
    FormField("relationParam", "DE-9IM pattern such as T*F**F***, for esriSpatialRelRelation"),
)


def catalog_filter(question: Question, geometry_name: str = "geometry") -> QueryRequest:
    """Return a request for the rows that a question means.

    Raises
    ------
    InvalidParameter
        A parameter is not accepted, or the service is a single raster and has no catalog.
    """
    parameters = question.parameters
    if question.summary.source_type != "mosaic":
        raise InvalidParameter("service", question.service, "a service with a catalog of rasters")
    geometry = geometry_parameter(parameters, geometry_name)
    size = pixel_size(parameters)
    relation = (
        parameters.choice("spatialRel", _RELATIONS, ", ".join(_RELATION_NAMES)) or "intersects"
    )
    return QueryRequest(
        where=_clause(parameters, "where"),
        key_where=_clause(parameters, "rasterQuery"),
        object_ids=parameters.integers("objectIds", 0) or None,
        time=time_range(parameters),
        geometry=geometry.wkb if geometry else b"",
        crs=unless_own(geometry.crs, question.summary) if geometry else "",
        relation=relation,
        relation_pattern=_pattern(parameters) if relation == "relate" else "",
        pixel_size=size[0] if size else None,
        dimensions=definition_parameter(parameters),
    )


def _clause(parameters: Parameters, name: str) -> str:
    text = parameters.text(name)
    if text.casefold() in ("null", "undefined", "{}"):
        return ""
    if len(text) > MAX_WHERE:
        raise InvalidParameter(name, text, f"text of at most {MAX_WHERE} characters")
    return text


def _pattern(parameters: Parameters) -> str:
    text = parameters.text("relationParam")
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise InvalidParameter("relationParam", text, "nine of T, F, *, 0, 1, 2, as in T*F**F***")
    return match["cells"].upper()
