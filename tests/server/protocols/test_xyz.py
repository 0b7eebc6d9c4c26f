"""Tiles and TileJSON without HTTP."""

from types import SimpleNamespace

import pytest

from config.definition import Interpolation, MosaicMethod, ServiceProperties
from engine.errors import InvalidParameter, RequestError, TileOutsideLimits
from engine.extent import Extent
from engine.request import TileAddress
from server.protocols.xyz import deepest_level, first_level, tile_json, tile_request

SUMMARY = SimpleNamespace(
    properties=ServiceProperties(title="A <b>", copyright="(c)"),
    bands=(1, 2, 3),
    extent=Extent(0, 0, 1000, 1000),
    extent_mercator=Extent(0, 0, 2000, 2000),
    extent_lonlat=Extent(0, 0, 1, 2),
    pixel_size_x=5.0,
    templates=(),
)
SERVICE = SimpleNamespace(name="a folder/näme", version="1", summary=SUMMARY)
ADDRESS = TileAddress(level=3, row=2, col=1)


def test_parameters_are_those_of_export_image():
    query = (
        b"mosaicRule=%7B%22mosaicMethod%22%3A%22esriMosaicCenter%22%7D&interpolation="
        b"RSP_CubicConvolution&time=0,1000&bandIds=2,0"
    )
    request = tile_request(SERVICE, ADDRESS, "JPEG", query)
    assert request.view.tile == ADDRESS
    assert request.encoding.format == "jpg"
    assert request.mosaic.method is MosaicMethod.CENTER
    assert request.interpolation is Interpolation.CUBIC
    assert (request.time.start, request.time.end) == (0, 1000)
    assert request.band_ids == (2, 0)


def test_a_query_is_read_once_for_all_tiles_and_formats():
    query = b"renderingRule=%7B%22rasterFunction%22%3A%22NDVI%22%7D"
    first = tile_request(SERVICE, ADDRESS, "png", query)
    second = tile_request(SERVICE, TileAddress(level=4, row=1, col=1), "jpg", query)
    assert second.rendering is first.rendering
    assert (second.view.tile.level, second.encoding.format) == (4, "jpg")
    other = SimpleNamespace(name=SERVICE.name, version="2", summary=SUMMARY)
    assert tile_request(other, ADDRESS, "png", query).rendering is not first.rendering


def test_no_query_is_the_default_picture():
    plain = tile_request(SERVICE, ADDRESS, "png", b"")
    assert plain == tile_request(SERVICE, ADDRESS, "PNG", b"unknown=1")
    assert plain.mosaic is None


@pytest.mark.parametrize(
    "query",
    [
        b"time=x",
        b"bandIds=7",
        b"mosaicRule=[",
        b"renderingRule=%7B%22rasterFunction%22%3A%22Boom%22%7D",
    ],
)
def test_bad_parameters_are_request_errors(query):
    with pytest.raises(RequestError):
        tile_request(SERVICE, ADDRESS, "png", query)


def test_bad_addresses_and_endings_are_refused():
    with pytest.raises(InvalidParameter):
        tile_request(SERVICE, ADDRESS, "tif", b"")
    with pytest.raises(TileOutsideLimits):
        tile_request(SERVICE, TileAddress(level=1, row=5, col=0), "png", b"")


def test_levels_follow_the_data():
    assert deepest_level(SUMMARY) == 14
    assert first_level(SUMMARY) == 17
    nowhere = SimpleNamespace(extent_mercator=None, extent=SUMMARY.extent)
    assert (deepest_level(nowhere), first_level(nowhere)) == (0, 0)


def test_the_document_escapes_names_in_its_url():
    document = tile_json(SERVICE, "https://h/p", "a=1", "webp")
    assert document["tiles"] == ["https://h/p/tiles/a%20folder/n%C3%A4me/{z}/{x}/{y}.webp?a=1"]
    assert document["bounds"] == [0, 0, 1, 2]
