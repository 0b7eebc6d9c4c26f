"""What every request passes first and every answer last: limits, CORS, gzip, counts, the last catch.

A plain ASGI function around the application, because each layer of a framework's middleware costs a
tile more than its look-up.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import ImageServerError, InternalError
from server.compression import accepts_gzip, compressed, echo_weak_etag, is_text, with_vary
from server.errors import headers_of, message_of, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from config.settings import Settings
    from server.metrics import Metrics

_log = logging.getLogger("swath.server")
_access = logging.getLogger("swath.access")

RawHeaders = list[tuple[bytes, bytes]]
_EXPOSED = b"ETag, Server-Timing, X-Swath-Truncated, Retry-After, Content-Disposition"


class Cors:
    """Which other sites may read answers.

    References
    ----------
    Fetch Standard, section 3.2 (CORS protocol). No credentials are used, so "*" is harmless.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = {origin.encode("latin-1") for origin in origins}
        self._is_open = b"*" in self._origins
        self._open_headers = _cors_headers(b"*") if self._is_open else []

    def headers(self, request_headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """Return the headers for an answer."""
        if self._is_open:
            return self._open_headers
        origin = _get(request_headers, b"origin")
        if origin in self._origins:
            return [*_cors_headers(origin), (b"vary", b"Origin")]
        return [(b"vary", b"Origin")] if self._origins else []


def _cors_headers(origin: bytes) -> RawHeaders:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"timing-allow-origin", origin),
    ]


def _get(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    for key, value in headers:
        if key == name:
            return value
    return b""


def error_message(error: ImageServerError) -> tuple[int, RawHeaders, bytes]:
    """Return status, headers and JSON body of an error on routes of our own."""
    status = status_of(error)
    body = msgspec.json.encode({"error": {"code": status, "message": message_of(error)}})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    headers += [(k.lower().encode(), v.encode()) for k, v in headers_of(error).items()]
    return status, headers, body


def internal_error(what: str) -> InternalError:
    """Log the exception being handled under a new reference and return what may be said of it."""
    reference = secrets.token_hex(4)
    _log.exception("%s failed, reference %s", what, reference)
    return InternalError(reference)


class Edge:
    """The outermost application."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._prefix = settings.prefix
        self._max_body = settings.limits.max_body_kb * 1024
        self._is_logging = settings.access_log
        self._metrics = metrics
        self.cors = Cors(settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self.cors, self._max_body)
        started = time.perf_counter()
        self._metrics.open_requests += 1
        try:
            await self._answer(scope, exchange)
        except asyncio.CancelledError:
            # The client has gone (see http_guard) or the time to stop is over: nobody reads an answer.
            _log.debug("request cancelled")
        finally:
            self._metrics.open_requests -= 1
            self._count(scope, exchange, time.perf_counter() - started)

    async def _answer(self, scope: Scope, exchange: _Exchange) -> None:
        if scope["method"] == "OPTIONS":
            await exchange.answer_preflight()
            return
        declared = _get(scope["headers"], b"content-length")
        if declared and (not declared.isdigit() or int(declared) > self._max_body):
            await exchange.refuse_body()
            return
        if self._prefix and not self._strip(scope):
            await exchange.answer_plain(404, b"Not found")
            return
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except ImageServerError as error:
            await exchange.answer_error(error)
        except Exception:
            await exchange.answer_error(internal_error(f"{scope['method']} request"))

    def _strip(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if path != self._prefix and not path.startswith(self._prefix + "/"):
            return False
        scope["path"] = path[len(self._prefix) :] or "/"
        scope["raw_path"] = scope.get("raw_path", b"")[len(self._prefix) :] or b"/"
        return True

    def _count(self, scope: Scope, exchange: _Exchange, seconds: float) -> None:
        service, protocol, operation = scope.get("swath.labels", ("", "", "other"))
        status = scope.get("swath.status", exchange.status)
        self._metrics.observe(
            service=service, protocol=protocol, operation=operation, status=status, seconds=seconds
        )
        if self._is_logging:
            # The query may hold tokens: the path alone is logged.
            _access.info("%s %s %d %.1f ms", scope["method"], scope["path"], status, seconds * 1e3)


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, cors: Cors, max_body: int
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._cors = cors
        self._body_left = max_body
        self._is_refused = False
        self._held: Message | None = None
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._body_left -= len(message.get("body", b""))
        if self._body_left < 0:
            # A body without a declared length went over the limit: whatever the handler makes of the
            # disconnection that it is shown, the client hears why.
            await self.refuse_body()
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        if self._is_refused:
            return
        if message["type"] == "http.response.start":
            self._dress(message)
            if is_text(message) and accepts_gzip(self._scope["headers"]):
                # Its length is known with the body.
                self._held = message
                return
            self.status = message["status"]
        elif self._held is not None:
            start, message = await compressed(self._held, message)
            self._held = None
            self.status = start["status"]
            await self._send(start)
        await self._send(message)

    def _dress(self, start: Message) -> None:
        headers = [
            *start.get("headers", ()),
            (b"x-content-type-options", b"nosniff"),
            *self._cors.headers(self._scope["headers"]),
        ]
        start["headers"] = headers
        if is_text(start):
            start["headers"] = with_vary(headers)
        elif start["status"] == 304:
            echo_weak_etag(start, self._scope["headers"])

    async def answer_plain(self, status: int, body: bytes, headers: Any = ()) -> None:
        if self.status:
            return  # half an answer has gone out; closing the connection is all that is left
        start: Message = {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
        self._held = None
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})

    async def answer_error(self, error: ImageServerError) -> None:
        if self._is_refused:
            return
        if self.status:
            raise error
        status, headers, body = error_message(error)
        self._held = None
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse_body(self) -> None:
        await self.answer_plain(413, b"The body is too large.", [(b"connection", b"close")])
        self._is_refused = True

    async def answer_preflight(self) -> None:
        asked = _get(self._scope["headers"], b"access-control-request-headers")
        headers = [
            (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
            (b"access-control-max-age", b"86400"),
            (b"allow", b"GET, HEAD, POST, OPTIONS"),
        ]
        if asked:
            headers.append((b"access-control-allow-headers", b"*"))
        await self.answer_plain(204, b"", headers)
