"""What is said at an address that leads nowhere: a page to browsers, two words to everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

from server.pages.page import render_page

if TYPE_CHECKING:
    from starlette.requests import Request


async def not_found(request: Request, _: Exception) -> Response:
    """Answer a request that no route takes; the address is not repeated, it may hold anything."""
    response: Response = PlainTextResponse("Not Found", status_code=404)
    if "text/html" in request.headers.get("accept", ""):
        # Levels below the public root, so that "../" as many times leads back to it.
        root = "../" * (request.scope["path"].count("/") - 1)
        response = render_page("not_found.html", {"root": root}, status=404)
    response.headers.add_vary_header("Accept")
    return response
