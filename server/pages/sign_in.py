"""The page where browsers sign in, and the form that signs out; neither needs scripts.

    /login?next=map/name      the form; name and password go in the body of a POST
    /logout                   a POST ends the session

Each form holds a token that belongs to a cookie of this browser, so that no other site can send it. After
signing in the browser is sent below the server's own address and nowhere else.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from engine.errors import AccessError, ImageServerError, RequestError
from server.access.credentials import SESSION_COOKIE
from server.errors import headers_of, status_of
from server.http.cookies import cookie_header, cookie_of
from server.http.local_path import local_path
from server.pages.account import SIGN_OUT, account_of
from server.pages.page import render_page
from server.pages.security_headers import FORM_PAGE
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.request_reader import read_pairs
from server.visitor import visitor_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.protocols.arcgis.request_reader import Pairs
    from server.state import ServerState

FORM_COOKIE = "swath_form"
_SIGN_IN = "sign-in"
# As long as somebody may leave the page open before the form is sent.
_FORM_S = 3600.0
_OLD_FORM = "This form had been open too long, or cookies are refused. Try again."
_ELSEWHERE = "Send name and password in the body of a POST, not in the address."
_COOKIE_BYTES = 18
_NAME_CHARACTERS = 128


class FormNotOurs(RequestError):
    """A form came without the token of a page of ours."""

    def __init__(self) -> None:
        super().__init__(_OLD_FORM)


class PasswordInTheOpen(RequestError):
    """A password came where others can read it, and the operator takes none there."""

    def __init__(self) -> None:
        super().__init__("Passwords are taken over https only.")


class PasswordInAddress(RequestError):
    """A password stood where proxies log it and browsers remember it."""

    def __init__(self) -> None:
        super().__init__(_ELSEWHERE)


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of signing in and out."""

    async def sign_in(request: Request) -> Response:
        """Show the sign-in form, or take it."""
        request.scope["swath.labels"] = ("", "", "login")
        if request.method != "POST":
            return sign_in_page(state, request, request.query_params.get("next", ""))
        return await _taken(state, request)

    async def sign_out(request: Request) -> Response:
        """End the session of a browser."""
        request.scope["swath.labels"] = ("", "", "logout")
        session = visitor_of(state, request.scope).session
        form = Parameters(await read_pairs(request))
        if not state.form_tokens.is_valid(SIGN_OUT, session, form.text("csrf")):
            error = FormNotOurs()
            return sign_in_page(state, request, "", said=str(error), status=_status(error))
        state.sessions.end(session)
        base = state.public_base(request)
        answer = _sent_to(f"{base}/")
        answer.headers["Set-Cookie"] = cookie_header(SESSION_COOKIE, "", base, 0)
        return answer

    return [
        Route("/login", sign_in, methods=["GET", "HEAD", "POST"], name="sign_in"),
        Route("/logout", sign_out, methods=["POST"], name="sign_out"),
    ]


async def _taken(state: ServerState, request: Request) -> Response:
    """Answer a form that was sent: on to where it came from, or the form again with what was wrong."""
    following = typed = ""
    try:
        pairs = await read_pairs(request)
        sent = Parameters(pairs)
        following, typed = sent.text("next"), sent.text("username")[:_NAME_CHARACTERS]
        _check_form(state, request, sent)
        session = await _signed_in(state, request, pairs)
    except (AccessError, RequestError) as error:
        answer = sign_in_page(state, request, following, str(error), _status(error), typed)
        answer.headers.update(headers_of(error))
        return answer
    return begin_session(state, request, session, following)


def _check_form(state: ServerState, request: Request, sent: Parameters) -> None:
    if "password" in Parameters.from_query(request.scope["query_string"]):
        raise PasswordInAddress
    cookie = cookie_of(request.scope["headers"], FORM_COOKIE)
    if not state.form_tokens.is_valid(_SIGN_IN, cookie, sent.text("csrf")):
        raise FormNotOurs


async def _signed_in(state: ServerState, request: Request, pairs: Pairs) -> str:
    # As typed: blanks belong to a password.
    sent = dict(reversed(pairs))
    address = state.address.client(request.scope)
    if not state.address.is_private(request.scope):
        if state.settings.access.require_https:
            raise PasswordInTheOpen
        state.access.lament_plain_http(address)
    name, password = sent.get("username", ""), sent.get("password", "")
    account = await state.access.sign_in(name, password, address)
    token = state.access.token(account, minutes=math.ceil(state.sessions.life_s / 60)).token
    return state.sessions.begin(account.caller.name, token)


def _status(error: ImageServerError) -> int:
    return 403 if isinstance(error, FormNotOurs) else status_of(error)


def begin_session(state: ServerState, request: Request, name: str, following: str) -> Response:
    """Give the browser the cookie of a new session and send it on.

    Parameters
    ----------
    name
        Of the session.
    following
        Path below the public URL, as a browser sent it.
    """
    state.sessions.end(visitor_of(state, request.scope).session)
    base = state.public_base(request)
    answer = _sent_to(f"{base}/{local_path(following)}")
    life_s = state.sessions.life_s
    answer.headers.append("Set-Cookie", cookie_header(SESSION_COOKIE, name, base, life_s))
    answer.headers.append("Set-Cookie", cookie_header(FORM_COOKIE, "", base, 0))
    return answer


def _sent_to(address: str) -> Response:
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def sign_in_page(
    state: ServerState,
    request: Request,
    following: str,
    said: str = "",
    status: int = 200,
    typed: str = "",
) -> Response:
    """Return the page with the form.

    Parameters
    ----------
    following
        Where to go afterwards, as a browser sent it.
    said
        What was wrong with the form that was sent.
    typed
        User name of the form that was sent.
    """
    cookie = cookie_of(request.scope["headers"], FORM_COOKIE) or secrets.token_urlsafe(
        _COOKIE_BYTES
    )
    values = {
        "root": "",
        "account": account_of(state, request),
        "next": local_path(following),
        "csrf": state.form_tokens.token(_SIGN_IN, cookie),
        "said": said,
        "typed": typed,
        "has_passwords": state.access.has_accounts,
        "provider": state.settings.oidc.label if state.provider is not None else "",
    }
    answer = render_page("login.html", values, status=status, policy=FORM_PAGE)
    answer.headers["Cache-Control"] = "no-store"
    base = state.public_base(request)
    answer.headers.append("Set-Cookie", cookie_header(FORM_COOKIE, cookie, base, _FORM_S))
    return answer
