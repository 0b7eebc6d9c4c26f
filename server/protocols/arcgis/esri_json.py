"""Esri JSON on its way out: text and media type, indented or compact, with JSONP.

Rule: not-a-number leaves as the text "NaN", never as a bare token; no starlette here, instances use this.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import InvalidParameter
from server.protocols.arcgis.spatial_reference import to_json
from server.protocols.input_limits import MAX_CALLBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.extent import Extent
    from engine.summary import FieldInfo, ServiceSummary

JSON_TYPE = "application/json;charset=UTF-8"
SCRIPT_TYPE = "application/javascript;charset=UTF-8"

_CALLBACK = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)

_FIELD_TYPES = {
    "oid": "esriFieldTypeOID",
    "integer": "esriFieldTypeInteger",
    "double": "esriFieldTypeDouble",
    "string": "esriFieldTypeString",
    "date": "esriFieldTypeDate",
    "geometry": "esriFieldTypeGeometry",
}
_CATEGORIES = {
    0: "Unknown",
    1: "Primary",
    2: "Overview",
    3: "Unprocessed Overview",
    4: "Partial Overview",
    5: "Companion",
    253: "Uploaded",
    254: "Incomplete",
    255: "Custom",
}


def check_callback(name: str) -> str:
    """Return the name of a JSONP function.

    Raises
    ------
    InvalidParameter
        Not a dotted JavaScript name of at most 128 characters.
    """
    if len(name) > MAX_CALLBACK or not _CALLBACK.fullmatch(name):
        raise InvalidParameter("callback", name, "a dotted JavaScript name of up to 128 characters")
    return name


def encode(value: Any, options: Mapping[str, str]) -> tuple[str, bytes]:
    """Return media type and bytes of a JSON answer.

    Parameters
    ----------
    options
        `f` "pjson" indents; `callback` (checked before) makes it JSONP.
    """
    body = msgspec.json.encode(value)
    if options.get("f") == "pjson":
        body = msgspec.json.format(body, indent=2)
    callback = options.get("callback")
    if not callback:
        return JSON_TYPE, body
    # Legal in JSON, but the end of a line in scripts before ES2019.
    body = body.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return SCRIPT_TYPE, callback.encode("ascii") + b"(" + body + b");"


def number(value: float) -> float | int | str:
    """Return a number fit for JSON: whole ones without a fraction, not-a-number as the text "NaN"."""
    if not math.isfinite(value):
        return "NaN"
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def envelope(extent: Extent, crs: str, summary: ServiceSummary) -> dict[str, Any]:
    """Return an envelope object; `crs` "" = the service's."""
    return {
        "xmin": extent.xmin,
        "ymin": extent.ymin,
        "xmax": extent.xmax,
        "ymax": extent.ymax,
        "spatialReference": to_json(crs, summary),
    }


def field(info: FieldInfo) -> dict[str, Any]:
    """Return a field object of the service table."""
    is_category = info.name.casefold() == "category" and info.type == "integer"
    result: dict[str, Any] = {
        "name": info.name,
        "type": _FIELD_TYPES[info.type],
        "alias": info.alias or info.name,
        "domain": _category_domain() if is_category else None,
    }
    if info.type == "string":
        result["length"] = info.length or 255
    return result


def fields(infos: tuple[FieldInfo, ...]) -> list[dict[str, Any]]:
    """Return the field objects that may be seen; the field that holds the raster may not."""
    return [field(info) for info in infos if info.type != "raster"]


def object_id_field(summary: ServiceSummary) -> str:
    """Return the name of the OBJECTID field; "" for a single raster."""
    if summary.source_type != "mosaic":
        return ""
    return next((info.name for info in summary.fields if info.type == "oid"), "OBJECTID")


def _category_domain() -> dict[str, Any]:
    return {
        "type": "codedValue",
        "name": "MosaicCatalogItemCategoryDomain",
        "description": "Catalog item categories.",
        "codedValues": [{"name": name, "code": code} for code, name in _CATEGORIES.items()],
        "mergePolicy": "esriMPTDefaultValue",
        "splitPolicy": "esriSPTDefaultValue",
    }
