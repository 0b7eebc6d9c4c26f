"""ETag, 304, Cache-Control, Vary, CORS and gzip, on the answers of every operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server.protocols.arcgis.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

SERVICE = "demo/hills/ImageServer"
BOX = "500000,5500000,500960,5500640"
_ORIGIN = {"Origin": "https://map.example"}
# What an operation cannot do without.
_QUERIES = {
    "exportImage": f"bbox={BOX}&f=json",
    "export": f"bbox={BOX}&f=image",
    "explain": f"bbox={BOX}",
    "identify": "geometry=500100,5500300",
    "query": "where=1=1&outFields=*",
    "getSamples": "geometry=500100,5500300",
    "legend": "",
    "statistics": "",
    "histograms": "",
    "colormap": "",
    "rasterAttributeTable": "",
    "keyProperties": "",
    "rasterFunctionInfos": "",
    "computeHistograms": "",
    "computeStatisticsHistograms": "",
    "info/iteminfo": "",
    "info/thumbnail": "",
    "kml/mapImage.kmz": "",
    "": "",
    "1": "",
    "1/info": "",
    "1/image": "f=image",
    "1/thumbnail": "",
}


@pytest.fixture(params=_QUERIES)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    query = _QUERIES[request.param]
    form = "" if "f=" in query else "&f=json"
    return f"{SERVICE}/{request.param}?{query}{form}"


def test_the_addresses_are_of_operations_that_there_are() -> None:
    named = {name for name in _QUERIES if not name.startswith("1")}
    assert named <= set(OPERATIONS)


def test_an_answer_has_an_etag_that_makes_a_304_with_the_same_headers(
    address: str, client: httpx.Client
) -> None:
    first = client.get(address, headers=_ORIGIN)
    assert first.status_code == 200, first.text
    assert "error" not in first.text[:10]
    etag = first.headers["etag"]
    again = client.get(address, headers={**_ORIGIN, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    for answer in (first, again):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "ETag" in answer.headers["access-control-expose-headers"]
        assert answer.headers["cache-control"] == "no-cache"
    for name in first.headers.get("vary", "").split(", "):
        assert name in again.headers["vary"]


def test_texts_come_in_gzip_and_pictures_as_they_are(address: str, client: httpx.Client) -> None:
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    is_text = answer.headers["content-type"].startswith("application/json")
    assert answer.content == plain.content
    assert ("gzip" in answer.headers.get("content-encoding", "")) is (
        is_text and len(plain.content) >= 1024
    )
    if is_text:
        assert "Accept-Encoding" in answer.headers["vary"]
        assert "charset=UTF-8" in answer.headers["content-type"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["exportImage?f=image&size=x", "nothing?f=json", "tile/30/0/0"])
def test_errors_may_be_read_by_other_sites_and_are_kept_by_nobody(
    path: str, method: str, client: httpx.Client
) -> None:
    answer = client.request(method, f"{SERVICE}/{path}", headers=_ORIGIN)
    assert answer.json()["error"]["code"] in (400, 404)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_a_preflight_is_answered_for_what_the_javascript_sdk_sends(
    address: str, client: httpx.Client
) -> None:
    headers = {
        **_ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-esri-authorization,content-type",
    }
    answer = client.options(address, headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"]
    for name in ("Authorization", "X-Esri-Authorization", "Content-Type", "Range"):
        assert name in allowed
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        assert method in answer.headers["access-control-allow-methods"]
