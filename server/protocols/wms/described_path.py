"""WMS as an OpenAPI path: one for all its requests, which REQUEST tells apart.

References
----------
OpenAPI Specification 3.1.0, section 4.8.9 (path item).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from server.protocols.wms.capabilities import INFO_FORMATS
from server.protocols.wms.map_formats import MAP_FORMATS
from server.protocols.wms.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

Description: TypeAlias = dict[str, Any]

_PARAMETERS = {
    "SERVICE": "WMS",
    "VERSION": "what is older is answered as 1.1.1",
    "REQUEST": "what is asked",
    "LAYERS": "the name of the service without its folder",
    "STYLES": "a rendering template; blank = the service's own picture",
    "CRS": "EPSG:n or CRS:84",
    "SRS": "of 1.1.1: EPSG:n, instead of CRS",
    "BBOX": "in the order of the CRS's axes; x first in 1.1.1",
    "WIDTH": "pixels",
    "HEIGHT": "pixels",
    "FORMAT": "one of " + ", ".join(MAP_FORMATS),
    "TRANSPARENT": "TRUE or FALSE",
    "BGCOLOR": "0xRRGGBB",
    "TIME": "ISO 8601: a moment, start/end, several with commas between, or current",
    "ELEVATION": "of cubes: a height or depth, low/high, or several with commas between",
    "DIM_VARIABLE": "of cubes: the variable; other dimensions are DIM_<NAME> in the same way",
    "EXCEPTIONS": "XML, JSON, INIMAGE or BLANK",
    "QUERY_LAYERS": "of GetFeatureInfo: as LAYERS",
    "I": "of GetFeatureInfo: pixels from the left",
    "J": "of GetFeatureInfo: pixels from the top",
    "X": "of GetFeatureInfo of 1.1.1, instead of I",
    "Y": "of GetFeatureInfo of 1.1.1, instead of J",
    "INFO_FORMAT": "of GetFeatureInfo: one of " + ", ".join(INFO_FORMATS),
    "FEATURE_COUNT": "of GetFeatureInfo: the pixel and so many rasters less one",
    "LAYER": "of GetLegendGraphic: as LAYERS",
    "STYLE": "of GetLegendGraphic: as STYLES",
    "UPDATESEQUENCE": "of GetCapabilities: that of capabilities that are known",
    "SLD_BODY": "a style with one RasterSymbolizer, instead of STYLES",
    "MOSAICRULE": "as of exportImage",
    "RENDERINGRULE": "as of exportImage, instead of STYLES",
    "BANDIDS": "as of exportImage",
    "INTERPOLATION": "as of exportImage",
}
_CHOICES = {"VERSION": ("1.1.1", "1.3.0"), "REQUEST": tuple(OPERATIONS)}
_EXCEPTIONS = ("text/xml", "application/vnd.ogc.se_xml", "application/json")
_ANSWERS = ("text/xml", "application/vnd.ogc.wms_xml", *INFO_FORMATS, "image/*")


def wms_item(in_path: Sequence[Description]) -> Description:
    """Return the path item of an address of WMS.

    Parameters
    ----------
    in_path
        Parameters of the path.
    """
    form = {"type": "object", "properties": {name: _schema(name) for name in _PARAMETERS}}
    contents = ("application/x-www-form-urlencoded", "multipart/form-data")
    shared = {"tags": ["WMS"], "summary": "WMS 1.1.1 and 1.3.0", "responses": _responses()}
    return {
        "parameters": list(in_path),
        "get": {
            **shared,
            "parameters": [
                {"name": name, "in": "query", "required": False, "schema": _schema(name)}
                for name in _PARAMETERS
            ],
        },
        "post": {
            **shared,
            "requestBody": {"content": {kind: {"schema": form} for kind in contents}},
        },
    }


def list_item() -> Description:
    """Return the path item of the list of services."""
    answers = {
        "200": {"description": "A page, for browsers", "content": {"text/html": {}}},
        "404": {
            "description": "No service is named: a ServiceException that names those with WMS",
            "content": {kind: {} for kind in _EXCEPTIONS},
        },
    }
    shared = {
        "tags": ["WMS"],
        "summary": "Services that offer WMS",
        "description": "Each has its own address, /wms/{name}; without parameters it gives its capabilities.",
        "responses": answers,
    }
    return {"get": shared, "post": dict(shared)}


def _schema(name: str) -> Description:
    schema: Description = {"type": "string", "description": _PARAMETERS[name]}
    return {**schema, "enum": list(_CHOICES[name])} if name in _CHOICES else schema


def _responses() -> Description:
    exceptions: Description = {kind: {} for kind in _EXCEPTIONS}
    return {
        "200": {"description": "The answer", "content": {kind: {} for kind in _ANSWERS}},
        "304": {"description": "The client has the answer already (If-None-Match)"},
        "400": {"description": "A ServiceException", "content": exceptions},
        "401": {"description": "A token is needed, or that sent is none", "content": exceptions},
        "403": {"description": "Not for who asks, or not there", "content": exceptions},
        "404": {"description": "No such service, or none with WMS", "content": exceptions},
        "413": {"description": "The body is too large"},
        "503": {"description": "Too many requests wait", "content": exceptions},
    }
