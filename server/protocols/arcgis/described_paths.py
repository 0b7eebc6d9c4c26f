"""The ArcGIS REST tree as OpenAPI paths, made from OPERATIONS: an operation cannot be left out or drift.

References
----------
OpenAPI Specification 3.1.0, sections 4.8.9 (path item) and 4.8.24 (schema).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from server.protocols.arcgis.form_starts import form_fields
from server.protocols.arcgis.operations import OPERATIONS, ROOT
from server.protocols.arcgis.operations.base import FormField, OperationInfo
from server.protocols.arcgis.service_call import RASTER

if TYPE_CHECKING:
    from collections.abc import Iterable

Description: TypeAlias = dict[str, Any]

TREE = "/arcgis/rest"
_OUTPUT = TREE + "/directories/arcgisoutput/{service}_ImageServer/{file}"
SERVICE = TREE + "/services/{service}/ImageServer"
ERROR = "Error"
ERROR_SCHEMA: Description = {
    "description": "What every failure looks like; in the ArcGIS REST tree with HTTP status 200.",
    "type": "object",
    "required": ["code", "message", "details"],
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "details": {"type": "array", "items": {"type": "string"}},
    },
}
ERROR_BODY = {"type": "object", "properties": {"error": {"$ref": f"#/components/schemas/{ERROR}"}}}
_FORMAT_TYPES = {
    "image": ("image/*", "application/octet-stream"),
    "geojson": ("application/geo+json",),
    "kmz": ("application/vnd.google-earth.kmz",),
    "xml": ("application/xml", "text/xml"),
}
_SERVICE = FormField("service", "folder/name, the slash as %2F where a tool insists")
_PATH_HINTS = {"rasterId": "OBJECTID of a raster of the catalog", "folder": "a folder of services"}
# Other names are no addresses here: a line break in one ends it before any handler sees it.
NAME_PATTERN = "^[A-Za-z0-9_][A-Za-z0-9_./-]*$"
_NUMBERS = ("rasterId", "level", "row", "col", "width", "height")
_ABOVE = {
    TREE: "The server",
    TREE + "/info": "The server: version, and where tokens are given",
    TREE + "/services": "Folders, and services in none",
    TREE + "/services/{folder}": "Services of a folder",
}
_TOKEN_FIELDS = tuple(
    FormField(name) for name in ("username", "password", "client", "referer", "ip", "expiration")
)


def described_paths() -> dict[str, Description]:
    """Return the path items of the tree under `/arcgis/rest`."""
    paths = {
        path: _item(path, OperationInfo(title=title, hint="")) for path, title in _ABOVE.items()
    }
    paths[_OUTPUT] = _output_item()
    paths[TREE + "/generateToken"] = token_item(TREE + "/generateToken")
    for name, operation in OPERATIONS.items():
        path = _path_of(name, operation.INFO)
        paths[path] = _item(path, operation.INFO)
    return paths


def _output_item() -> Description:
    """Return the path item of the links that exports give."""
    content: Description = {kind: {} for kind in _FORMAT_TYPES["image"]}
    answers = {
        "200": {"description": "The file", "content": content},
        "304": {"description": "The client has it already"},
        "404": _failure("Its time is over, or there never was one"),
        "503": _failure("Too many requests wait"),
    }
    return {
        "parameters": [_path_parameter("service"), _path_parameter("file")],
        "get": {
            "tags": ["ArcGIS REST"],
            "summary": "A file that was exported",
            "responses": answers,
        },
    }


def token_item(path: str) -> Description:
    """Return the path item of one of the addresses of the token service."""
    info = OperationInfo(title="A token for a name and a password", hint="", fields=_TOKEN_FIELDS)
    return {"post": {**_item(path, info)["post"]}}


def _path_of(name: str, info: OperationInfo) -> str:
    inside = [argument for argument in info.arguments if f"{{{argument}}}" not in name]
    return "/".join(
        [SERVICE, *([name] if name != ROOT else []), *(f"{{{word}}}" for word in inside)]
    )


def _item(path: str, info: OperationInfo) -> Description:
    """Return GET and POST of one resource; both take the same parameters."""
    in_path = [name for name in ("service", "folder", *info.arguments) if f"{{{name}}}" in path]
    fields = [field for field in form_fields(info) if field.name not in in_path]
    if RASTER in path:
        in_path = list(dict.fromkeys([*in_path, "rasterId"]))
    fields += _steering(info)
    name = re.sub("[^A-Za-z0-9]", "_", path.removeprefix(TREE) or "/rest")
    shared = {
        "tags": ["ArcGIS REST"],
        "summary": info.title,
        "description": info.hint,
        "responses": _responses(info),
    }
    form = {
        "schema": {"type": "object", "properties": {field.name: _schema(field) for field in fields}}
    }
    contents = ("application/x-www-form-urlencoded", "multipart/form-data")
    return {
        "parameters": [_path_parameter(name) for name in in_path],
        "get": {
            "operationId": f"get{name}",
            **shared,
            "parameters": [_query_parameter(field) for field in fields],
        },
        "post": {
            "operationId": f"post{name}",
            **shared,
            "requestBody": {"content": dict.fromkeys(contents, form)},
        },
    }


def _steering(info: OperationInfo) -> list[FormField]:
    forms = ("image", "html") if info.returns_pixels else ("json", "pjson", "html", *info.formats)
    own = {field.name for field in info.fields}
    steering = (
        FormField("f", "the form of the answer", forms),
        FormField("callback", "the name of a JSONP function"),
    )
    return [field for field in steering if field.name not in own]


def _path_parameter(name: str) -> Description:
    hint = _SERVICE.hint if name == "service" else _PATH_HINTS.get(name, "")
    kind: Description = {"type": "string", "pattern": NAME_PATTERN}
    if name in _NUMBERS:
        kind = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "path", "required": True, "description": hint, "schema": kind}


def _query_parameter(field: FormField) -> Description:
    return {
        "name": field.name,
        "in": "query",
        "required": False,
        "description": field.hint,
        "schema": _schema(field),
    }


def _schema(field: FormField) -> Description:
    schema: Description = {"type": "string"}
    if field.hint:
        schema["description"] = field.hint
    choices = [choice for choice in field.choices if choice]
    if choices:
        schema["enum"] = choices
    return schema


def _responses(info: OperationInfo) -> Description:
    kinds: list[str] = ["image/*"] if info.returns_pixels else []
    for form in info.formats:
        kinds += _FORMAT_TYPES.get(form, ("*/*",))
    content = {
        "application/json": {"schema": ERROR_BODY},
        "text/html": {"schema": {"type": "string"}},
        "application/javascript": {"schema": {"type": "string"}},
        **{kind: {} for kind in dict.fromkeys(kinds)},
    }
    found = {
        "200": {"description": "The answer, or an error", "content": content},
        "304": {"description": "The client has the answer already (If-None-Match)"},
        "413": {"description": "The body is too large"},
        "503": _failure("Too many requests wait; Retry-After says when to come again"),
    }
    if info.returns_pixels:
        found["404"] = _failure("There is no such picture")
    if info.capability == "Tilemap":
        found["422"] = _failure("There are no tiles")
    return found


def _failure(description: str) -> Description:
    return {"description": description, "content": {"application/json": {"schema": ERROR_BODY}}}


def portal_item(names: Iterable[str]) -> Description:
    """Return the path item of an address of portals, of which there is none."""
    answer = {"404": _failure("This server stands alone")}
    shared = {"tags": ["ArcGIS REST"], "summary": "No portal", "responses": answer}
    return {
        "parameters": [_path_parameter(name) for name in names],
        "get": dict(shared),
        "post": dict(shared),
    }
