"""The application of the front: routes, lifespan and what stands around them; nothing else."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from engine.errors import ImageServerError
from server import health, openapi
from server.http.brake import Brake
from server.http.edge import Edge
from server.http.responses import refused
from server.http.shortcut import Shortcut
from server.http.tile_answers import TileAnswers
from server.http.tile_path import TilePath
from server.pages import map_page, oidc_sign_in, sign_in
from server.pages.missing_page import not_found
from server.protocols import PROTOCOLS
from server.state import ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from config.layers import Layers
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
    shortcut : Shortcut
        Answers tiles and refuses floods past ASGI, for a server that can.
    """

    def __init__(self, settings: Settings, layers: Layers | None) -> None:
        self.state = ServerState(settings, layers)
        self.on_failure: Callable[[], None] = lambda: None
        self._router = Starlette(
            routes=_routes(self.state),
            lifespan=self._lifespan,
            exception_handlers={404: not_found, ImageServerError: refused},
        )
        brake = Brake(self.state.address, settings.timeouts.wait_s)
        edge = Edge(self._router, settings, self.state.journal, brake)
        self.state.followers.append(lambda settings: edge.cors.follow(settings.cors_origins))
        tiles = TileAnswers(self.state, edge.cors)
        self.shortcut = Shortcut(tiles, brake, self.state.journal)
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
            if self.state.is_stopping:
                # Who stops a server may stop all its processes, this one's children first.
                _log.info("stopped before it was ready: %s", error)
                return
            _log.critical("cannot start: %s", error)
            self.on_failure()
        except Exception:
            _log.exception("cannot start")
            self.on_failure()
        else:
            names = self.state.registry.names()
            _log.info("ready with %d services", len(names))
            if not self.state.access.has_administrator:
                _log.info(
                    "no administrator yet; make one with: swath user add NAME --role administrator --data %s",
                    self.state.settings.data,
                )
            if not names:
                _log.info(
                    "no service yet; publish one with: swath publish FILE.tif --name NAME --data %s",
                    self.state.settings.data,
                )


def _routes(state: ServerState) -> list[BaseRoute]:
    found = health.routes(state)
    for protocol in PROTOCOLS.values():
        found += protocol.routes(state)
    found += map_page.routes(state) + sign_in.routes(state)
    found += oidc_sign_in.routes(state)
    return found + openapi.routes(state, found)


def create_app(settings: Settings, layers: Layers | None = None) -> Application:
    """Return the application for these settings.

    Parameters
    ----------
    layers
        Where they come from, but for the site; what the site says later is laid over these.
    """
    return Application(settings, layers)
