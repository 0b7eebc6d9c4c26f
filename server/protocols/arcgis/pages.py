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
from server.pages.account import NOBODY, Account
from server.pages.security_headers import DIRECTORY, page_headers

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def _environment() -> Environment:
    folder = Path(server.pages.__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader([folder / "arcgis", folder]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, values: Mapping[str, Any], account: Account = NOBODY) -> HTMLResponse:
    """Return a page made of a template.

    Parameters
    ----------
    values
        What the template names; `base` (the server's public URL) is needed by all.
    account
        Of the one who looks.
    """
    known = {**values, "account": account, "root": f"{values['base']}/"}
    text = _environment().get_template(template).render(**known)
    return HTMLResponse(text, headers=page_headers(DIRECTORY))
