"""Write a page from its template, with the headers that all pages share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent

_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        # Leaflet keeps one transparent pixel as a data: image for tiles it gives up.
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["urlpath"] = lambda text: quote(text, safe="/")
    return environment


def render_page(template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    template : str
        File name in ``templates``.
    """
    text = _environment().get_template(template).render(**values)
    return HTMLResponse(text, status_code=status, headers=_SECURITY_HEADERS)
