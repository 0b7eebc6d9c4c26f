"""Tiles and TileJSON without HTTP."""

from types import SimpleNamespace

import msgspec
import pytest

from config.definition import Interpolation, MosaicMethod, ServiceProperties, TileSchemeName
from engine.errors import InvalidParameter, RequestError, ServiceNotFound, TileOutsideLimits
from engine.extent import Extent
from engine.request_parts import TileAddress
from engine.tile_scheme import WEB_MERCATOR
from server.protocols.arcgis.tile_info import deepest_level
from server.protocols.xyz import (
    first_level,
    schemes_json,
    service_and_scheme,
    tile_json,
    tile_request,
)

SUMMARY = SimpleNamespace(
    properties=ServiceProperties(title="A <b>", copyright="(c)"),
    bands=(1, 2, 3),
    extent=Extent(0, 0, 1000, 1000),
    extent_mercator=Extent(0, 0, 2000, 2000),
    extent_lonlat=Extent(0, 0, 1, 2),
    crs="EPSG:32632",
    is_geographic=False,
    metres_per_unit=1.0,
    pixel_size_x=5.0,
    pixel_size_y=5.0,
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
    assert deepest_level(SUMMARY, WEB_MERCATOR) == 14
    assert first_level(SUMMARY, WEB_MERCATOR) == 17
    nowhere = SimpleNamespace(extent_mercator=None, extent=SUMMARY.extent)
    assert deepest_level(nowhere, WEB_MERCATOR) == first_level(nowhere, WEB_MERCATOR) == 0


def test_schemes_are_named_behind_the_service():
    registry = {"a/b": SERVICE, "a": SERVICE, "a/own": SERVICE}
    for name, scheme in (
        ("a/b", None),
        ("a/b/web-mercator", None),
        ("a/b/geographic", TileSchemeName.GEOGRAPHIC),
        ("a/geographic", TileSchemeName.GEOGRAPHIC),
        # A service of that name comes first.
        ("a/own", None),
        ("a/own/own", TileSchemeName.OWN),
    ):
        assert service_and_scheme(name, registry) == (SERVICE, scheme)
    for name in ("own", "a/b/mars", "x/own", ""):
        with pytest.raises(ServiceNotFound):
            service_and_scheme(name, registry)


def test_other_schemes_are_told_with_their_numbers():
    document = tile_json(SERVICE, "https://h", "", "png", TileSchemeName.GEOGRAPHIC)
    assert document["tiles"] == ["https://h/tiles/a%20folder/n%C3%A4me/geographic/{z}/{x}/{y}.png"]
    assert (document["crs"], document["origin"]) == ("EPSG:4326", [-180.0, 90.0])
    assert document["resolutions"][:2] == (0.703125, 0.3515625)
    assert "crs" not in tile_json(SERVICE, "https://h", "", "png")
    listed = schemes_json(SERVICE, "https://h")["schemes"]
    assert [each["name"] for each in listed] == ["web-mercator", "geographic", "own"]
    assert listed[2]["resolutions"][-1] == 5.0
    assert listed[2]["tilejson"].endswith("/own/tilejson.json")


def test_a_tile_of_another_scheme_is_another_request():
    address = msgspec.structs.replace(ADDRESS, scheme=TileSchemeName.GEOGRAPHIC)
    request = tile_request(SERVICE, address, "lerc", b"")
    assert request.view.tile.scheme is TileSchemeName.GEOGRAPHIC
    assert request.encoding.format == "lerc"
    beyond = msgspec.structs.replace(address, row=8)
    with pytest.raises(TileOutsideLimits):
        tile_request(SERVICE, beyond, "png", b"")


def test_the_document_escapes_names_in_its_url():
    document = tile_json(SERVICE, "https://h/p", "a=1", "webp")
    assert document["tiles"] == ["https://h/p/tiles/a%20folder/n%C3%A4me/{z}/{x}/{y}.webp?a=1"]
    assert document["bounds"] == [0, 0, 1, 2]
