"""Protocols: each parses its requests into the shared `Request` and words its own answers.

A protocol is a module with `routes(state) -> list[BaseRoute]`, and one line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.registry import Registry
from server.protocols import xyz
from server.protocols.arcgis import router as arcgis

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from server.state import ServerState


class ServerProtocol(Protocol):
    """What a protocol's module offers."""

    def routes(self, state: ServerState) -> list[BaseRoute]:
        """Return the routes of the protocol."""
        ...


PROTOCOLS: Registry[ServerProtocol] = Registry("protocol", {"arcgis": arcgis, "xyz": xyz})
