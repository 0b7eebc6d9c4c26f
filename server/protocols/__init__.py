"""Protocols: each parses its requests into the shared `Request` and words its own answers.

A protocol is a module with `routes(state) -> list[BaseRoute]`, and one line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.registry import Registry
from server.protocols import soap, xyz
from server.protocols.arcgis import router as arcgis
from server.protocols.wms import router as wms

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from server.state import ServerState


class ServerProtocol(Protocol):
    """What a protocol's module offers."""

    def routes(self, state: ServerState) -> list[BaseRoute]:
        """Return the routes of the protocol."""
        ...


# The routes of WMS are the most special and come first.
PROTOCOLS: Registry[ServerProtocol] = Registry(
    "protocol", {"wms": wms, "arcgis": arcgis, "soap": soap, "xyz": xyz}
)
