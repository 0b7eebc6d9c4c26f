"""Write a page from its template, with the headers that all pages share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from server.pages.security_headers import MAP_PAGE, page_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent


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


def render_page(
    template: str, values: Mapping[str, Any], status: int = 200, policy: str = MAP_PAGE
) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    template : str
        File name in ``templates``.
    policy : str
        One of `security_headers`.
    """
    text = _environment().get_template(template).render(**values)
    return HTMLResponse(text, status_code=status, headers=page_headers(policy))
