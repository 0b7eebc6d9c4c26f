"""Probes and metrics. Live is not ready: a server without instances lives, but should get no requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from server.state import ServerState


# A service counts as one that leaves out rasters for so long after it did.
_RECENT_S = 300.0


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes under /health and /metrics."""

    async def live(request: Request) -> Response:
        request.scope["swath.labels"] = ("", "", "health")
        return _json(200, {"status": "live"})

    async def ready(request: Request) -> Response:
        request.scope["swath.labels"] = ("", "", "health")
        pool = state.pool.state()
        document = {
            "status": "ready" if state.is_ready else "not ready",
            "instances": pool.instances,
            "instances_ready": pool.ready,
            "services": len(state.registry.names()),
            # Ready all the same: what is left of them is served.
            "skipping_sources": state.metrics.losing(_RECENT_S),
        }
        return _json(200 if state.is_ready else 503, document)

    async def metrics(request: Request) -> Response:
        request.scope["swath.labels"] = ("", "", "metrics")
        text = await asyncio.to_thread(state.exposition)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", metrics),
    ]


def _json(status: int, document: object) -> Response:
    return Response(
        msgspec.json.encode(document),
        status,
        {"Cache-Control": "no-store"},
        media_type="application/json",
    )
