"""The two ways of a tile through the front: as an ASGI function, and past ASGI to the connection.

uvicorn's task, messages and header checks cost a tile as much as all else the front does for it. So a
plain GET whose connection takes bytes is answered straight to the transport (`TileShortcut`); HEAD,
and clients that pipeline faster than they read, go through ASGI (`TilePath`) and wait there.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from server.edge import RawHeaders
    from server.tile_answers import TileAnswer, TileAnswers

_METHODS = ("GET", "HEAD")
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class TilePath:
    """Answers tiles and passes everything else on.

    Parameters
    ----------
    app
        Gets what is no tile.
    """

    def __init__(self, app: ASGIApp, tiles: TileAnswers) -> None:
        self._app = app
        self._tiles = tiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a tile, or pass the request on."""
        if scope["type"] == "http" and scope["method"] in _METHODS:
            match = self._tiles.match(scope["path"])
            if match is not None:
                await self._answer(scope, send, match)
                return
        await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send, match: Any) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[tuple[int, RawHeaders, bytes | bytearray]] = loop.create_future()

        def done(status: int, headers: RawHeaders, body: bytes | bytearray) -> None:
            if not ready.done():
                ready.set_result((status, headers, body))

        answer = self._tiles.begin(match, scope, done)
        try:
            status, headers, body = await ready
        except asyncio.CancelledError:
            answer.cancel()
            return  # the client has gone (see http_guard): nobody reads an answer
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": status,
            "headers": headers,
        }
        await send(start)
        await send({"type": "http.response.body", "body": body})


class TileShortcut:
    """Answers a tile from uvicorn's cycle of one request, without running the application."""

    def __init__(self, tiles: TileAnswers) -> None:
        self._tiles = tiles

    def begin(self, cycle: RequestResponseCycle) -> TileAnswer | None:
        """Begin to answer, or return None: the request is for the application."""
        scope: Any = cycle.scope  # a plain dict under both frameworks' names for it
        if scope["method"] != "GET" or cycle.flow.write_paused:
            return None
        match = self._tiles.match(scope["path"])
        if match is None:
            return None

        def done(status: int, headers: RawHeaders, body: bytes | bytearray) -> None:
            _write(cycle, status, headers, body)

        return self._tiles.begin(match, scope, done)


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
    cycle.transport.write(b"".join(parts))
    if body:
        cycle.transport.write(body)  # not joined, which would copy it: both leave in one call
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
