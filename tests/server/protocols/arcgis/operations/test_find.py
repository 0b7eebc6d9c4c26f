"""find, queryGPSInfo, getImageUrl, queryBoundary, validate and what is refused, on live servers.

Covers server.protocols.arcgis.operations.query_gps_info, server.protocols.arcgis.operations.get_image_url,
server.protocols.arcgis.operations.query_boundary, server.protocols.arcgis.operations.validate,
server.protocols.arcgis.operations.editing, server.protocols.arcgis.image_places and
server.protocols.arcgis.raster_uri too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import RequestError
from engine.request import CatalogImagesRequest
from engine.request_parts import MapPoint
from server.protocols.arcgis.operations import find, get_image_url, query_gps_info
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.raster_uri import raster_of_uri, raster_uri

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from server.protocols.arcgis.operations.base import Question

HILLS = "demo/hills/ImageServer/"


def _asked(client: httpx.Client, path: str, **parameters: str) -> dict[str, Any]:
    reply = client.get(HILLS + path, params={"f": "json", **parameters})
    assert reply.status_code == 200
    value: dict[str, Any] = reply.json()
    return value


# find and queryGPSInfo.


def test_find_asks_for_what_shows_a_place_from_another(ask: Callable[..., Question]) -> None:
    request = find.parse(
        ask({"toGeometry": "505000,5504000", "fromGeometry": "{x:1,y:2}", "inSR": "4326"})
    ).request
    assert isinstance(request, CatalogImagesRequest)
    assert request.rows.geometry
    assert (request.rows.crs, request.rows.limit) == ("EPSG:4326", 10)
    assert request.near == MapPoint(x=1.0, y=2.0, crs="EPSG:4326")


def test_without_a_standpoint_the_nearest_to_what_is_seen_comes_first(
    ask: Callable[..., Question],
) -> None:
    request = find.parse(ask({"toGeometry": "505000,5504000", "maxCount": "3"})).request
    assert isinstance(request, CatalogImagesRequest)
    assert request.near == MapPoint(x=505000.0, y=5504000.0)
    assert request.rows.limit == 3
    boxed = find.parse(ask({"toGeometry": "1,2,3,4"})).request
    assert isinstance(boxed, CatalogImagesRequest)
    assert boxed.near is None


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, "toGeometry"),
        ({"fromGeometry": "1,2,3,4"}, "fromGeometry"),
        ({"toGeometry": "1"}, "toGeometry"),
        ({"objectIds": "a"}, "objectIds"),
        ({"objectIds": "1", "maxCount": "0"}, "maxCount"),
        ({"where": "x" * 20_000}, "where"),
    ],
)
def test_a_bad_question_is_named(
    ask: Callable[..., Question], parameters: dict[str, str], named: str
) -> None:
    with pytest.raises(RequestError, match=named):
        find.parse(ask(parameters))


def test_images_are_found_by_place(client: httpx.Client) -> None:
    found = _asked(client, "find", toGeometry="500010,5500600")["images"]
    assert [image["id"] for image in found] == [1]
    both = _asked(client, "find", toGeometry="500400,5500300", fromGeometry="500900,5500300")
    assert [image["id"] for image in both["images"]] == [2, 1]
    (image,) = found
    assert image["uri"] == "raster/1"
    assert image["acquisitionDate"] == 1_600_000_000_000
    assert image["center"]["x"] == pytest.approx(500320)
    assert image["center"]["spatialReference"]["latestWkid"] == 32633
    # A plain map has no camera.
    assert (image["perspectiveCenter"], image["cameraID"]) == (None, None)
    assert set(image) == {
        "id",
        "uri",
        "name",
        "acquisitionDate",
        "cameraID",
        "center",
        "perspectiveCenter",
        "orientation",
    }


def test_gps_information_is_of_the_rows_asked_for(client: httpx.Client) -> None:
    found = _asked(client, "queryGPSInfo", where="OBJECTID = 2", outSR="4326")
    (image,) = found["images"]
    assert set(image) == {
        "id",
        "name",
        "acquisitionDate",
        "cameraID",
        "center",
        "gps",
        "orientation",
    }
    assert (image["id"], found["cameras"]) == (2, [])
    assert image["center"]["x"] == pytest.approx(15.0089, abs=1e-3)
    assert image["center"]["spatialReference"]["wkid"] == 4326


def test_gps_information_needs_a_catalog(ask: Callable[..., Question], raster: Any) -> None:
    with pytest.raises(RequestError, match="catalog"):
        query_gps_info.parse(ask({}, summary=raster))


# getImageUrl.


@pytest.mark.parametrize(
    "uri", ["", "raster/x", "/etc/passwd", "raster/1/../2", "raster/" + "9" * 16]
)
def test_a_uri_is_one_that_find_gave(uri: str) -> None:
    assert raster_of_uri(Parameters.from_mapping({"uri": raster_uri(7)})) == 7
    assert raster_of_uri(Parameters.from_mapping({"rasterId": "8"})) == 8
    with pytest.raises(RequestError, match="uri"):
        raster_of_uri(Parameters.from_mapping({"uri": uri}))


def test_an_address_of_a_file_is_given_where_downloads_are(client: httpx.Client) -> None:
    assert get_image_url.INFO.capability == "Download"
    error = _asked(client, "getImageUrl", rasterId="1")["error"]
    assert (error["code"], "Download" in error["message"]) == (400, True)


# queryBoundary.


def test_the_boundary_is_a_polygon_with_its_area(client: httpx.Client) -> None:
    found = _asked(client, "queryBoundary")
    # 96 by 64 pixels of 10 m; a UTM map is a little smaller than the ground here.
    assert found["area"] == pytest.approx(960 * 640, rel=2e-3)
    assert found["shape"]["spatialReference"] == {"wkid": 32633, "latestWkid": 32633}
    xs = [x for ring in found["shape"]["rings"] for x, _ in ring]
    assert (min(xs), max(xs)) == (500000, 500960)
    lonlat = _asked(client, "queryBoundary", outSR="4326")["shape"]
    assert lonlat["spatialReference"]["wkid"] == 4326
    assert lonlat["rings"][0][0][0] == pytest.approx(15.0, abs=0.02)


def test_a_single_raster_has_a_boundary_too(client: httpx.Client) -> None:
    reply = client.get("plain/ImageServer/queryBoundary", params={"f": "json"}).json()
    assert reply["area"] == pytest.approx(640 * 640, rel=2e-3)


@pytest.mark.parametrize("crs", ["999999", "http://127.0.0.1/x", "0:1", "x"])
def test_a_boundary_needs_a_map(client: httpx.Client, crs: str) -> None:
    error = _asked(client, "queryBoundary", outSR=crs)["error"]
    assert (error["code"], "'outSR'" in error["message"]) == (400, True)


# validate.


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, ()),
        ({"mosaicRule": '{"mosaicMethod":"esriMosaicCenter","where":"Category = 1"}'}, ()),
        ({"renderingRule": '{"rasterFunction":"Stretch"}'}, ()),
        ({"mosaicRule": '{"mosaicMethod":"esriMosaicSideways"}'}, ("mosaicMethod",)),
        ({"mosaicRule": '{"where":"Nothing = 1"}'}, ("Nothing",)),
        ({"renderingRule": '{"rasterFunction":"Magic"}'}, ("Magic",)),
        ({"renderingRule": "{"}, ("renderingRule",)),
        (
            {
                "mosaicRule": '{"sortField":"Nothing","mosaicMethod":"esriMosaicAttribute"}',
                "renderingRule": '{"rasterFunction":"Magic"}',
            },
            ("Magic", "Nothing"),
        ),
    ],
)
def test_rules_are_valid_or_not_and_why(
    client: httpx.Client, rules: dict[str, str], told: tuple[str, ...]
) -> None:
    found = _asked(client, "validate", **rules)
    assert found["valid"] is (not told)
    assert len(found["messages"]) == len(told)
    for word, message in zip(told, found["messages"], strict=True):
        assert word in message


# What clients may not do.


@pytest.mark.parametrize(
    "path", ["add", "update", "delete", "uploads", "uploads/upload", "uploads/info"]
)
def test_changes_are_refused_with_what_is_allowed(client: httpx.Client, path: str) -> None:
    for reply in (
        client.get(HILLS + path, params={"f": "json"}),
        client.post(HILLS + path, data={"f": "json", "rasterIds": "1"}),
    ):
        assert reply.status_code == 200
        error = reply.json()["error"]
        assert error["code"] == 400
        assert "Image, Metadata, Catalog" in error["message"]
