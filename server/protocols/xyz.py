"""Tiles by z/x/y and their TileJSON; the tiles themselves are answered by `server.http.tile_path`.

/tiles/NAME/{z}/{x}/{y}[@2x].{format}           Web Mercator
/tiles/NAME/SCHEME/{z}/{x}/{y}[@2x].{format}    web-mercator, geographic or own
/tiles/NAME[/SCHEME]/tilejson.json              what map libraries read
/tiles/NAME/schemes.json                        the schemes with their numbers
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec
from cachetools import LRUCache
from starlette.responses import Response
from starlette.routing import Route

from config.definition import TileSchemeName
from engine.errors import ImageServerError, InvalidParameter, ServiceNotFound
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.tile_scheme import TILE_PIXELS, covered, scheme_of, tile_scheme
from server.http.edge import error_message
from server.http.http_caching import conditional
from server.http.responses import note_error
from server.instances.job import Job
from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rendering_rule import rendering_rule, rule_scope
from server.protocols.arcgis.rules import interpolation, mosaic_rule, time_range
from server.protocols.arcgis.tile_info import deepest_level
from server.python_functions.known import known_functions
from server.visitor import visitor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from engine.summary import ServiceSummary
    from engine.tile_scheme import TileScheme
    from server.python_functions.manifest import FunctionManifest
    from server.site.service_registry import PublishedService, ServiceRegistry
    from server.state import ServerState
    from server.visitor import Visitor

FORMATS = {"png": "png", "jpg": "jpg", "jpeg": "jpg", "webp": "webp", "lerc": "lerc"}
_ACCEPTED = "png, jpg, webp or lerc"
_SCHEMES = {name.value: name for name in TileSchemeName}
_ENCODINGS = {ending: Encoding(format=name) for ending, name in FORMATS.items()}
_MOST_QUERIES = 256
_LONGEST_KEPT = 8192
# What changes the picture; anything else in a tile's query is not ours and is ignored.
_PICTURE_PARAMETERS = ("mosaicrule", "renderingrule", "time", "interpolation", "bandids")


def service_and_scheme(
    name: str, registry: ServiceRegistry
) -> tuple[PublishedService, TileSchemeName | None]:
    """Return what the part of a tile's path before its numbers names; None = Web Mercator.

    Whether the service may be seen is for the caller to ask, also where there is none: of one that is
    hidden and of one that is not there, the same name is told.

    Raises
    ------
    ServiceNotFound
    """
    found = registry.get(name)
    if found is not None:
        return found, None
    base, _, last = name.rpartition("/")
    if last not in _SCHEMES or not base:
        raise ServiceNotFound(name)
    found = registry.get(base)
    if found is None:
        raise ServiceNotFound(base if "/" in base else name)
    scheme = _SCHEMES[last]
    return found, None if scheme is TileSchemeName.WEB_MERCATOR else scheme


def seen_service_and_scheme(
    name: str, state: ServerState, visitor: Visitor
) -> tuple[PublishedService, TileSchemeName | None]:
    """Do as `service_and_scheme`, with what a visitor may see.

    Raises
    ------
    ServiceNotFound
    AccessError
    """
    try:
        found, scheme = service_and_scheme(name, state.registry)
    except ServiceNotFound as error:
        visitor.service(error.fields[0])
        raise
    return visitor.service(found.name), scheme


def tile_request(
    service: PublishedService, address: TileAddress, ending: str, query: bytes
) -> ImageRequest:
    """Return the request for one tile.

    Raises
    ------
    RequestError
        A parameter or the file ending is wrong.
    TileOutsideLimits
        The scheme has no such tile.
    """
    encoding = _ENCODINGS.get(ending.lower())
    if encoding is None:
        raise InvalidParameter("format", ending, _ACCEPTED)
    scheme_of(service.summary, address).check(address.level, address.row, address.col)
    view = View(tile=address)
    if not query:
        return ImageRequest(view=view, encoding=encoding)
    return msgspec.structs.replace(_pictures.of(service, query), view=view, encoding=encoding)


class _Pictures:
    """What queries of tiles say of the picture: a map asks thousands of tiles with one of them."""

    def __init__(self) -> None:
        self._known: LRUCache[tuple[str, str, bytes], ImageRequest] = LRUCache(_MOST_QUERIES)
        self._functions: Mapping[str, FunctionManifest] = {}

    def of(self, service: PublishedService, query: bytes) -> ImageRequest:
        """Return a request but for its tile and encoding."""
        functions = known_functions()
        if self._functions is not functions:
            self._known.clear()
            self._functions = functions
        key = (service.version, service.name, query)
        found = self._known.get(key)
        if found is None:
            found = _picture_of(service, query)
            if len(query) <= _LONGEST_KEPT:
                self._known[key] = found
        return found


_pictures = _Pictures()


def _picture_of(service: PublishedService, query: bytes) -> ImageRequest:
    parameters = Parameters.from_query(query)
    return ImageRequest(
        view=View(),
        encoding=_ENCODINGS["png"],
        interpolation=interpolation(parameters),
        band_ids=band_ids_parameter(parameters, service.summary),
        mosaic=mosaic_rule(parameters),
        rendering=rendering_rule(parameters, rule_scope(service.name, service.summary)),
        time=time_range(parameters),
    )


def tile_job(service: PublishedService, request: ImageRequest) -> Job:
    """Return the job of one tile."""
    return Job(service=service, request=request, operation="tile", protocol="xyz")


def tile_json(
    service: PublishedService,
    base: str,
    query: str,
    ending: str,
    name: TileSchemeName | None = None,
) -> dict[str, Any]:
    """Return the TileJSON of a service; of other schemes than Web Mercator with their numbers.

    References
    ----------
    TileJSON 3.0.0.
    """
    summary = service.summary
    properties = summary.properties
    scheme = tile_scheme(summary, name)
    url = f"{_address(service, base, name)}/{{z}}/{{x}}/{{y}}.{ending}"
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": properties.title or service.name,
        "description": properties.description,
        "attribution": properties.copyright,
        "scheme": "xyz",
        "tiles": [f"{url}?{query}" if query else url],
        "minzoom": 0,
        "maxzoom": deepest_level(summary, scheme),
        **({} if name is None else _numbers(scheme)),
    }
    box = summary.extent_lonlat
    if box is not None:
        document["bounds"] = [box.xmin, box.ymin, box.xmax, box.ymax]
        document["center"] = [box.center_x, box.center_y, first_level(summary, scheme)]
    return document


def schemes_json(service: PublishedService, base: str, query: str = "") -> dict[str, Any]:
    """Return the tile schemes of a service, with all that a map library needs to use them."""
    ending = f"?{query}" if query else ""
    found = []
    for name in TileSchemeName:
        scheme = tile_scheme(service.summary, name)
        address = _address(service, base, name)
        found.append(
            {
                "name": name.value,
                **_numbers(scheme),
                "minzoom": 0,
                "maxzoom": deepest_level(service.summary, scheme),
                "tiles": [f"{address}/{{z}}/{{x}}/{{y}}.png{ending}"],
                "tilejson": f"{address}/tilejson.json{ending}",
            }
        )
    return {"schemes": found}


def _address(service: PublishedService, base: str, name: TileSchemeName | None) -> str:
    address = f"{base}/tiles/{quote(service.name)}"
    return address if name is None else f"{address}/{name.value}"


def _numbers(scheme: TileScheme) -> dict[str, Any]:
    return {
        "crs": scheme.crs,
        "origin": [scheme.origin_x, scheme.origin_y],
        "tileSize": TILE_PIXELS,
        "resolutions": scheme.resolutions,
    }


def first_level(summary: ServiceSummary, scheme: TileScheme) -> int:
    """Return the level at which the whole service fits a window of about 1024 pixels."""
    box = covered(summary, scheme)
    if box is None:
        return 0
    return scheme.level_of_pixel_size(max(box.width, box.height) / 1024)


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of TileJSON; tiles have their own path."""

    async def endpoint(request: Request) -> Response:
        """Describe the tiles of a service, or of one of its schemes, as TileJSON."""
        return _worded(request, partial(_tile_json_answer, request, state))

    async def schemes(request: Request) -> Response:
        """List the tile schemes of a service with their numbers."""
        return _worded(request, partial(_schemes_answer, request, state))

    return [
        Route("/tiles/{name:path}/schemes.json", schemes),
        Route("/tiles/{name:path}/tilejson.json", endpoint),
        Route("/tiles/{name:path}.json", endpoint),
    ]


