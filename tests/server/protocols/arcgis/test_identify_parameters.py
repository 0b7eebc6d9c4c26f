"""identify end to end: each parameter, and the shape of what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

SERVICE = "demo/hills/ImageServer"
# The west (OBJECTID 1) lies over the east (2) from 500320 to 500640.
BOTH, WEST, EAST = "500500,5500300", "500100,5500300", "500900,5500300"
BAND = '{"rasterFunction":"ExtractBand","rasterFunctionArguments":{"BandIDs":[1]}}'


def identify(client: httpx.Client, **parameters: str) -> dict[str, Any]:
    answer = client.post(f"{SERVICE}/identify", data={"f": "json", **parameters})
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[int]:
    return [feature["attributes"]["OBJECTID"] for feature in found["catalogItems"]["features"]]


def test_a_point_tells_value_place_and_rasters(client: httpx.Client) -> None:
    found = identify(client, geometry=BOTH)
    assert (found["objectId"], found["name"], found["value"]) == (0, "Pixel", "10, 20, 30")
    assert (found["location"]["x"], found["location"]["y"]) == (500500, 5500300)
    assert found["location"]["spatialReference"]["wkid"] == 32633
    assert found["properties"] == {"Values": ["10 20 30", "110 120 130"]}
    assert ids(found) == [1, 2]
    assert found["catalogItemVisibilities"] == [1.0, 0.0]
    items = found["catalogItems"]
    assert items["objectIdFieldName"] == "OBJECTID"
    assert items["geometryType"] == "esriGeometryPolygon"
    assert all(feature["geometry"]["rings"] for feature in items["features"])
    assert "Raster" not in items["features"][0]["attributes"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"returnCatalogItems": "false"}, None),
        ({"maxItemCount": "1"}, [1]),
        ({"maxItemCount": "0"}, []),
        ({"time": "1600086400000"}, [2]),
        ({"time": "1,2"}, []),
        ({"mosaicRule": '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[2]}'}, [2]),
        ({"mosaicRule": '{"mosaicMethod":"esriMosaicNorthwest","ascending":false}'}, [2, 1]),
        ({"mosaicRule": '{"where":"OBJECTID=2"}'}, [2]),
    ],
)
def test_rasters_are_those_asked_for(
    parameters: dict[str, str], expected: list[int] | None, client: httpx.Client
) -> None:
    found = identify(client, geometry=BOTH, **parameters)
    if expected is None:
        assert (found["catalogItems"], found["properties"]) == (None, None)
        assert found["catalogItemVisibilities"] == []
    else:
        assert ids(found) == expected
        assert len(found["properties"]["Values"]) == len(expected)
        assert len(found["catalogItemVisibilities"]) == len(expected)


def test_footprints_and_values_may_be_left_out(client: httpx.Client) -> None:
    found = identify(client, geometry=BOTH, returnGeometry="false", returnPixelValues="False")
    assert "geometry" not in found["catalogItems"]["features"][0]
    assert (found["value"], found["properties"]) == ("", None)


def test_a_list_of_rules_stands_beside_the_samples(client: httpx.Client) -> None:
    found = identify(client, geometry=BOTH, renderingRules=f'[{{"rasterFunction":"None"}},{BAND}]')
    assert found["value"] == "10, 20, 30"
    assert found["processedValues"] == ["10, 20, 30", "20"]
    found = identify(client, geometry=BOTH, renderingRule=BAND)
    assert found["value"] == "20"
    assert "processedValues" not in found
    assert found["properties"] == {
        "Values": ["10 20 30", "110 120 130"],
        "ProcessedValues": ["20", "120"],
    }


_AREA = "500000,5500000,500960,5500640"
_TRIANGLE = {
    "rings": [[[500660, 5500000], [500900, 5500600], [500900, 5500000], [500660, 5500000]]]
}


@pytest.mark.parametrize(
    ("geometry", "value", "expected", "shares"),
    [
        (_AREA, "10, 20, 30", [1, 2], [0.667, 0.333]),
        (json.dumps(_TRIANGLE), "110, 120, 130", [2], [1.0]),
        ('{"points":[[500900,5500300],[500100,5500300]]}', "110, 120, 130", [2, 1], [0.5, 0.5]),
    ],
)
def test_areas_and_points_share_what_is_seen(
    geometry: str, value: str, expected: list[int], shares: list[float], client: httpx.Client
) -> None:
    for named in ("", "esriGeometryPoint"):
        found = identify(client, geometry=geometry, geometryType=named)
        assert found["value"] == value
        assert ids(found) == expected
        assert found["catalogItemVisibilities"] == pytest.approx(shares, abs=0.05)


def test_a_place_in_degrees_is_told_in_degrees(client: httpx.Client) -> None:
    for geometry in (
        '{"x":15.0012,"y":49.6558,"spatialReference":{"wkid":4326}}',
        "{x: 15.0012, y: 49.6558, spatialReference: {wkid: 4326}}",
    ):
        found = identify(client, geometry=geometry)
        assert found["value"] == "10, 20, 30"
        assert found["location"]["spatialReference"] == {"wkid": 4326, "latestWkid": 4326}
        ring = found["catalogItems"]["features"][0]["geometry"]["rings"][0]
        assert all(14.9 < x < 15.1 and 49.6 < y < 49.7 for x, y in ring)
    assert identify(client, geometry="15.0012,49.6558", sr="4326")["value"] == "10, 20, 30"


@pytest.mark.parametrize(
    "size", ["20", "20,20", '{"x":20,"y":20}', "{x:0.0003,y:0.0002,spatialReference:{wkid:4326}}"]
)
def test_pixel_sizes_come_in_every_form(size: str, client: httpx.Client) -> None:
    assert identify(client, geometry=WEST, pixelSize=size)["value"] == "10, 20, 30"


def test_beside_the_data_there_is_none(client: httpx.Client) -> None:
    found = identify(client, geometry="400000,5500300")
    assert (found["value"], ids(found)) == ("NoData", [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("geometry", ""), ("geometry", "1,2,3"), ("geometry", '{"x":"NaN","y":1}'),
        ("geometry", '{"rings":[]}'), ("inSR", "999999"), ("pixelSize", "-1,1"),
        ("pixelSize", "a"), ("maxItemCount", "-1"), ("maxItemCount", "x"), ("time", "noon"),
        ("mosaicRule", "{"), ("renderingRule", "{a"), ("renderingRules", "[{]"),
        ("returnGeometry", "maybe"), ("returnCatalogItems", "2"), ("returnPixelValues", "x"),
    ],
)  # fmt: skip
def test_what_is_not_accepted_is_named(name: str, value: str, client: httpx.Client) -> None:
    error = identify(client, **{"geometry": EAST, name: value})["error"]
    assert error["code"] == 400
    assert name in error["message"]
