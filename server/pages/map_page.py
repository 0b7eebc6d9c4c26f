"""The pages people look at: the list of services and the map of one.

The server writes little more than a frame here; the map itself runs in the browser (static/map) and
asks the same REST resources as everybody else. Every link in these pages is relative to the page, so
they are right behind any proxy prefix. The content security policy keeps the browser on this host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from engine.errors import Forbidden, ServiceNotFound, TokenRequired
from server.pages import valley_page
from server.pages.account import account_of, sign_in_first
from server.pages.page import FOLDER, render_page
from server.pages.service_cards import make_card
from server.visitor import visitor_of

if TYPE_CHECKING:
    from os import PathLike, stat_result

    from starlette.requests import Request
    from starlette.types import Scope

    from server.state import ServerState


class _PageFiles(StaticFiles):
    """Files that browsers ask after each time (304), so that an upgrade shows at once."""

    def file_response(
        self,
        full_path: PathLike[str] | str,
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with the file or 304."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        return response


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of the pages: ``/``, ``/map/{folder/}{service}`` and their files."""

    def missing(name: str, root: str) -> HTMLResponse:
        return render_page("map_missing.html", {"root": root, "name": name}, status=404)

    async def list_services(request: Request) -> Response:
        """List the image services, as a page."""
        visitor = visitor_of(state, request.scope)
        found = map(visitor.find, sorted(visitor.names(), key=str.casefold))
        cards = [make_card(service) for service in found if service is not None]
        values = {"root": "", "cards": cards, "has_valley": valley_page.is_published(visitor)}
        values["account"] = account_of(state, request)
        return render_page("services.html", values)

    async def show_map(request: Request) -> Response:
        """Show the map of a service, as a page."""
        name = request.path_params["name"]
        # Levels below the public root, so that "../" as many times leads back to it.
        root = "../" * (name.count("/") + 1)
        if name.endswith("/"):
            return RedirectResponse(f"{root}map/{quote(name.strip('/'))}", status_code=308)
        try:
            service = visitor_of(state, request.scope).service(name)
        except TokenRequired:
            return sign_in_first(root, f"map/{name}")
        except (ServiceNotFound, Forbidden):
            return missing(name, root)
        account = account_of(state, request)
        return render_page(
            "map.html", {"root": root, "card": make_card(service), "account": account}
        )

    return [
        Route("/", list_services, name="services_page"),
        Route("/map/{name:path}", show_map, name="map_page"),
        *valley_page.routes(state),
        Mount("/static", _PageFiles(directory=FOLDER / "static"), name="Files of the pages"),
    ]
