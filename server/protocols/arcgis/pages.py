"""The services directory for people: `f=html` pages of folders, services and operations.

Rule: every value is escaped by the template engine; pages load nothing but the server's own style sheet.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

import server.pages

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@cache
def _environment() -> Environment:
    folder = Path(server.pages.__file__).parent / "templates" / "arcgis"
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, values: Mapping[str, Any]) -> HTMLResponse:
    """Return a page made of a template.

    Parameters
    ----------
    values
        What the template names; `base` (the server's public URL) is needed by all.
    """
    text = _environment().get_template(template).render(**values)
    return HTMLResponse(text, headers=_HEADERS)
