"""The OpenAPI description of every route, served at `/openapi.json`.

It is made from the route table itself: a route that nobody described here is in it all the same, with
the first line of its handler's docstring.

References
----------
OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

import inspect
import re
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response
from starlette.routing import Mount, Route

from config.definition import TileSchemeName
from server.access.credentials import SESSION_COOKIE
from server.http.http_caching import conditional
from server.protocols.arcgis.described_paths import (
    ERROR,
    ERROR_BODY,
    ERROR_SCHEMA,
    NAME_PATTERN,
    TREE,
    Description,
    described_paths,
    portal_item,
    token_item,
)
from server.protocols.wms.described_path import list_item, wms_item
from server.protocols.wms.router import LISTS
from server.protocols.xyz import FORMATS
from server.version import PROGRAM_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from server.state import ServerState

PATH = "/openapi.json"
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_JSON, _HTML, _TEXT, _XML = "application/json", "text/html", "text/plain", "text/xml"
_TILES = ("image/png", "image/jpeg", "image/webp", "application/octet-stream")
# Who has shown nothing, or may not see what is there.
_REFUSED: dict[str, tuple[str, ...]] = {"401": (_JSON,), "403": (_JSON,)}
_OF_TILES: dict[str, tuple[str, ...]] = {
    "200": (_JSON,),
    "400": (_JSON,),
    "404": (_JSON,),
    "304": (),
    **_REFUSED,
}
# Status and media type of what handlers answer with beside ArcGIS REST, by path.
_ANSWERS: dict[str, dict[str, tuple[str, ...]]] = {
    "/health/live": {"200": (_JSON,)},
    "/health/ready": {"200": (_JSON,), "503": (_JSON,)},
    "/metrics": {"200": (_TEXT,), **_REFUSED},
    "/tiles/{name}/schemes.json": {"200": (_JSON,), "404": (_JSON,), "304": (), **_REFUSED},
    "/tiles/{name}/tilejson.json": _OF_TILES,
    "/tiles/{name}.json": _OF_TILES,
    "/": {"200": (_HTML,)},
    "/map/{name}": {"200": (_HTML,), "404": (_HTML,), "303": (), "308": ()},
    "/login": {
        "200": (_HTML,),
        "303": (),
        "400": (_HTML,),
        "401": (_HTML,),
        "403": (_HTML,),
        "429": (_HTML,),
    },
    "/logout": {"303": (), "403": (_HTML,)},
    PATH: {"200": (_JSON,), "304": ()},
}
# How a caller shows who it is, where services are not public; see `server.access.credentials`.
_SCHEMES: Description = {
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A key of `swath key create`.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "Such a key, or a token of `/arcgis/tokens/generateToken`.",
    },
    "token": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The same, as clients of ArcGIS send it.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Of a browser that signed in at `/login`.",
    },
}
# Nothing needs be shown to see what is public.
_SECURITY: list[Description] = [{}, *({name: []} for name in _SCHEMES)]
_SOAP = "/arcgis/services"
_TILE_QUERY = ("renderingRule", "mosaicRule", "time", "interpolation", "bandIds")
_TILE = "/tiles/{name}/{z}/{x}/{y}.{format}"
_TILE_OF_SCHEME = "/tiles/{name}/{scheme}/{z}/{x}/{y}.{format}"


def routes(state: ServerState, others: Sequence[BaseRoute]) -> list[BaseRoute]:
    """Return the route of the description of the routes given, and of itself.

    Parameters
    ----------
    others
        All other routes of the application.
    """

    async def endpoint(request: Request) -> Response:
        """Describe all that can be asked of this server, as OpenAPI 3.1."""
        request.scope["swath.labels"] = ("", "", "openapi")
        body = described(state.public_base(request))
        return conditional(request, (body,), partial(Response, body, media_type=_JSON))

    own: list[BaseRoute] = [Route(PATH, endpoint)]

    # Both on demand: nobody may ever ask. Whoever invents hosts makes no more than a few.
    @cache
    def paths() -> Description:
        return described_routes([*others, *own])

    @lru_cache(maxsize=4)
    def described(base: str) -> bytes:
        return msgspec.json.encode(document(paths(), base))

    return own


def described_routes(described: Sequence[BaseRoute]) -> Description:
    """Return the path items of routes, by path."""
    paths = described_paths()
    paths[_TILE] = _tile_item("A tile of the Web Mercator scheme")
    schemes = {**_text_parameter("scheme"), "schema": {"enum": list(TileSchemeName)}}
    paths[_TILE_OF_SCHEME] = _tile_item("A tile of a scheme of the service", schemes)
    for route in described:
        path = openapi_path(route)
        if not path.startswith(TREE):
            paths.setdefault(path, _item_of(route, path))
    for path, item in paths.items():
        _name_operations(path, item)
    return dict(sorted(paths.items()))


def _name_operations(path: str, item: Description) -> None:
    """Give what has no operationId one that its address makes: generators of clients name functions by it."""
    for method in ("get", "post"):
        if method in item:
            words = re.sub("[^A-Za-z0-9]+", "_", path)
            item[method] = {"operationId": f"{method}{words}", **item[method]}


def document(paths: Description, base: str) -> Description:
    """Return the description of path items.

    Parameters
    ----------
    base : str
        The server's public URL.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Swath",
            "version": PROGRAM_VERSION,
            "description": "A dynamic image server: ArcGIS ImageServer REST, WMS, tiles, and pages.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base}],
        "security": _SECURITY,
        "paths": paths,
        "components": {"schemas": {ERROR: ERROR_SCHEMA}, "securitySchemes": _SCHEMES},
    }


