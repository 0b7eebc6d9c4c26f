"""The edge around small applications, called as ASGI (with server.http.compression)."""

import asyncio

import httpx
import pytest

from config.settings import LimitSettings, Settings
from engine.errors import InvalidParameter, Overloaded
from server.http.edge import Cors, Edge
from server.http.proxy import PublicAddress
from server.metrics.counts import Metrics
from server.telemetry.journal import Journal

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
    made = Settings(**settings)
    journal = Journal(made, metrics or Metrics(), PublicAddress(made))
    edge = Edge(app, made, journal)
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


def test_other_origins_are_followed():
    cors = Cors(("*",))
    cors.follow(("https://a.example",))
    assert cors.headers([]) == [(b"vary", b"Origin")]
    cors.follow(("*",))
    assert dict(cors.headers([]))[b"access-control-allow-origin"] == b"*"


async def test_a_preflight_is_answered():
    headers = {
        **ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-esri-authorization, authorization",
    }
    answer = await client().options("/a", headers=headers)
    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    # A wildcard does not stand for Authorization.
    assert {"*", "authorization", "x-esri-authorization", "content-type", "range"} <= set(allowed)
    assert answer.headers["access-control-allow-origin"] == "*"


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

    async def gives_up(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        scope["swath.status"] = 500
        raise RuntimeError("no body")

    metrics = Metrics()
    for app in (hello, gives_up):
        few = LimitSettings(max_body_kb=5)
        answer = await client(app, metrics, limits=few).post("/", content=body())
        assert answer.status_code == 413
    # Counted as what the client was told, whatever the application made of it.
    told = "\n".join(f"{sample}" for sample in metrics.samples())
    assert "413" in told
    assert "500" not in told
    fits = await client(limits=LimitSettings(max_body_kb=10)).post("/", content=body())
    assert fits.status_code == 200


def answering(body, media_type=b"application/json", *, status=200, pieces=1):
    async def app(scope, receive, send):
        headers = [
            (b"content-type", media_type),
            (b"content-length", str(len(body)).encode()),
            (b"etag", b'"e"'),
            (b"vary", b"Accept"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        step = -(-len(body) // pieces) or 1
        for place in range(pieces):
            part = memoryview(body)[place * step : (place + 1) * step]
            more = place < pieces - 1
            await send({"type": "http.response.body", "body": part, "more_body": more})

    return app


LONG = b'{"a": "' + b"long " * 400 + b'"}'


@pytest.mark.parametrize("media_type", [b"application/json", b"text/html; charset=utf-8"])
@pytest.mark.parametrize("body", [LONG, LONG * 200], ids=["long", "very long"])
async def test_texts_are_sent_compressed(media_type, body):
    answer = await client(answering(body, media_type)).get("/")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(body) // 10
    assert answer.content == body
    # Another representation has another ETag; only a weak one can stand for both.
    assert answer.headers["etag"] == 'W/"e"'
    assert answer.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br", "*;q=0", "gzip; q=0.0, *"])
async def test_who_does_not_take_gzip_gets_the_plain_text(accepted):
    answer = await client(answering(LONG)).get("/", headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.headers["etag"] == '"e"'
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert answer.content == LONG


@pytest.mark.parametrize(
    "app",
    [
        answering(LONG, b"image/png"),
        answering(LONG, b"application/octet-stream"),
        answering(b"short"),
        answering(LONG, pieces=3),
        answering(LONG, status=206),
    ],
)
async def test_pictures_short_texts_and_streams_stay_as_they_are(app):
    answer = await client(app).get("/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["etag"] == '"e"'
    assert len(answer.content) == int(answer.headers["content-length"])


@pytest.mark.parametrize(("held", "told"), [('W/"e"', 'W/"e"'), ('"e"', '"e"'), ("*", '"e"')])
async def test_a_client_hears_that_the_form_it_has_is_good(held, told):
    headers = {"If-None-Match": held}
    answer = await client(answering(b"", status=304)).get("/", headers=headers)
    assert answer.headers["etag"] == told
    assert "Accept-Encoding" in answer.headers["vary"]


async def test_a_failure_before_the_body_is_answered():
    async def app(scope, receive, send):
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise RuntimeError("no body")

    answer = await client(app).get("/")
    assert answer.status_code == 500


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
    (requests,) = [s for s in metrics.samples() if s.name == "swath_requests_total"]
    assert requests.labels == ("f/n", "arcgis", "query", "400")
    assert metrics.open_requests == 0


async def test_a_scope_that_is_kept_holds_neither_answer_nor_frames():
    scopes, errors = [], []

    async def app(scope, receive, send):
        scopes.append(scope)
        scope["swath.answered"] = ("", {"total": 1.0})
        errors.append(InvalidParameter("x", "1", "2"))
        raise errors[0] from KeyError("cause")

    await client(app).get("/")
    assert not {"swath.answered", "swath.error"} & set(scopes[0])
    (error,) = errors
    assert error.__traceback__ is error.__cause__ is error.__context__ is None


async def test_a_cancelled_request_ends_in_silence():
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    sent = []

    async def send(message):
        sent.append(message)

    metrics = Metrics()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    journal = Journal(Settings(), metrics, PublicAddress(Settings()))
    await Edge(app, Settings(), journal)(scope, None, send)
    assert sent == []
    assert metrics.open_requests == 0


async def test_the_access_log_has_no_query(caplog):
    caplog.set_level("INFO", "swath.access")
    await client(access_log=True).get("/a?token=secret")
    assert "GET /a 200" in caplog.text
    assert "secret" not in caplog.text
