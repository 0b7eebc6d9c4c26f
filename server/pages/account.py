"""What the head of a page says of whoever looks at it: a name and the way out, or the way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from engine.errors import InvalidToken
from server.http.local_path import local_path, path_of
from server.oidc.id_token import PREFIX
from server.visitor import visitor_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.state import ServerState

SIGN_OUT = "sign-out"


@dataclass(frozen=True, slots=True)
class Account:
    """Of the one who looks.

    Attributes
    ----------
    name : str
        "" = nobody has signed in.
    form_token : str
        Of the form that signs out; "" = the browser has no session to end.
    way_in : str
        Where one signs in, below the server's public URL; "" = nobody can.
    """

    name: str = ""
    form_token: str = ""
    way_in: str = ""


NOBODY = Account()


def account_of(state: ServerState, request: Request) -> Account:
    """Return what the page of a request says; nothing where there is nobody to sign in as."""
    if not state.can_sign_in:
        return NOBODY
    visitor = visitor_of(state, request.scope)
    try:
        caller = visitor.caller
    except InvalidToken:
        return Account(way_in=way_in(request))
    if caller.is_anonymous:
        return Account(way_in=way_in(request))
    session = visitor.session
    token = state.form_tokens.token(SIGN_OUT, session) if session else ""
    return Account(caller.name.removeprefix(PREFIX), token)


def way_in(request: Request) -> str:
    """Return where a browser signs in to come back to this page, below the server's public URL."""
    if request.method not in ("GET", "HEAD"):
        return "login"
    here = path_of(request.scope["path"], request.scope["query_string"])
    return f"login?{urlencode({'next': here})}" if here else "login"


def sign_in_first(root: str, here: str) -> Response:
    """Send a browser to the sign-in page, and from there back.

    Parameters
    ----------
    root : str
        What leads to the server's public URL: "../" as often as needed, or the URL with "/".
    here : str
        The page that was asked for, below the public URL.
    """
    query = urlencode({"next": local_path(here)})
    # Not cached: who has signed in sees the page itself.
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(f"{root}login?{query}", status_code=303, headers=headers)
