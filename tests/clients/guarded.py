"""A server that shows its services to who has signed in alone, and what a client types to do so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from server.access.sharing import Sharing
from server.access.site import Site
from server.access.users import Users
from server.site.publishing import Publisher
from tests.clients.services import MARBLE, TEMPLATED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import RunningServer

USER, PASSWORD = "anna", "correct-staple-horse"
SERVICES = (MARBLE, TEMPLATED)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The server."""

    running: RunningServer

    @property
    def base(self) -> str:
        """Its address."""
        return self.running.base

    def rest(self, name: str) -> str:
        """Address of a service's root."""
        return self.running.rest(name)

    def token(self, **bound: str) -> str:
        """Return a token as clients get it."""
        asked = {"username": USER, "password": PASSWORD, "f": "json", **bound}
        answer = httpx.post(f"{self.base}/arcgis/tokens/generateToken", data=asked, timeout=60)
        return str(answer.json()["token"])


def publish_guarded(source: Path, data: Path) -> Path:
    """Publish in `data` what `source` serves, for one user alone."""
    site = Site(data)
    Users(site).add(USER, PASSWORD)
    published, publisher = Publisher(source), Publisher(data)
    for name in SERVICES:
        Sharing(site).share(name, "named", [USER])
        publisher.publish(published.service(name).path, name)
    return data
