"""Cookies of ours: read from a request, written for this host and path alone.

References
----------
RFC 6265 §4.1 (Set-Cookie); SameSite as in its revision, draft-ietf-httpbis-rfc6265bis.
"""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

_VALUE = re.compile(r"[A-Za-z0-9_.~-]{1,4000}")


def cookie_of(headers: Iterable[tuple[bytes, bytes]], name: str) -> str:
    """Return the value of a cookie of ours, "" where there is none of the form that we give."""
    for key, value in headers:
        if key != b"cookie":
            continue
        for part in value.decode("latin-1").split(";"):
            found, _, text = part.strip().partition("=")
            if found == name and _VALUE.fullmatch(text):
                return text
    return ""


def cookie_header(name: str, value: str, base: str, life_s: float) -> str:
    """Return the value of Set-Cookie.

    Scripts do not see it, other sites do not send it along with their forms and pictures, and behind
    https it never travels open.

    Parameters
    ----------
    base
        The server's public URL.
    life_s
        0 takes the cookie back.
    """
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = value
    morsel = cookie[name]
    morsel["path"] = urlsplit(base).path or "/"
    morsel["max-age"] = str(round(life_s))
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    if base.startswith("https:"):
        morsel["secure"] = True
    return morsel.OutputString()
