"""Tiles through a live server."""

import io

import httpx
import numpy as np
import pytest
from PIL import Image

TILE = "/tiles/test/picture/12/2218/1389"


@pytest.fixture
def client(live_server):
    with httpx.Client(base_url=live_server.url) as client:
        yield client


def inside(client):
    """Return the path of a tile inside the picture, without its ending."""
    document = client.get("/tiles/test/picture.json").json()
    lon, lat, _ = document["center"]
    level = 13
    count = 2**level
    x = int((lon + 180) / 360 * count)
    y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * count)
    return f"/tiles/test/picture/{level}/{x}/{y}"


@pytest.mark.parametrize(
    ("ending", "media_type", "mode", "size"),
    [
        (".png", "image/png", "RGB", 256),
        ("@2x.png", "image/png", "RGB", 512),
        (".jpg", "image/jpeg", "RGB", 256),
        (".jpeg", "image/jpeg", "RGB", 256),
        (".webp", "image/webp", "RGB", 256),
        ("@2x.webp", "image/webp", "RGB", 512),
    ],
)
def test_a_tile_inside_the_data_comes_in_each_form(client, ending, media_type, mode, size):
    answer = client.get(inside(client) + ending)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    image = Image.open(io.BytesIO(answer.content))
    assert image.size == (size, size)
    assert image.convert(mode).getextrema() != ((0, 0),) * 3


@pytest.mark.parametrize(("ending", "expected"), [("png", 0), ("webp", 0)])
def test_a_tile_beside_the_data_is_transparent(client, ending, expected):
    answer = client.get(f"/tiles/test/picture/13/0/0.{ending}")
    assert answer.status_code == 200
    alpha = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))[:, :, 3]
    assert alpha.max() == expected


def test_a_jpeg_beside_the_data_is_white(client):
    answer = client.get("/tiles/test/picture/13/0/0.jpg")
    assert np.asarray(Image.open(io.BytesIO(answer.content))).min() == 255


def test_the_second_time_comes_from_the_cache_with_the_same_bytes(client):
    path = inside(client) + ".png?interpolation=RSP_NearestNeighbor"
    first, second = client.get(path), client.get(path)
    assert "encode;dur=" in first.headers["server-timing"]
    assert second.headers["server-timing"] == "cache;desc=hit"
    assert first.content == second.content


def test_a_known_etag_answers_304_without_rendering(client):
    path = inside(client) + ".jpg?bandIds=2,1,0"
    etag = client.head(path).headers["etag"]
    answer = client.get(path, headers={"If-None-Match": f'"other", W/{etag}'})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == etag
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_other_parameters_are_another_picture(client):
    path = inside(client) + ".png"
    plain, swapped = client.get(path), client.get(path + "?bandIds=2,1,0")
    assert plain.headers["etag"] != swapped.headers["etag"]
    first, second = (np.asarray(Image.open(io.BytesIO(a.content))) for a in (plain, swapped))
    assert np.array_equal(first[:, :, 0], second[:, :, 2])


def test_parameters_that_are_not_ours_are_ignored(client):
    path = inside(client) + ".png"
    assert client.get(path).headers["etag"] == client.get(path + "?v=3").headers["etag"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/tiles/test/nothing/1/0/0.png", 404, "test/nothing"),
        ("/tiles/test/picture/1/2/0.png", 404, "column 2"),
        ("/tiles/test/picture/30/0/0.png", 404, "level 30"),
        ("/tiles/test/picture/1/0/0.xml", 400, "png, jpg, webp or lerc"),
        ("/tiles/test/picture/1/0/0.png?mosaicRule={bad", 400, "mosaicRule"),
        ("/tiles/test/picture/1/0/0.png?time=yesterday", 400, "time"),
        ("/tiles/test/picture/1/0/0.png?interpolation=best", 400, "interpolation"),
        ("/tiles/test/picture/1/0/0.png?bandIds=9", 400, "bandIds"),
    ],
)
def test_errors_have_real_status_codes_and_name_the_thing(client, path, status, said):
    answer = client.get(path)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/test/picture/-1/0/0.png",
        "/tiles/test/picture/1/0/1e3.png",
        "/tiles/test/picture/1/0/9999999999.png",
        "/tiles/test/picture/1/0/٣.png",
        "/tiles/1/0/0.png",
        "/tiles/..%2f..%2fetc%2fpasswd/1/0/0.png",
        "/tiles/%252e%252e%252fetc/1/0/0.png",
        "/tiles/a%00b/1/0/0.png",
        "/tiles/" + "x" * 10_000 + "/1/0/0.png",
        "/tiles/%3Cscript%3E/1/0/0.png",
    ],
)
def test_addresses_that_are_none_are_not_found(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    # Whatever of the path is shown, no browser takes it for markup.
    assert answer.headers["content-type"].split(";")[0] in ("application/json", "text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_any_site_may_read_tiles(client):
    answer = client.get(inside(client) + ".png", headers={"Origin": "https://example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Server-Timing" in answer.headers["access-control-expose-headers"]


def test_head_has_the_headers_alone(client):
    path = inside(client) + ".png"
    answer = client.head(path)
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) == len(client.get(path).content)


def test_tile_json_describes_the_service(client, live_server):
    for path in ("/tiles/test/picture.json", "/tiles/test/picture/tilejson.json"):
        document = client.get(path).json()
        assert document["tiles"] == [live_server.url + "/tiles/test/picture/{z}/{x}/{y}.png"]
        assert document["minzoom"] == 0
        assert document["maxzoom"] == 14
        west, south, east, north = document["bounds"]
        assert 14 < west < east < 16
        assert 49 < south < north < 51


def test_tile_json_hands_parameters_on_and_checks_them(client):
    document = client.get(
        "/tiles/test/picture.json",
        params={"interpolation": "RSP_CubicConvolution", "format": "jpg"},
    ).json()
    assert document["tiles"][0].endswith("{y}.jpg?interpolation=RSP_CubicConvolution")
    assert client.get("/tiles/test/picture.json?interpolation=best").status_code == 400
    assert client.get("/tiles/test/picture.json?format=gif").status_code == 400
    assert client.get("/tiles/none.json").status_code == 404


def test_tile_json_answers_304(client):
    etag = client.get("/tiles/test/picture.json").headers["etag"]
    answer = client.get("/tiles/test/picture.json", headers={"If-None-Match": etag})
    assert answer.status_code == 304
