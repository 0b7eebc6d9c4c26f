"""From a picture's URL back to its request."""

from pathlib import Path

import pytest

from config.definition import TileSchemeName
from engine.errors import InvalidParameter, NotFound
from engine.request_parts import TileAddress
from server.http.request_url import picture_of_url
from server.site.service_registry import ServiceRegistry

EXPORT = (
    "/arcgis/rest/services/test/picture/ImageServer/exportImage?bbox=1,2,3,4&size=30,40&format=png"
)


@pytest.fixture
def registry(data_folder):
    registry = ServiceRegistry(Path(data_folder))
    registry.poll()
    return registry


@pytest.mark.parametrize("start", ["", "http://host:8080", "https://host/imagery"])
def test_an_export_is_read_behind_any_prefix(registry, start):
    service, image = picture_of_url(start + EXPORT, registry)
    assert service.name == "test/picture"
    assert (image.view.width, image.view.height) == (30, 40)


def test_tiles_of_both_kinds_are_the_same_picture(registry):
    _, xyz = picture_of_url("http://h/tiles/test/picture/12/2218/1400@2x.jpg?bandIds=0", registry)
    assert xyz.view.tile == TileAddress(level=12, row=1400, col=2218, scale=2)
    assert xyz.band_ids == (0,)
    level = 8
    document = "/arcgis/rest/services/test/picture/ImageServer/tile/8/86/138"
    _, rest = picture_of_url(document, registry)
    assert rest.view.tile == TileAddress(level=level, row=86, col=138)


def test_tiles_of_other_schemes_are_read_too(registry):
    service, image = picture_of_url("/tiles/test/picture/geographic/9/100/50.png", registry)
    assert service.name == "test/picture"
    scheme = TileSchemeName.GEOGRAPHIC
    assert image.view.tile == TileAddress(level=9, row=50, col=100, scheme=scheme)


@pytest.mark.parametrize("url", ["", "http://h/", "/tiles/test/picture/1/2.png", "/x?bbox=1,2,3,4"])
def test_other_urls_are_refused_with_what_is_accepted(registry, url):
    with pytest.raises(InvalidParameter, match="exportImage"):
        picture_of_url(url, registry)


def test_an_unknown_service_is_named(registry):
    with pytest.raises(NotFound, match="test/none"):
        picture_of_url("/tiles/test/none/1/0/0.png", registry)
