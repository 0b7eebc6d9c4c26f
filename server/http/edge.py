"""What every request passes first and every answer last: limits, CORS, gzip, counts, the last catch.

A plain ASGI function around the application, because each layer of a framework's middleware costs a
tile more than its look-up.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import ImageServerError, InternalError, Overloaded
from server.errors import headers_of, hidden_reference, message_of, status_of
from server.http.brake import Refusal
from server.http.compression import accepts_gzip, compressed, echo_weak_etag, is_text, with_vary
from server.http.private_answers import as_private
from server.http.proxy import PublicAddress
from server.http.request_id import HEADER, REQUEST_ID, reference
from server.pages.security_headers import STRICT_TRANSPORT
from server.telemetry.journal import Finished
from server.visitor import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from config.settings import Settings
    from server.http.brake import Brake
    from server.telemetry.journal import Journal

_log = logging.getLogger("swath.server")

RawHeaders = list[tuple[bytes, bytes]]
# "*" stands for any header but Authorization, and for none in browsers that are older than it.
_ALLOWED = (
    b"*, Accept, Authorization, Content-Type, If-None-Match, Range, X-API-Key, "
    b"X-Esri-Authorization, X-Requested-With"
)
_EXPOSED = (
    b"ETag, Server-Timing, X-Request-Id, X-Swath-Truncated, X-Swath-Skipped, X-Swath-Stale, Age, Retry-After, Content-Disposition,"
    b" Content-Range,"
    b" Accept-Ranges"
)


class Cors:
    """Which other sites may read answers.

    References
    ----------
    Fetch Standard, section 3.2 (CORS protocol). No credentials are used, so "*" is harmless.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self.follow(origins)

    def follow(self, origins: Iterable[str]) -> None:
        """Let these sites, and no others, read answers from now on."""
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
    # One form on all routes: clients of ArcGIS join the details without looking whether there are any.
    found = hidden_reference(error)
    details = [f"Reference {found}."] if found else []
    fields = {"code": status, "message": message_of(error), "details": details}
    body = msgspec.json.encode({"error": fields})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    headers += [(k.lower().encode(), v.encode()) for k, v in headers_of(error).items()]
    return status, headers, body


def internal_error(what: str) -> InternalError:
    """Log the exception being handled under the request's id and return what may be said of it."""
    found = reference()
    _log.exception("%s failed, reference %s", what, found)
    return InternalError(found)


class Edge:
    """The outermost application.

    Parameters
    ----------
    brake
        Told of what was refused for want of room; None = nobody looks at that.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, journal: Journal, brake: Brake | None = None
    ) -> None:
        self._app = app
        self._brake = brake
        self._prefix = settings.prefix
        self._max_body = settings.limits.max_body_kb * 1024
        self._journal = journal
        self._metrics = journal.metrics
        self.cors = Cors(settings.cors_origins)
        self._address = PublicAddress(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._journal.request_id(scope)
        REQUEST_ID.set(request_id.decode())
        exchange = _Exchange(scope, receive, send, self.cors, self._max_body)
        exchange.address = self._address
        exchange.request_id = request_id
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
            _let_go(scope)

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
        if exchange.is_refused:
            # Whatever the handler made of the disconnection that it was shown.
            scope.pop("swath.status", None)
            scope.pop("swath.error", None)
        status = scope.get("swath.status", exchange.status)
        series = self._metrics.series(service, protocol, operation)
        series.observe(status, seconds, exchange.body_bytes)
        error = scope.get("swath.error")
        if error is not None:
            self._metrics.observe_error(service, error)
            if self._brake is not None and exchange.refused is not None:
                refusal = Refusal(
                    status=exchange.status,
                    headers=[pair for pair in exchange.refused if pair[0] != HEADER],
                    body=exchange.refused_body,
                    labels=(service, protocol, operation),
                    counted=status,
                    error=error,
                )
                self._brake.hold(scope, self._prefix + scope["path"], refusal)
        elif status == 413:
            self._metrics.reject("too_large")
        if self._journal.is_wanted or seconds > self._journal.slow_s:
            cache, stages = scope.get("swath.answered", ("", {}))
            self._journal.note(
                Finished(
                    scope=scope,
                    request_id=exchange.request_id,
                    service=service,
                    protocol=protocol,
                    operation=operation,
                    status=status,
                    seconds=seconds,
                    body_bytes=exchange.body_bytes,
                    error="" if error is None else type(error).__name__,
                    cache=cache,
                    stages=stages,
                )
            )


def _let_go(scope: Scope) -> None:
    """Take out of a scope what holds more than it tells: an idle connection keeps the last one.

    Frames in an error's traceback hold requests, flights and so the answers of others; and this scope.
    """
    scope.pop("swath.answered", None)
    error = scope.pop("swath.error", None)
    if error is not None:
        error.__traceback__ = error.__cause__ = error.__context__ = None


def _is_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return _get(headers, b"content-type").startswith(b"text/html")


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
        self.is_refused = False
        self._held: Message | None = None
        self.status = 0
        self.body_bytes = 0
        self.address: PublicAddress | None = None
        self.request_id = b""
        self.refused: RawHeaders | None = None
        self.refused_body = b""

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
        if self.is_refused:
            return
        if message["type"] == "http.response.start":
            self._dress(message)
            if isinstance(self._scope.get("swath.error"), Overloaded):
                self.refused = message["headers"]
            if is_text(message) and accepts_gzip(self._scope["headers"]):
                # Its length is known with the body.
                self._held = message
                return
            self.status = message["status"]
        elif self.refused is not None:
            self.refused_body += message.get("body", b"")
        if message["type"] == "http.response.body" and self._held is not None:
            start, message = await compressed(self._held, message)
            self._held = None
            self.status = start["status"]
            await self._send(start)
        self.body_bytes += len(message.get("body", b""))
        await self._send(message)

    def _dress(self, start: Message) -> None:
        given = start.get("headers", ())
        headers = [
            *(as_private(list(given)) if PRIVATE in self._scope else given),
            (b"x-content-type-options", b"nosniff"),
            (HEADER, self.request_id),
            *self._cors.headers(self._scope["headers"]),
        ]
        if self.address and _is_page(given) and self.address.is_https(self._scope):
            headers.append(STRICT_TRANSPORT)
        start["headers"] = headers
        is_kept = start["status"] == 304
        if is_kept or is_text(start):
            # Also where the client has the answer: what varies is said with each ETag.
            start["headers"] = with_vary(headers)
        if is_kept:
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
        if self.is_refused:
            return
        if self.status:
            raise error
        self._scope["swath.error"] = error
        status, headers, body = error_message(error)
        self._held = None
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse_body(self) -> None:
        await self.answer_plain(413, b"The body is too large.", [(b"connection", b"close")])
        self.is_refused = True

    async def answer_preflight(self) -> None:
        headers = [
            (b"access-control-allow-headers", _ALLOWED),
            (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
            (b"access-control-max-age", b"86400"),
            (b"allow", b"GET, HEAD, POST, OPTIONS"),
        ]
        await self.answer_plain(204, b"", headers)
