"""From the URL of a picture, as a client sends it, back to the service and the image request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from engine.errors import InvalidParameter, ServiceNotFound
from engine.request_parts import TileAddress
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.operations.base import Question
from server.protocols.arcgis.operations.tile import parse as parse_tile
from server.protocols.arcgis.parameters import Parameters
from server.protocols.xyz import service_and_scheme, tile_request

if TYPE_CHECKING:
    from engine.request import ImageRequest
    from server.site.service_registry import PublishedService, ServiceRegistry

_XYZ = re.compile(r".*/tiles/(?P<name>.+)/(\d+)/(\d+)/(\d+)(@2x)?\.(\w+)", re.ASCII)
_EXPORT = re.compile(
    r".*/arcgis/rest/services/(?P<name>.+)/ImageServer/(exportImage|export|explain)/?", re.I
)
_TILE = re.compile(
    r".*/arcgis/rest/services/(?P<name>.+)/ImageServer/tile/(\d+)/(\d+)/(\d+)/?", re.I | re.ASCII
)


def picture_of_url(url: str, registry: ServiceRegistry) -> tuple[PublishedService, ImageRequest]:
    """Return what a URL asks for; host and a proxy's prefix do not matter.

    Raises
    ------
    InvalidParameter
        The URL names no picture.
    ServiceNotFound
    RequestError
        A parameter of it is wrong.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if found := _XYZ.fullmatch(path):
        service, scheme = service_and_scheme(found["name"], registry)
        level, col, row = (int(text) for text in found.groups()[1:4])
        scale = 2 if found[5] else 1
        address = TileAddress(level=level, row=row, col=col, scale=scale, scheme=scheme)
        return service, tile_request(service, address, found[6], parts.query.encode())
    parameters = Parameters.from_query(parts.query)
    if found := _EXPORT.fullmatch(path):
        service = _service(found["name"], registry)
        return service, image_request(parameters, service.summary, service.name)
    if found := _TILE.fullmatch(path):
        service = _service(found["name"], registry)
        place = dict(zip(("level", "row", "col"), found.groups()[1:4], strict=True))
        question = Question(
            service=service.name,
            url="",
            f="image",
            summary=service.summary,
            parameters=Parameters.from_mapping(place).merged(parameters),
        )
        request = parse_tile(question).request
        return service, request  # type: ignore[return-value]  # -- a tile's request is an image
    raise InvalidParameter(
        "url", url, "…/exportImage?…, …/ImageServer/tile/level/row/col or …/tiles/NAME/z/x/y.png"
    )


def _service(name: str, registry: ServiceRegistry) -> PublishedService:
    found = registry.get(name)
    if found is None:
        raise ServiceNotFound(name)
    return found
