"""Hostile inputs of the robustness list, on the ArcGIS routes of a real server."""

from __future__ import annotations

import io
import json
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize("size", ["1000000,1000000", "4294967297,1"])
def test_a1_the_limit_is_named_and_no_memory_grows(
    size: str, client: httpx.Client, server_url: str
) -> None:
    def memory() -> float:
        lines = client.get(f"{server_url}/metrics").text.splitlines()
        return sum(float(n.split()[-1]) for n in lines if n.startswith("swath_memory_pss_bytes{"))

    query = {"bbox": BOX, "f": "image"}
    assert client.get(f"{SERVICE}/exportImage", params=query).status_code == 200
    # Instances, and the spare they may come from, settle for a moment after the start.
    before, ends = 0.0, time.monotonic() + 10
    while abs(memory() - before) > 1e6 and time.monotonic() < ends:
        before = memory()
        time.sleep(0.3)
    assert before > 0
    for _ in range(20):
        error = _error(client.get(f"{SERVICE}/exportImage", params={**query, "size": size}))
        assert "15000" in error["message"]
    assert memory() - before < 20e6


@pytest.mark.parametrize(
    "bbox", ["NaN,NaN,NaN,NaN", "0,0,Infinity,1", "0,0,1e400,1", "1,2,3", "1,1,1,1", ""]
)
def test_a2_boxes_are_refused_by_name(bbox: str, client: httpx.Client) -> None:
    error = _error(client.get(f"{SERVICE}/exportImage", params={"bbox": bbox, "f": "image"}))
    assert error["code"] == 400
    assert "bbox" in error["message"]


@pytest.mark.parametrize("operation", ["query", "identify"])
@pytest.mark.parametrize(
    ("kind", "geometry"),
    [
        ("esriGeometryEnvelope", "NaN,0,1,1"),
        ("esriGeometryEnvelope", "0,0,Infinity,1"),
        ("esriGeometryEnvelope", '{"xmin":0,"ymin":0,"xmax":1e400,"ymax":1}'),
        ("esriGeometryPoint", "1e400,5"),
        ("esriGeometryPoint", '{"x":NaN,"y":1}'),
        ("esriGeometryPoint", "1"),
        ("esriGeometryPolygon", '{"rings":[[[0,0],[0,Infinity],[1,1],[0,0]]]}'),
        ("esriGeometryPolygon", '{"rings":' + "[" * 3000 + "]" * 3000 + "}"),
    ],
)
def test_a2_geometries_are_refused_by_name(
    operation: str, kind: str, geometry: str, client: httpx.Client
) -> None:
    data = {"geometry": geometry, "geometryType": kind, "f": "json"}
    error = _error(client.post(f"{SERVICE}/{operation}", data=data))
    assert error["code"] == 400
    assert "geometry" in error["message"]


@pytest.mark.parametrize(
    "place", ["99999999999999/0/0", "-1/0/0", "1/-1/0", "1/NaN/0", "1e3/0/0", "3/8/0", "3/0/1e400"]
)
def test_a2_tiles_that_do_not_exist_are_not_found(
    place: str, client: httpx.Client, server_url: str
) -> None:
    assert client.get(f"{server_url}/tiles/demo/hills/{place}.png").status_code in (400, 404)
    answer = client.get(f"{SERVICE}/tile/{place}")
    assert answer.status_code in (400, 404) or _error(answer)["code"] in (400, 404)


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
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))
    assert pixels.shape == (32, 32, 4)
    assert not pixels[..., 3].any()


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("exportImage", "bboxSR"),
        ("exportImage", "imageSR"),
        ("query", "inSR"),
        ("query", "outSR"),
    ],
)
def test_a4_references_are_never_fetched_or_opened(
    operation: str, name: str, client: httpx.Client
) -> None:
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
            data = {"bbox": BOX, "geometry": BOX, name: value, "f": "json"}
            assert _error(client.post(f"{SERVICE}/{operation}", data=data))["code"] == 400, value
        for big in ("x" * 1_000_000, f'PROJCS["{"x" * 1_000_000}"]'):
            data = {"bbox": BOX, "geometry": BOX, name: big, "f": "json"}
            assert _error(client.post(f"{SERVICE}/{operation}", data=data))["code"] == 400
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


@pytest.mark.parametrize(
    "path",
    [
        "/arcgis/rest/services/../../../secret/ImageServer?f=json",
        "/arcgis/rest/services/..%2f..%2fsecret/ImageServer?f=json",
        "/arcgis/rest/services/%252e%252e%252fsecret/ImageServer?f=json",
        "/arcgis/rest/services/..\\..\\secret/ImageServer?f=json",
        "/arcgis/rest/services/demo%00/ImageServer?f=json",
        "/tiles/../../secret.json",
        "/tiles/..%2f..%2fsecret/0/0/0.png",
        "/tiles/%00/0/0/0.png",
        "/tiles/" + "x" * 10_000 + "/0/0/0.png",
        "/map/../../secret",
        "/map/..%2f..%2fsecret",
        "/static/../../../secret.txt",
        "/static/..%2f..%2f..%2fsecret.txt",
        "/static/%2fetc%2fpasswd",
        "/static//etc/passwd",
        "//etc/passwd",
        "/arcgis/rest/services/demo/hills/ImageServer/../../../../secret?f=json",
    ],
)
def test_a8_no_route_reaches_outside(path: str, server_url: str, served_folder: Path) -> None:
    # Beside the data folder and, by the same names, inside the working folder of the server.
    for place in (served_folder.parent / "secret.txt", served_folder / "secret.txt"):
        place.write_text("the secret itself")
    host, _, port = server_url.removeprefix("http://").partition(":")
    # By hand: clients tidy such paths up before they send them.
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status = int(answer.split()[1])
    assert status in (400, 404, 414, 431) or b'"code":40' in answer.replace(b" ", b"")
    for never in (b"the secret itself", b"root:", b"Traceback", str(served_folder).encode()):
        assert never not in answer


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


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("query", "where"),
        ("query", "outFields"),
        ("query", "orderByFields"),
        ("query", "objectIds"),
        ("query", "time"),
        ("query", "geometryType"),
        ("identify", "geometry"),
        ("identify", "geometryType"),
        ("legend", "bandIds"),
        ("statistics", "f"),
    ],
)
def test_a15_markup_is_escaped_on_every_page(
    operation: str, name: str, client: httpx.Client
) -> None:
    answer = client.get(f"{SERVICE}/{operation}", params={"f": "html", name: _MARKUP})
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.headers["content-type"].startswith("text/html"):
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", ["map/{}", "tiles/{}.json", "tiles/demo/hills/1/0/0.{}", "{}"])
def test_a15_markup_in_names_and_formats_is_escaped(
    path: str, server_url: str, client: httpx.Client
) -> None:
    answer = client.get(f"{server_url}/{path.format(quote(_MARKUP, safe=''))}")
    assert answer.status_code in (400, 404)
    is_page = answer.headers["content-type"].startswith("text/html")
    assert not is_page or "<script>alert" not in answer.text


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
    root = str(client.base_url).partition("/arcgis")[0]
    for path in (
        "?f=html",
        SERVICE + "?f=html",
        f"{SERVICE}/exportImage?bbox={BOX}&f=html",
        f"{SERVICE}/exportImage?size=no&f=html",
        f"{root}/",
        f"{root}/map/demo/hills",
        f"{root}/map/none",
        f"{root}/tiles/demo/hills.json",
    ):
        text = client.get(path, headers=headers).text
        assert "<script>alert" not in text
        assert '"><script>' not in text
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
