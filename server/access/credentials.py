"""Where clients put what they show: a token or an API key.

The query's `token=`, the headers X-Esri-Authorization, Authorization (Bearer) and X-API-Key, the cookies
`agstoken` and our own. The first one counts. The body of a form is read by its protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

SESSION_COOKIE = "swath_session"
ESRI_COOKIE = "agstoken"

Place: TypeAlias = Literal["query", "header", "cookie"]
RawHeaders: TypeAlias = "Iterable[tuple[bytes, bytes]]"

_MAX_FIELDS = 500


class Credential(NamedTuple):
    """What was shown, and where: a browser sends cookies without being asked to."""

    text: str
    place: Place


def credential_of(headers: RawHeaders, query: bytes) -> str | None:
    """Return the token or key of a request, None where there is none.

    Parameters
    ----------
    headers
        Names in lower case.
    """
    found = find_credential(headers, query)
    return None if found is None else found.text


def find_credential(headers: RawHeaders, query: bytes) -> Credential | None:
    """Return the token or key of a request and where it was, None where there is none."""
    if query and (text := _from_query(query)):
        return Credential(text, "query")
    by_name: dict[bytes, bytes] = {}
    cookies: list[bytes] = []
    for name, value in headers:
        if name == b"cookie":
            cookies.append(value)
        elif name in _HEADERS:
            by_name.setdefault(name, value)
    for name, is_bearer in _HEADERS.items():
        if name in by_name and (text := _from_header(by_name[name], is_bearer=is_bearer)):
            return Credential(text, "header")
    if cookies and (text := _from_cookies(b"; ".join(cookies))):
        return Credential(text, "cookie")
    return None


_HEADERS = {b"x-esri-authorization": True, b"authorization": True, b"x-api-key": False}


def _from_query(query: bytes) -> str:
    if b"token" not in query.lower() and b"%" not in query:
        return ""
    try:
        pairs = parse_qsl(query.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError:  # too many: the protocol says so in its own form
        return ""
    return next((v.strip() for k, v in pairs if k.casefold() == "token" and v.strip()), "")


def _from_header(value: bytes, *, is_bearer: bool) -> str:
    text = value.decode("latin-1").strip()
    if not is_bearer:
        return text
    scheme, _, rest = text.partition(" ")
    # Other schemes are between the client and a proxy.
    return rest.strip() if scheme.casefold() == "bearer" else ""


def _from_cookies(header: bytes) -> str:
    found: dict[str, str] = {}
    for part in header.decode("latin-1").split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, unquote_plus(value.strip('"')))
    return found.get(ESRI_COOKIE) or found.get(SESSION_COOKIE) or ""