def _worded(request: Request, answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except ImageServerError as error:
        status, headers, body = error_message(error)
        note_error(request, error, status)
        named = {key.decode(): value.decode() for key, value in headers}
        return Response(body, status, named)


def _schemes_answer(request: Request, state: ServerState) -> Response:
    visitor = visitor_of(state, request.scope)
    service = visitor.service(request.path_params["name"])
    request.scope["swath.labels"] = (service.name, "xyz", "schemes")
    base = state.public_base(request)
    query = urlencode(_token(visitor, service))

    def make() -> Response:
        document = schemes_json(service, base, query)
        return Response(msgspec.json.encode(document), media_type="application/json")

    return conditional(request, (service.version, service.name, base, query), make)


def _token(visitor: Visitor, service: PublishedService) -> list[tuple[str, str]]:
    """Return what links carry because map libraries take them as they are."""
    token = visitor.carried(service.name)
    return [("token", token)] if token else []


def _tile_json_answer(request: Request, state: ServerState) -> Response:
    visitor = visitor_of(state, request.scope)
    service, scheme = seen_service_and_scheme(request.path_params["name"], state, visitor)
    request.scope["swath.labels"] = (service.name, "xyz", "tilejson")
    ending = request.query_params.get("format", "png").lower()
    if ending not in FORMATS:
        raise InvalidParameter("format", ending, _ACCEPTED)
    kept = [
        (key, value)
        for key, value in request.query_params.multi_items()
        if key.lower() in _PICTURE_PARAMETERS
    ]
    query = urlencode(kept + _token(visitor, service))
    # Whatever a tile would refuse is refused here, where somebody reads the message.
    tile_request(service, TileAddress(level=0, row=0, col=0), ending, query.encode())
    base = state.public_base(request)

    def make() -> Response:
        document = tile_json(service, base, query, ending, scheme)
        return Response(msgspec.json.encode(document), media_type="application/json")

    key = (service.version, service.name, scheme or "", base, query, ending)
    return conditional(request, key, make)
