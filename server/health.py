"""Probes and metrics. Live is not ready: a server without instances lives, but should get no requests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from server.access.insiders import check_insider, is_insider
from server.health_details import measured, told
from server.metrics.scrape import scrape
from server.metrics.text import CONTENT_TYPE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from server.state import ServerState


# A service counts as one that leaves out rasters for so long after it did.
_RECENT_S = 300.0


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes under /health and /metrics."""

    async def live(request: Request) -> Response:
        """Tell that the server lives."""
        request.scope["swath.labels"] = ("", "", "health")
        return _json(200, {"status": "live"})

    async def ready(request: Request) -> Response:
        """Tell whether pixels would be answered now; insiders hear how many instances do."""
        request.scope["swath.labels"] = ("", "", "health")
        document: dict[str, object] = {"status": "ready" if state.is_ready else "not ready"}
        if is_insider(state, request.scope):
            pool = state.pools.state()
            document |= {
                "instances": pool.instances,
                "instances_ready": pool.ready,
                "services": len(state.registry.names()),
                # Ready all the same: what is left of them is served.
                "skipping_sources": state.metrics.losing(_RECENT_S),
            }
        return _json(200 if state.is_ready else 503, document)

    async def details(request: Request) -> Response:
        """Tell insiders of pools and seats, queue, caches, services in trouble, versions and disk."""
        request.scope["swath.labels"] = ("", "", "health")
        check_insider(state, request.scope)
        data = Path(state.settings.data)
        return _json(200, await asyncio.to_thread(measured, told(state), data))

    async def metrics(request: Request) -> Response:
        """Give counts and times, in the text form of Prometheus."""
        request.scope["swath.labels"] = ("", "", "metrics")
        check_insider(state, request.scope)
        return Response(await scrape(state), headers={"Content-Type": CONTENT_TYPE})

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/health/details", details),
        Route("/metrics", metrics),
    ]


def _json(status: int, document: object) -> Response:
    return Response(
        msgspec.json.encode(document),
        status,
        {"Cache-Control": "no-store"},
        media_type="application/json",
    )