def openapi_path(route: BaseRoute) -> str:
    """Return the path of a route as OpenAPI writes it: without converters."""
    path: str = getattr(route, "path", "")
    if isinstance(route, Mount):
        path += "/{path}"
    return _PARAMETER.sub(r"{\1}", path)


def _item_of(route: BaseRoute, path: str) -> Description:
    names = _PARAMETER.findall(path)
    if path.startswith("/arcgis/tokens") or path == "/arcgis/admin/generateToken":
        return token_item(path)
    if path in LISTS:
        return list_item()
    if "WMSServer" in path or path.startswith("/wms"):
        return wms_item([_text_parameter(name) for name in names])
    if "/sharing" in path or path == "/arcgis/info":
        return portal_item(names)
    methods = sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"})
    operation: Description = {
        "summary": _summary(route),
        "parameters": [_text_parameter(name) for name in names],
        "responses": _responses(path),
    }
    return {method.lower(): dict(operation) for method in methods}


def _summary(route: BaseRoute) -> str:
    words = inspect.getdoc(getattr(route, "endpoint", None)) or ""
    return words.partition("\n")[0] or str(getattr(route, "name", "") or "A resource")


def _text_parameter(name: str) -> Description:
    schema = {"type": "string", "pattern": NAME_PATTERN}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameter(name: str) -> Description:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}


def _responses(path: str) -> Description:
    if path.startswith(_SOAP) and (
        path.endswith(("ImageServer", "ImageServer/")) or "{" not in path
    ):
        fault: dict[str, Any] = {"description": "A SOAP fault: there is no SOAP here"}
        soap_12: Description = {"application/soap+xml": {}}
        return {"500": {**fault, "content": {_XML: {}}}, "400": {**fault, "content": soap_12}}
    answers = _ANSWERS.get(path)
    if answers is None:
        return {"default": {"description": "The answer"}}
    return {status: _response(status, kinds) for status, kinds in answers.items()}


def _response(status: str, kinds: Sequence[str]) -> Description:
    schema = {"schema": ERROR_BODY} if status in ("400", "401", "403", "404") else {}
    found: Description = {"description": "The answer" if status < "300" else "No such answer"}
    if kinds:
        found["content"] = {kind: schema if kind == _JSON else {} for kind in kinds}
    return found


def _tile_item(summary: str, *further: Description) -> Description:
    """Return the path item of tiles, which are answered before any route is looked at."""
    numbers = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
    places = [{**_text_parameter(name), "schema": numbers} for name in "zxy"]
    ending = {**_text_parameter("format"), "schema": {"enum": list(FORMATS)}}
    query = [_query_parameter(name) for name in _TILE_QUERY]
    answers = {
        "200": _TILES,
        "304": (),
        "400": (_JSON,),
        "404": (_JSON,),
        "503": (_JSON,),
    } | _REFUSED
    return {
        "get": {
            "summary": summary,
            "parameters": [_text_parameter("name"), *further, *places, ending, *query],
            "responses": {status: _response(status, kinds) for status, kinds in answers.items()},
        }
    }
