"""The page that shows what orthorectification does: the demo's valley with its terrain and without.

It is there while the demo's two services of the valley are published.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from server.pages.page import render_page
from server.visitor import visitor_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.state import ServerState
    from server.visitor import Visitor

WITH_TERRAIN = "demo/valley_ortho"
WITHOUT_TERRAIN = "demo/valley_without_terrain"
_ROOT = "../"


def is_published(visitor: Visitor) -> bool:
    """Tell whether there is something to show."""
    return all(visitor.find(name) is not None for name in (WITH_TERRAIN, WITHOUT_TERRAIN))


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of the page and of its true lines."""

    async def show_valley(request: Request) -> Response:
        """Show what orthorectification does, as a page."""
        if not is_published(visitor_of(state, request.scope)):
            values = {"root": _ROOT, "name": WITH_TERRAIN}
            return render_page("map_missing.html", values, status=404)
        values = {
            "root": _ROOT,
            "with_terrain": WITH_TERRAIN,
            "without_terrain": WITHOUT_TERRAIN,
        }
        return render_page("valley.html", values)

    def show_truth(request: Request) -> Response:
        """Give the true lines of the invented valley, as GeoJSON."""
        # Each version of the demo's scenes has a folder of its own; the latest is the one served.
        found = sorted(Path(state.settings.data).glob("demo/scenes-*/valley/truth.json"))
        if not found or not is_published(visitor_of(state, request.scope)):
            return Response(status_code=404)
        headers = {"Cache-Control": "no-cache"}
        return FileResponse(found[-1], media_type="application/geo+json", headers=headers)

    return [
        Route("/demo/valley", show_valley, name="valley_page"),
        Route("/demo/valley.json", show_truth, name="valley_truth"),
    ]
