"""Past ASGI to the connection: tiles, and refusals of what need not be read.

uvicorn's task, messages and header checks cost a tile as much as all else the front does for it. So a
plain GET whose connection takes bytes is answered straight to the transport. HEAD, and clients that
pipeline faster than they read, go through ASGI (`server.http.tile_path`) and wait there.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from server.http.request_id import HEADER
from server.telemetry.journal import Finished

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from server.http.brake import Brake, Refusal
    from server.http.edge import RawHeaders
    from server.http.http_guard import Pending
    from server.http.tile_answers import TileAnswers
    from server.telemetry.journal import Journal

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class Shortcut:
    """Answers from uvicorn's cycle of one request, without running the application."""

    def __init__(self, tiles: TileAnswers, brake: Brake, journal: Journal) -> None:
        self._tiles = tiles
        self._brake = brake
        self._journal = journal

    def begin(self, cycle: RequestResponseCycle) -> Pending | None:
        """Begin to answer, or return None: the request is for the application."""
        scope: Any = cycle.scope  # a plain dict under both frameworks' names for it
        if scope["method"] != "GET" or cycle.flow.write_paused:
            return None
        match = self._tiles.match(scope["path"])
        if match is None:
            refusal = self._brake.refusal(scope)
            return None if refusal is None else self._refuse(cycle, scope, refusal)

        def done(status: int, headers: RawHeaders, body: bytes | bytearray) -> None:
            _write(cycle, status, headers, body)

        return self._tiles.begin(match, scope, done)

    def _refuse(self, cycle: RequestResponseCycle, scope: Scope, refusal: Refusal) -> Pending:
        started = time.perf_counter()
        journal = self._journal
        request_id = journal.request_id(scope)
        status, body = refusal.counted, refusal.body
        service, protocol, operation = refusal.labels
        _write(cycle, refusal.status, [*refusal.headers, (HEADER, request_id)], body)
        seconds = time.perf_counter() - started
        journal.metrics.series(service, protocol, operation).observe(status, seconds, len(body))
        journal.metrics.observe_error(service, refusal.error)
        if journal.is_wanted:
            finished = Finished(
                scope=scope,
                request_id=request_id,
                service=service,
                protocol=protocol,
                operation=operation,
                status=status,
                seconds=seconds,
                body_bytes=len(body),
                error=type(refusal.error).__name__,
            )
            journal.note(finished)
        return _ANSWERED


class _Answered:
    """A request that has its answer."""

    def done(self) -> bool:
        return True

    def cancel(self) -> None:
        return


_ANSWERED = _Answered()


def _write(
    cycle: RequestResponseCycle, status: int, headers: RawHeaders, body: bytes | bytearray
) -> None:
    """Write a whole answer and end the cycle as `RequestResponseCycle.send` does."""
    if cycle.disconnected:
        return
    parts = [_STATUS_LINES[status]]
    for name, value in (*cycle.default_headers, *headers):
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    cycle.response_started = True
    cycle.response_complete = True
    # Not joined, which would copy the body; nor one after the other, which are two calls and packets.
    cycle.transport.writelines((b"".join(parts), body))
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
