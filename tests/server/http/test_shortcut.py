"""Refusals past ASGI over raw sockets (tiles: `test_tile_answers`): the same as those that are read."""

import socket

import httpx
import pytest

from config.settings import Settings
from engine.errors import Overloaded
from server.http.brake import Brake, Refusal
from server.http.proxy import PublicAddress
from server.http.shortcut import Shortcut
from server.metrics.counts import Metrics
from server.site.publishing import Publisher
from server.telemetry.journal import Journal

SERVICE = "/arcgis/rest/services/test/picture/ImageServer"
ASKED = 60


def export(number):
    west = 480_000 + number
    box = f"{west},5534760,{west + 10_000},5545000"
    return f"{SERVICE}/exportImage?bbox={box}&bboxSR=32633&imageSR=3857&size=2000,2000&f=image"


def read_answer(stream):
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline()) != b"\r\n":
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, stream.read(int(headers["content-length"]))


def ask_at_once(port, paths):
    """Ask on a connection each, one right after the other; return the answers."""
    socks = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in paths]
    for sock, path in zip(socks, paths, strict=True):
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answers = []
    for sock in socks:
        with sock, sock.makefile("rb") as stream:
            answers.append(read_answer(stream))
    return answers


def refusals_counted(url):
    lines = httpx.get(url + "/metrics").text.splitlines()
    counted = [
        line
        for line in lines
        if line.startswith("swath_requests_total")
        and 'operation="exportImage"' in line
        and 'status="503"' in line
    ]
    return sum(float(line.rpartition(" ")[2]) for line in counted)


def test_what_is_refused_unread_gets_the_same_answer_and_is_counted(
    tmp_path, compiled_picture, serve
):
    data = tmp_path / "data"
    Publisher(data).publish(compiled_picture, "test/picture")
    settings = {"SWATH_MEMORY_RESPONSE_CACHE_MB": "0", "SWATH_LIMITS_MAX_QUEUE": "2"}
    with serve(data, **settings) as live:
        answers = ask_at_once(live.port, [export(number) for number in range(ASKED)])
        assert {status for status, _, _ in answers} == {200, 503}
        refused = [(headers, body) for status, headers, body in answers if status == 503]
        # Two instances hold some, the queue two more.
        assert len(refused) >= ASKED - 10
        assert refusals_counted(live.url) == len(refused)
        assert len({headers.pop("x-request-id") for headers, _ in refused}) == len(refused)
        for headers, body in refused:
            headers.pop("date")
            assert int(headers.pop("retry-after")) >= 1
            assert b'"code":503' in body
        assert all(headers == refused[0][0] for headers, _ in refused)
        # A moment later there is room again.
        assert httpx.get(live.url + export(ASKED), timeout=60).status_code == 200


class Transport:
    def __init__(self):
        self.sent = b""

    def writelines(self, parts):
        self.sent += b"".join(parts)


class Cycle:
    """As much of uvicorn's cycle as an answer at once needs."""

    def __init__(self, scope):
        self.scope = scope
        self.flow = type("Flow", (), {"write_paused": False})()
        self.disconnected = False
        self.keep_alive = True
        self.default_headers = [(b"date", b"now")]
        self.transport = Transport()
        self.response_complete = False

    def on_response(self):
        self.response_complete = True


class NoTiles:
    def match(self, path):
        return None


SCOPE = {
    "method": "GET",
    "path": "/export",
    "query_string": b"bbox=1,2,3,4&f=image",
    "headers": [(b"host", b"x")],
    "client": ("1.2.3.4", 5),
}


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def shortcut(metrics):
    settings = Settings()
    address = PublicAddress(settings)
    brake = Brake(address, 60.0)
    refusal = Refusal(
        status=200,
        headers=[(b"content-length", b"2"), (b"retry-after", b"7")],
        body=b"{}",
        labels=("a", "arcgis", "exportImage"),
        counted=503,
        error=Overloaded(7),
    )
    brake.hold(SCOPE, "/export", refusal)
    return Shortcut(NoTiles(), brake, Journal(settings, metrics, address))


def test_a_refusal_is_written_whole_and_ends_the_cycle(shortcut, metrics):
    cycle = Cycle({**SCOPE, "query_string": b"bbox=5,6,7,8&f=image"})
    answered = shortcut.begin(cycle)
    assert answered.done()
    assert cycle.response_complete
    head, _, body = cycle.transport.sent.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert lines[1:4] == [b"date: now", b"content-length: 2", b"retry-after: 7"]
    assert lines[4].startswith(b"x-request-id: ")
    assert body == b"{}"
    # What happened is counted, not how the protocol words it.
    counted = {sample.name: sample for sample in metrics.samples()}
    assert counted["swath_requests_total"].labels == ("a", "arcgis", "exportImage", "503")
    assert counted["swath_rejected_total"].labels == ("overload",)


@pytest.mark.parametrize("other", [{"method": "HEAD"}, {"query_string": b"f=json"}])
def test_all_else_is_for_the_application(shortcut, other):
    assert shortcut.begin(Cycle({**SCOPE, **other})) is None


def test_a_client_that_does_not_read_goes_the_long_way(shortcut):
    cycle = Cycle(SCOPE)
    cycle.flow.write_paused = True
    assert shortcut.begin(cycle) is None
