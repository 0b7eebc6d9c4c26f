"""Hostile inputs of the robustness list, on the ArcGIS routes of a real server."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

SERVICE = "demo/hills/ImageServer"
BOX = "500000,5500000,500960,5500640"


def _error(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200
    assert len(answer.content) <= 750
    error: dict[str, Any] = answer.json()["error"]
    assert all(isinstance(detail, str) for detail in error["details"])
    assert "Traceback" not in answer.text
    return error


@pytest.mark.parametrize("size", ["1000000,1000000", "4294967297,1", "-1,100", "0,0", "abc", "100"])
def test_a1_sizes_are_refused_by_name(size: str, client: httpx.Client) -> None:
    error = _error(client.get(f"{SERVICE}/exportImage", params={"size": size, "f": "image"}))
    assert error["code"] == 400
    assert "size" in error["message"]


@pytest.mark.parametrize(
    "bbox", ["NaN,NaN,NaN,NaN", "0,0,Infinity,1", "0,0,1e400,1", "1,2,3", "1,1,1,1", ""]
)
def test_a2_boxes_are_refused_by_name(bbox: str, client: httpx.Client) -> None:
    error = _error(client.get(f"{SERVICE}/exportImage", params={"bbox": bbox, "f": "image"}))
    assert error["code"] == 400
    assert "bbox" in error["message"]


def test_a2_a_box_the_wrong_way_round_is_put_in_order(client: httpx.Client) -> None:
    right = {"bbox": BOX, "size": "30,20", "format": "png", "f": "image"}
    turned = {**right, "bbox": "500960,5500640,500000,5500000"}
    url = f"{SERVICE}/exportImage"
    assert client.get(url, params=turned).content == client.get(url, params=right).content


@pytest.mark.parametrize("bbox", ["0,0,100,100", "-1e12,-1e12,1e12,1e12"])
def test_a3_a_box_beside_or_far_beyond_the_data_is_transparent(
    bbox: str, client: httpx.Client
) -> None:
    query = {"bbox": bbox, "size": "32,32", "format": "png32", "f": "image"}
    answer = client.get(f"{SERVICE}/exportImage", params=query)
    assert answer.headers["content-type"] == "image/png", answer.text


@pytest.mark.parametrize("name", ["bboxSR", "imageSR"])
def test_a4_references_are_never_fetched_or_opened(name: str, client: httpx.Client) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        values = [
            "999999",
            "-1",
            f"http://127.0.0.1:{port}/x",
            "/etc/passwd",
            "PROJCS[" + "x" * 15_000 + "]",
            f'{{"wkt":"http://127.0.0.1:{port}/x"}}',
            f'PROJCS["http://127.0.0.1:{port}/x"]',
        ]
        for value in values:
            data = {"bbox": BOX, name: value, "f": "image"}
            assert _error(client.post(f"{SERVICE}/exportImage", data=data))["code"] == 400, value
        big = client.post(f"{SERVICE}/exportImage", data={name: "x" * 1_000_000, "f": "image"})
        assert _error(big)["code"] == 400
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize(
    ("bbox", "bbox_sr", "image_sr"),
    [
        ("-180,-90,180,90", "4326", "3857"),
        ("-180,89,180,90", "4326", "3857"),
        ("-1e7,-1e7,1e7,1e7", "32633", "4326"),
        ("170,-20,190,20", "4326", "3857"),
        ("-3e7,-3e7,3e7,3e7", "3857", "3857"),
        ("500000,5500000,500960,5500640", "32633", "32718"),
    ],
)
def test_a5_boxes_without_a_transform_end_in_a_picture_or_an_error(
    bbox: str, bbox_sr: str, image_sr: str, client: httpx.Client
) -> None:
    query = {"bbox": bbox, "bboxSR": bbox_sr, "imageSR": image_sr, "size": "64,64"}
    answer = client.get(f"{SERVICE}/exportImage", params={**query, "f": "image", "format": "png"})
    if answer.headers["content-type"] != "image/png":
        assert _error(answer)["code"] == 400
    described = client.get(f"{SERVICE}/exportImage", params={**query, "f": "json"})
    json.loads(described.text, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "name",
    ["..", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%252e%252e%252fetc", "..\\etc", "a%00b",
     "%2fetc%2fpasswd", "x" * 10_000, "%3Cb%3E", "a/b/c/d"],
)  # fmt: skip
def test_a8_names_reach_no_file(name: str, server_url: str, client: httpx.Client) -> None:
    answer = client.get(f"{server_url}/arcgis/rest/services/{name}/ImageServer?f=json")
    assert answer.status_code in (200, 400, 404)
    assert "passwd" not in answer.text
    assert "<b>" not in answer.text
    if answer.status_code == 200:
        assert answer.json()["error"]["code"] in (400, 404)


_MARKUP = '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    "name", ["f", "bbox", "size", "format", "imageSR", "pixelType", "mosaicRule", "renderingRule"]
)
def test_a15_markup_is_escaped_where_it_is_shown(name: str, client: httpx.Client) -> None:
    as_json = client.get(f"{SERVICE}/exportImage", params={"f": "json", name: _MARKUP})
    assert as_json.headers["content-type"].startswith("application/json")
    assert as_json.headers["x-content-type-options"] == "nosniff"
    as_page = client.get(f"{SERVICE}/exportImage", params={"f": "html", name: _MARKUP})
    assert "<script>" not in as_page.text or not as_page.headers["content-type"].startswith(
        "text/html"
    )


def test_a15_the_title_of_a_service_is_escaped(client: httpx.Client) -> None:
    assert "Hills <b>&" not in client.get(f"{SERVICE}?f=html").text


@pytest.mark.parametrize("callback", ["alert(1)//", "<script>", "a" * 200, "a b"])
def test_a15_a_callback_is_a_name_or_refused(callback: str, client: httpx.Client) -> None:
    answer = client.get(SERVICE, params={"f": "json", "callback": callback})
    assert answer.headers["content-type"].startswith("application/json")
    assert "callback" in _error(answer)["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": 'x"><script>'},
        {"X-Forwarded-Host": '"><script>alert(1)</script>'},
        {"X-Forwarded-Prefix": '"><script>alert(1)</script>'},
        {"X-Forwarded-Proto": "javascript"},
    ],
)
def test_a16_headers_write_no_markup_into_pages(
    headers: dict[str, str], client: httpx.Client
) -> None:
    for path in ("?f=html", SERVICE + "?f=html", f"{SERVICE}/exportImage?bbox={BOX}&f=html"):
        text = client.get(path, headers=headers).text
        assert "<script>" not in text
        assert "javascript:" not in text


def test_a16_markup_in_a_path_is_not_repeated(server_url: str, client: httpx.Client) -> None:
    for path in ("%3Cscript%3E", "demo/%3Cscript%3E/ImageServer", f"{SERVICE}/%3Cscript%3E"):
        text = client.get(f"{server_url}/arcgis/rest/services/{path}?f=html").text
        assert "<script>" not in text


@pytest.mark.parametrize(
    "rule", ["not json", "[" * 5000, '{"rasterFunction":"Nope"}', "x" * 2_000_000]
)
def test_a_rendering_rule_that_is_none_is_refused(rule: str, client: httpx.Client) -> None:
    data = {"bbox": BOX, "renderingRule": rule, "f": "image"}
    error = _error(client.post(f"{SERVICE}/exportImage", data=data))
    assert error["code"] == 400
    assert "renderingRule" in error["message"]


def test_too_many_parameters_are_refused(client: httpx.Client) -> None:
    body = "&".join(f"p{number}=1" for number in range(2000))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    error = _error(client.post(f"{SERVICE}/exportImage", content=body, headers=headers))
    assert "number of parameters" in error["message"]


def test_a_body_that_is_no_form_is_refused(client: httpx.Client) -> None:
    error = _error(client.post(SERVICE, json={"f": "json"}))
    assert "application/x-www-form-urlencoded" in error["message"]
    broken = {"Content-Type": "multipart/form-data"}
    assert _error(client.post(SERVICE, content=b"--x", headers=broken))["code"] == 400


def test_bytes_that_are_no_text_are_harmless(server_url: str, client: httpx.Client) -> None:
    answer = client.get(
        f"{server_url}/arcgis/rest/services/{SERVICE}/exportImage?bbox=%ff%fe&f=json"
    )
    assert _error(answer)["code"] == 400


def test_further_methods_are_refused(client: httpx.Client) -> None:
    assert client.delete(SERVICE).status_code == 405
