"""The application of the front: routes, lifespan and what stands around them; nothing else."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from engine.errors import ImageServerError
from server import health
from server.edge import Edge
from server.pages import map_page
from server.protocols import PROTOCOLS
from server.state import ServerState
from server.tile_answers import TileAnswers
from server.tile_path import TilePath, TileShortcut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from config.settings import Settings

_log = logging.getLogger("swath.server")


class Application:
    """The ASGI application.

    Attributes
    ----------
    state : ServerState
        Shared by all handlers.
    on_failure : callable
        Called when the instances cannot be started; the server should end.
    shortcut : TileShortcut
        Answers tiles past ASGI, for a server that can.
    """

    def __init__(self, settings: Settings) -> None:
        self.state = ServerState(settings)
        self.on_failure: Callable[[], None] = lambda: None
        self._router = Starlette(routes=_routes(self.state), lifespan=self._lifespan)
        edge = Edge(self._router, settings, self.state.metrics)
        tiles = TileAnswers(self.state, edge.cors)
        self.shortcut = TileShortcut(tiles)
        self._app = TilePath(edge, tiles)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        # Who is told the address may ask at once for what is published.
        await self.state.look()
        # Not awaited: the server listens at once, says that it lives, and gets ready meanwhile.
        starting = asyncio.create_task(self._start())
        try:
            yield
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await self.state.stop()

    async def _start(self) -> None:
        try:
            await self.state.start()
        except ImageServerError as error:
            _log.critical("cannot start: %s", error)
            self.on_failure()
        except Exception:
            _log.exception("cannot start")
            self.on_failure()
        else:
            names = self.state.registry.names()
            _log.info("ready with %d services", len(names))
            if not names:
                _log.info(
                    "no service yet; publish one with: swath publish FILE.tif --name NAME --data %s",
                    self.state.settings.data,
                )


def _routes(state: ServerState) -> list[BaseRoute]:
    found = health.routes(state)
    for protocol in PROTOCOLS.values():
        found += protocol.routes(state)
    found += map_page.routes(state)
    return found


def create_app(settings: Settings) -> Application:
    """Return the application for these settings."""
    return Application(settings)
