"""The description of all routes has all routes."""

from __future__ import annotations

import json

import httpx
import msgspec
import pytest
from starlette.routing import Route

from config.settings import Settings
from server.access.credentials import credential_of
from server.app import create_app
from server.openapi import described_routes, document, openapi_path, routes
from server.protocols.arcgis.described_paths import SERVICE
from server.protocols.arcgis.operations import OPERATIONS, ROOT


@pytest.fixture(scope="module")
def table():
    return create_app(Settings())._router.routes


@pytest.fixture(scope="module")
def description(table):
    return document(described_routes(table), "https://host/prefix")


def test_every_route_is_in_it(table, description):
    for route in table:
        path = openapi_path(route)
        if path != "/arcgis/rest/{path}":
            assert path in description["paths"], path
    assert "/tiles/{name}/{z}/{x}/{y}.{format}" in description["paths"]
    assert description["servers"] == [{"url": "https://host/prefix"}]


def test_every_operation_is_in_it_with_all_its_parameters(description):
    for name, operation in OPERATIONS.items():
        start = SERVICE if name == ROOT else f"{SERVICE}/{name}"
        path = next(
            path for path in description["paths"] if path == start or path.startswith(start + "/{")
        )
        item = description["paths"][path]
        query = {each["name"] for each in item["get"]["parameters"]}
        (body,) = {
            json.dumps(content["schema"]["properties"], sort_keys=True)
            for content in item["post"]["requestBody"]["content"].values()
        }
        assert query == set(json.loads(body))
        in_path = {each["name"] for each in item["parameters"]}
        assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}
        wanted = {field.name for field in operation.INFO.fields}
        assert wanted <= query | in_path, name


def test_operations_have_ids_of_their_own_and_references_lead_somewhere(description):
    ids = [
        operation["operationId"]
        for item in description["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    assert len(set(ids)) == len(ids) > 50
    text = json.dumps(description)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        found = description
        for step in reference.split("/"):
            found = found[step]


def test_it_says_how_callers_show_who_they_are(description):
    schemes = description["components"]["securitySchemes"]
    assert description["security"] == [{}, *({name: []} for name in schemes)]
    headers = {
        "apiKey": [(b"x-api-key", b"secret")],
        "bearer": [(b"authorization", b"Bearer secret")],
        "session": [(b"cookie", schemes["session"]["name"].encode() + b"=secret")],
    }
    assert set(schemes) == {*headers, "token"}
    for sent in headers.values():
        assert credential_of(sent, b"") == "secret"
    assert credential_of([], f"{schemes['token']['name']}=secret".encode()) == "secret"
    assert schemes["apiKey"]["name"].lower() == "x-api-key"


def test_a_route_that_nobody_described_says_what_its_handler_does():
    async def endpoint(request):
        """Tell the time.

        And more.
        """

    item = described_routes([Route("/clock/{place:path}", endpoint, methods=["GET"])])[
        "/clock/{place}"
    ]
    assert item["get"]["summary"] == "Tell the time."
    assert item["get"]["parameters"][0]["name"] == "place"
    assert list(item) == ["get"]


def test_it_is_served_with_the_public_address_and_an_etag(live_server):
    assert routes.__doc__
    answer = httpx.get(live_server.url + "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert msgspec.json.decode(answer.content)["servers"] == [{"url": live_server.url}]
    again = httpx.get(
        live_server.url + "/openapi.json", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_requests_of_wms_are_named(description):
    query = description["paths"]["/wms/{name}"]["get"]["parameters"]
    named = {each["name"]: each["schema"] for each in query if each["in"] == "query"}
    assert named["REQUEST"]["enum"][:2] == ["GetCapabilities", "GetMap"]
    assert {"LAYERS", "BBOX", "CRS"} <= named.keys()


def test_tiles_of_schemes_are_named(description):
    paths = description["paths"]
    item = paths["/tiles/{name}/{scheme}/{z}/{x}/{y}.{format}"]["get"]
    named = {each["name"]: each["schema"] for each in item["parameters"]}
    assert named["scheme"]["enum"] == ["web-mercator", "geographic", "own"]
    assert "lerc" in named["format"]["enum"]
    assert "schemes" in paths["/tiles/{name}/schemes.json"]["get"]["summary"]
    found = [path for path in paths if "/tilemap/" in path]
    assert found
    assert all("422" in paths[path]["get"]["responses"] for path in found)


def test_all_requests_have_an_id_and_a_summary_in_words(description, table):
    functions = {getattr(getattr(route, "endpoint", None), "__name__", "") for route in table}
    for path, item in description["paths"].items():
        for method in ("get", "post"):
            if method in item:
                assert item[method]["operationId"], path
                assert item[method]["summary"] not in functions, path
    assert "/wms/{name}" in description["paths"]["/wms/"]["get"]["description"]
