"""Both ways of a tile through the front, `Shortcut` and `TilePath`, over raw sockets."""

import math
import socket
import time

import httpx
import pytest


@pytest.fixture(scope="module")
def path(live_server):
    """Tiles around the middle of the picture; the first two have data, those far away have none."""
    lon, lat, _ = httpx.get(live_server.url + "/tiles/test/picture.json").json()["center"]
    level = 13
    col = int((lon + 180) / 360 * 2**level)
    row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**level)
    return _Path(level, col, row)


class _Path:
    def __init__(self, level, col, row):
        self.start = (level, col, row)

    def format(self, col, row):
        return (
            f"/tiles/test/picture/{self.start[0]}/{self.start[1] + col}/{self.start[2] + row}.jpg"
        )


@pytest.fixture
def connection(live_server):
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=30) as sock:
        yield sock


def request(path, method="GET", *headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode()


def read_answer(stream, has_body=True):
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0)) if has_body else 0
    return status, headers, stream.read(length)


def stable(headers):
    return {k: v for k, v in headers.items() if k not in ("date", "server-timing", "x-request-id")}


def test_get_and_head_tell_the_same(connection, path):
    tile = path.format(3, 4)
    stream = connection.makefile("rb")
    connection.sendall(request(tile))
    status, headers, body = read_answer(stream)
    connection.sendall(request(tile, "HEAD"))
    head_status, head_headers, _ = read_answer(stream, has_body=False)
    assert status == head_status == 200
    assert body.startswith(b"\xff\xd8")
    assert stable(headers) == stable(head_headers)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["access-control-allow-origin"] == "*"
    assert "date" in headers


def test_pipelined_requests_are_answered_in_order(connection, path):
    tiles = [path.format(col, col // 2) for col in range(20)]
    mixed = []
    for tile in tiles:
        mixed += [tile, "/health/live", tile]
    connection.sendall(b"".join(map(request, mixed)))
    stream = connection.makefile("rb")
    answers = [read_answer(stream) for _ in mixed]
    assert [status for status, _, _ in answers] == [200] * len(mixed)
    kinds = [headers["content-type"].partition(";")[0] for _, headers, _ in answers]
    assert kinds == ["image/jpeg", kinds[1], "image/jpeg"] * len(tiles)
    assert kinds[1] != "image/jpeg"
    for first, again in zip(answers[::3], answers[2::3], strict=True):
        assert first[2] == again[2]


def test_thousands_of_kept_tiles_in_one_breath_are_all_answered(connection, path):
    count = 3000
    connection.sendall(request(path.format(1, 1)))
    stream = connection.makefile("rb")
    _, headers, body = read_answer(stream)
    etag = f"If-None-Match: {headers['etag']}"
    connection.sendall(request(path.format(1, 1), "GET", etag) * count)
    assert {read_answer(stream)[0] for _ in range(count)} == {304}
    connection.sendall(request(path.format(1, 1)))
    assert read_answer(stream)[2] == body


def test_the_connection_is_closed_where_the_client_asks_for_it(connection, path):
    connection.sendall(request(path.format(2, 2), "GET", "Connection: close"))
    stream = connection.makefile("rb")
    status, headers, body = read_answer(stream)
    assert (status, headers["connection"]) == (200, "close")
    assert len(body) == int(headers["content-length"])
    assert stream.read() == b""


def test_http_1_0_gets_one_answer_and_the_end(connection, path):
    connection.sendall(f"GET {path.format(2, 3)} HTTP/1.0\r\n\r\n".encode())
    stream = connection.makefile("rb")
    assert read_answer(stream)[0] == 200
    assert stream.read() == b""


@pytest.mark.parametrize(
    ("tile", "status"),
    [
        ("/tiles/test/none/1/0/0.jpg", 404),
        ("/tiles/test/picture/1/9/0.jpg", 404),
        ("/tiles/test/picture/1/0/0.tiff", 400),
        ("/tiles/test/picture/1/0/0.jpg?mosaicRule=%7B%22x", 400),
    ],
)
def test_a_wrong_tile_is_an_error_that_keeps_the_connection(connection, path, tile, status):
    stream = connection.makefile("rb")
    connection.sendall(request(tile))
    found, headers, body = read_answer(stream)
    assert found == status
    assert headers["content-type"] == "application/json"
    assert b'"message"' in body
    connection.sendall(request(path.format(0, 0)))
    assert read_answer(stream)[0] == 200


def test_a_client_that_leaves_at_once_leaves_nothing_behind(live_server, path):
    for number in range(30):
        with socket.create_connection(("127.0.0.1", live_server.port)) as sock:
            sock.sendall(
                request(
                    path.format(number % 3, number // 3) + "?interpolation=RSP_CubicConvolution"
                )
            )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        text = httpx.get(live_server.url + "/metrics").text
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        # The request for the metrics is open itself.
        if float(values["swath_open_requests"]) == 1 and float(values["swath_in_flight"]) == 0:
            break
        time.sleep(0.1)
    else:
        pytest.fail("requests stay open after their clients have left")
    with httpx.Client(base_url=live_server.url) as client:
        assert client.get(path.format(0, 0)).status_code == 200
