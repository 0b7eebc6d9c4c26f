"""The edge around small applications, called as ASGI."""

import asyncio

import httpx
import pytest

from config.settings import LimitSettings, Settings
from engine.errors import InvalidParameter, Overloaded
from server.edge import Edge
from server.metrics import Metrics

ORIGIN = {"Origin": "https://a.example"}


async def hello(scope, receive, send):
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": scope["path"].encode() + b" " + body})


def failing(error):
    async def app(scope, receive, send):
        raise error

    return app


def client(app=hello, metrics=None, **settings):
    edge = Edge(app, Settings(**settings), metrics or Metrics())
    return httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://t")


async def test_answers_gain_headers_and_keep_their_own():
    answer = await client().get("/a")
    assert answer.text == "/a "
    assert answer.headers["x-own"] == "1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_named_origins_alone_may_read():
    asked = client(cors_origins=("https://a.example",))
    answer = await asked.get("/", headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.headers["vary"] == "Origin"
    other = await asked.get("/", headers={"Origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["vary"] == "Origin"


async def test_a_preflight_is_answered():
    headers = {
        **ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x",
    }
    answer = await client().options("/a", headers=headers)
    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "*"


async def test_errors_of_ours_get_their_status_and_form():
    answer = await client(failing(InvalidParameter("size", "x", "two numbers"))).get("/")
    assert answer.status_code == 400
    assert "two numbers" in answer.json()["error"]["message"]
    busy = await client(failing(Overloaded(3))).get("/")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "3")


async def test_any_other_exception_shows_a_reference_and_nothing_else(caplog):
    answer = await client(failing(RuntimeError("secret"))).get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    reference = answer.json()["error"]["message"].split()[-1].rstrip(".")
    assert f"reference {reference}" in caplog.text
    assert "secret" in caplog.text


@pytest.mark.parametrize("length", ["2000000000", "-1", "x"])
async def test_a_declared_length_beyond_the_limit_is_refused_unread(length):
    read = []

    async def app(scope, receive, send):
        read.append(await receive())

    answer = await client(app).post("/", content=b"x", headers={"Content-Length": length})
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert read == []


async def test_a_body_without_length_is_refused_where_it_passes_the_limit():
    async def body():
        for _ in range(10):
            yield b"x" * 1024

    answer = await client(limits=LimitSettings(max_body_kb=5)).post("/", content=body())
    assert answer.status_code == 413
    fits = await client(limits=LimitSettings(max_body_kb=10)).post("/", content=body())
    assert fits.status_code == 200


async def test_the_prefix_is_taken_away():
    asked = client(prefix="/imagery")
    assert (await asked.get("/imagery/a")).text == "/a "
    assert (await asked.get("/imagery")).text == "/ "
    assert (await asked.get("/imageryx")).status_code == 404
    assert (await asked.get("/a")).status_code == 404


async def test_requests_are_counted_with_what_the_handler_says_of_them():
    metrics = Metrics()

    async def app(scope, receive, send):
        scope["swath.labels"] = ("f/n", "arcgis", "query")
        scope["swath.status"] = 400
        await hello(scope, receive, send)

    await client(app, metrics).get("/")
    (requests, *_) = metrics.families()
    (sample,) = requests.samples
    assert sample.labels == {
        "service": "f/n",
        "protocol": "arcgis",
        "operation": "query",
        "status": "400",
    }
    assert metrics.open_requests == 0


async def test_a_cancelled_request_ends_in_silence():
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    sent = []

    async def send(message):
        sent.append(message)

    metrics = Metrics()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await Edge(app, Settings(), metrics)(scope, None, send)
    assert sent == []
    assert metrics.open_requests == 0


async def test_the_access_log_has_no_query(caplog):
    caplog.set_level("INFO", "swath.access")
    await client(access_log=True).get("/a?token=secret")
    assert "GET /a 200" in caplog.text
    assert "secret" not in caplog.text
