"""The way of a tile through the front as an ASGI function.

Most tiles take a shorter one (`server.http.shortcut`); HEAD, and clients that pipeline faster than they read,
come here and wait.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from server.http.edge import RawHeaders
    from server.http.tile_answers import TileAnswers

_METHODS = ("GET", "HEAD")


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
