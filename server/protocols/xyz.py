"""Tiles by z/x/y and their TileJSON; the tiles themselves are answered by `server.tile_path`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec
from cachetools import LRUCache
from starlette.responses import Response
from starlette.routing import Route

from engine.errors import ImageServerError, InvalidParameter
from engine.request import Encoding, ImageRequest, TileAddress, View
from server.edge import error_message
from server.http_caching import conditional
from server.instances.job import Job
from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rendering_rule import rendering_rule, rule_scope
from server.protocols.arcgis.rules import interpolation, mosaic_rule, time_range
from server.python_functions.known import known_functions
from server.tile_schemes import check_tile, level_of_pixel_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from engine.summary import ServiceSummary
    from server.python_functions.manifest import FunctionManifest
    from server.service_registry import PublishedService
    from server.state import ServerState

FORMATS = {"png": "png", "jpg": "jpg", "jpeg": "jpg", "webp": "webp"}
_ENCODINGS = {ending: Encoding(format=name) for ending, name in FORMATS.items()}
_MOST_QUERIES = 256
_LONGEST_KEPT = 8192
# What changes the picture; anything else in a tile's query is not ours and is ignored.
_PICTURE_PARAMETERS = ("mosaicrule", "renderingrule", "time", "interpolation", "bandids")


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
        raise InvalidParameter("format", ending, "png, jpg or webp")
    check_tile(address.level, address.row, address.col)
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


def tile_json(service: PublishedService, base: str, query: str, ending: str) -> dict[str, Any]:
    """Return the TileJSON of a service.

    References
    ----------
    TileJSON 3.0.0.
    """
    summary = service.summary
    properties = summary.properties
    url = f"{base}/tiles/{quote(service.name)}/{{z}}/{{x}}/{{y}}.{ending}"
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": properties.title or service.name,
        "description": properties.description,
        "attribution": properties.copyright,
        "scheme": "xyz",
        "tiles": [f"{url}?{query}" if query else url],
        "minzoom": 0,
        "maxzoom": deepest_level(summary),
    }
    box = summary.extent_lonlat
    if box is not None:
        document["bounds"] = [box.xmin, box.ymin, box.xmax, box.ymax]
        document["center"] = [box.center_x, box.center_y, first_level(summary)]
    return document


def deepest_level(summary: ServiceSummary) -> int:
    """Return the level that shows every source pixel; finer ones only enlarge."""
    box = summary.extent_mercator
    if box is None or summary.extent.width <= 0:
        return 0
    return level_of_pixel_size(summary.pixel_size_x * box.width / summary.extent.width)


def first_level(summary: ServiceSummary) -> int:
    """Return the level at which the whole service fits a window of about 1024 pixels."""
    box = summary.extent_mercator
    if box is None:
        return 0
    return level_of_pixel_size(max(box.width, box.height, 1.0) / 1024)


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of TileJSON; tiles have their own path."""

    async def endpoint(request: Request) -> Response:
        try:
            return _answer(request, state)
        except ImageServerError as error:
            status, headers, body = error_message(error)
            named = {key.decode(): value.decode() for key, value in headers}
            return Response(body, status, named)

    return [
        Route("/tiles/{name:path}/tilejson.json", endpoint),
        Route("/tiles/{name:path}.json", endpoint),
    ]


def _answer(request: Request, state: ServerState) -> Response:
    service = state.service(request.path_params["name"])
    request.scope["swath.labels"] = (service.name, "xyz", "tilejson")
    ending = request.query_params.get("format", "png").lower()
    if ending not in FORMATS:
        raise InvalidParameter("format", ending, "png, jpg or webp")
    kept = [
        (key, value)
        for key, value in request.query_params.multi_items()
        if key.lower() in _PICTURE_PARAMETERS
    ]
    query = urlencode(kept)
    # Whatever a tile would refuse is refused here, where somebody reads the message.
    tile_request(service, TileAddress(level=0, row=0, col=0), ending, query.encode())
    base = state.public_base(request)

    def make() -> Response:
        document = tile_json(service, base, query, ending)
        return Response(msgspec.json.encode(document), media_type="application/json")

    return conditional(request, (service.version, service.name, base, query, ending), make)
