"""Operations of a service over HTTP: capabilities, forms of answers, addresses."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from server.protocols.arcgis.service_call import read_question

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from server.protocols.arcgis.operations.base import Question

SERVICE = "demo/hills/ImageServer"


def test_an_unknown_operation_lists_the_known_ones(client: httpx.Client) -> None:
    message = client.get(f"{SERVICE}/levitate?f=json").json()["error"]["message"]
    assert "exportImage" in message
    assert "tile/level/row/col" in message


@pytest.mark.parametrize(
    "path",
    [
        "tile",
        "tile/1",
        "tile/1/2/3/4",
        "exportImage/1",
        "info/other",
        "7/other",
        "{rasterId}/info",
        "{rasterId}/info/7",
    ],
)
def test_an_address_of_the_wrong_length_is_no_resource(path: str, client: httpx.Client) -> None:
    assert client.get(f"{SERVICE}/{path}?f=json").json()["error"]["code"] == 400


def test_a_query_parameter_cannot_change_the_address_of_a_tile(client: httpx.Client) -> None:
    assert client.get(f"{SERVICE}/tile/0/0/9?col=0").status_code == 404


def test_arguments_may_come_as_parameters(client: httpx.Client) -> None:
    sent = client.get(f"{SERVICE}/tile", params={"level": "0", "row": "0", "col": "0"})
    assert sent.content == client.get(f"{SERVICE}/tile/0/0/0").content


def test_the_root_describes_the_output_of_a_rendering_rule(client: httpx.Client) -> None:
    rule = '{"rasterFunction":"Stretch","outputPixelType":"U16"}'
    root = client.get(SERVICE, params={"f": "json", "renderingRule": rule}).json()
    assert root["pixelType"] == "U16"


NDVI = (
    '{"rasterFunction":"NDVI","rasterFunctionArguments":{"VisibleBandID":0,"InfraredBandID":2,'
    '"ScientificOutput":true},"outputPixelType":"F32"}'
)
COLOURS = (
    '{"rasterFunction":"Colormap","rasterFunctionArguments":'
    '{"Colormap":[[10,255,0,0],[110,0,0,255]]}}'
)


def test_resources_say_what_a_rendering_rule_makes(client: httpx.Client) -> None:
    def get(resource: str, rule: str) -> Any:
        url = f"{SERVICE}/{resource}" if resource else SERVICE
        return client.get(url, params={"f": "json", "renderingRule": rule}).json()

    root = get("", NDVI)
    assert (root["bandCount"], root["pixelType"], len(root["bandNames"])) == (1, "F32", 1)
    low, high = 20 / 240, 20 / 40
    assert root["minValues"] == [pytest.approx(low, rel=1e-6)]
    assert root["maxValues"] == [pytest.approx(high, rel=1e-6)]
    (band,) = get("statistics", NDVI)["statistics"]
    assert (band["min"], band["max"]) == (root["minValues"][0], root["maxValues"][0])
    assert band["count"] == 64 * 96
    (histogram,) = get("histograms", NDVI)["histograms"]
    assert sum(histogram["counts"]) == band["count"]
    assert histogram["counts"][0] + histogram["counts"][-1] == band["count"]
    layer = get("legend", NDVI)["layers"][0]
    assert layer["legendType"] == "Stretched"
    assert [entry["label"][:3] for entry in layer["legend"]] == ["Hig", "", "Low"]


def test_resources_say_the_colours_of_a_rendering_rule(client: httpx.Client) -> None:
    def get(resource: str, rule: str = COLOURS) -> Any:
        url = f"{SERVICE}/{resource}" if resource else SERVICE
        return client.get(url, params={"f": "json", "renderingRule": rule}).json()

    root = get("")
    assert (root["hasColormap"], root["bandCount"]) == (True, 1)
    assert get("colormap") == {"colormap": [[10, 255, 0, 0], [110, 0, 0, 255]]}
    layer = get("legend")["layers"][0]
    assert layer["legendType"] == "Unique Values"
    assert [entry["values"] for entry in layer["legend"]] == [[10], [110]]
    three = (
        '{"rasterFunction":"ColormapToRGB","rasterFunctionArguments":{"Raster":' + COLOURS + "}}"
    )
    layer = get("legend", three)["layers"][0]
    assert layer["legendType"] == "RGB Composite"
    assert [entry["label"] for entry in layer["legend"]] == [
        "Red:    Red",
        "Green: Green",
        "Blue:   Blue",
    ]
    assert client.get(f"{SERVICE}/colormap", params={"f": "json"}).json() == {"colormap": []}


def test_a_rule_that_does_nothing_is_answered_in_the_front(client: httpx.Client) -> None:
    plain = client.get(SERVICE, params={"f": "json"})
    none = client.get(SERVICE, params={"f": "json", "renderingRule": '{"rasterFunction":"None"}'})
    assert none.content == plain.content
    assert "Server-Timing" not in none.headers


def test_a_rule_that_cannot_be_is_named_by_every_resource(client: httpx.Client) -> None:
    rule = '{"rasterFunction":"NDVI","rasterFunctionArguments":{"VisibleBandID":9}}'
    for resource in ("", "/statistics", "/histograms", "/colormap", "/legend"):
        answer = client.get(f"{SERVICE}{resource}", params={"f": "json", "renderingRule": rule})
        assert "VisibleBandID" in answer.json()["error"]["message"], resource


def test_query_finds_rows_over_http(client: httpx.Client) -> None:
    query = {"where": "1=1", "outFields": "*", "f": "json", "orderByFields": "AcqDate DESC"}
    body = client.post(f"{SERVICE}/query", data=query).json()
    assert [feature["attributes"]["Name"] for feature in body["features"]] == ["b", "a"]
    assert "Raster" not in body["features"][0]["attributes"]
    assert "Shape" not in body["features"][0]["attributes"]
    assert body["features"][0]["geometry"]["rings"][0]


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ("where=Name='a'", [1]),
        ("where=AcqDate > date '2020-09-14'", [2]),
        ("objectIds=[2]", [2]),
        ("geometry=500100,5500300&geometryType=esriGeometryPoint", [1]),
        ("geometry=500400,5500100,500500,5500200", [1, 2]),
        ("time=1600000000000", [1]),
        ("time=1600000000001,null", [2]),
        ("where=Category=7", []),
    ],
)
def test_query_filters(parameters: str, ids: list[int], client: httpx.Client) -> None:
    url = f"{SERVICE}/query?f=json&orderByFields=OBJECTID&{parameters}"
    found = client.get(url + "&returnIdsOnly=true").json()
    assert found == {"objectIdFieldName": "OBJECTID", "objectIds": ids}
    assert client.get(url + "&returnCountOnly=true").json() == {"count": len(ids)}


def test_query_pages_and_says_when_there_is_more(client: httpx.Client) -> None:
    url = f"{SERVICE}/query?f=json&where=1=1&orderByFields=OBJECTID&resultRecordCount=1"
    first = client.get(url).json()
    assert [f["attributes"]["OBJECTID"] for f in first["features"]] == [1]
    assert first["exceededTransferLimit"] is True
    last = client.get(url + "&resultOffset=1").json()
    assert [f["attributes"]["OBJECTID"] for f in last["features"]] == [2]
    assert "exceededTransferLimit" not in last


def test_geojson_footprints_are_where_they_are(client: httpx.Client) -> None:
    body = client.get(f"{SERVICE}/query?f=geojson&where=OBJECTID=1&outFields=Name").json()
    feature = body["features"][0]
    assert feature["properties"]["Name"] == "a"
    lon, lat = feature["geometry"]["coordinates"][0][0]
    assert 14.9 < lon < 15.1
    assert 49.5 < lat < 49.8


@pytest.mark.parametrize("where", ["Name = ", "1=1; DROP TABLE items", "Nope = 1", "x" * 11_000])
def test_a_where_clause_that_is_none_is_refused(where: str, client: httpx.Client) -> None:
    error = client.post(f"{SERVICE}/query", data={"where": where, "f": "json"}).json()["error"]
    assert error["code"] == 400
    assert "where" in error["message"]


async def test_polygons_of_many_vertices_are_read_beside_the_event_loop(
    ask: Callable[..., Question],
) -> None:
    def thread_of_reader(_question: Question) -> int:
        return threading.get_ident()

    own = threading.get_ident()
    assert await read_question(thread_of_reader, ask({"geometry": "1,2"})) == own
    assert await read_question(thread_of_reader, ask({"geometry": "1,2," * 10_000})) != own


@pytest.mark.parametrize(
    ("field", "value", "is_good"),
    [
        ("AcqDate", "2020/09/14", True),
        ("AcqDate", "1600086400000", True),
        ("AcqDate", "9/14/2020", False),
        ("Category", "first", False),
        ("Name", "first", True),
    ],
)
def test_sort_values_are_of_their_fields_kind(
    field: str, value: str, is_good: bool, client: httpx.Client
) -> None:
    rule = {"mosaicMethod": "esriMosaicAttribute", "sortField": field, "sortValue": value}
    asked = {"f": "json", "geometry": "500500,5500300", "mosaicRule": json.dumps(rule)}
    answer = client.get(f"{SERVICE}/identify", params=asked).json()
    assert is_good == ("error" not in answer), answer
    assert is_good or "sortValue" in answer["error"]["message"]


@pytest.mark.parametrize("path", ["query", "1/info", "7"])
def test_what_a_service_does_not_offer_is_named_as_it_was_asked(
    path: str, client: httpx.Client
) -> None:
    message = client.get(f"plain/ImageServer/{path}?f=json").json()["error"]["message"]
    assert message.startswith(f"Invalid value '{path}' for parameter 'operation'")
    assert "capability Catalog" in message


@pytest.mark.parametrize("name", ["tile", "tilemap"])
def test_an_operation_without_its_arguments_is_a_form_for_browsers(
    name: str, client: httpx.Client
) -> None:
    address = f"demo/hills/ImageServer/{name}"
    text = client.get(address, headers={"Accept": "text/html"}).text
    assert "<form" in text
    assert "hills (ImageServer)</a>" in text
    assert client.get(address, headers={"Accept": "*/*"}).json()["error"]["code"] == 400
