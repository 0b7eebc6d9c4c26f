"""Signing in through an identity provider: the way there and the way back.

    /login/oidc?next=map/name     sends the browser to the provider
    /login/oidc/callback          where the provider sends it back

The authorization code flow with PKCE, state and nonce. Both are plain links: a form that ends at another
host would need a policy that allows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from engine.errors import NotFound, SignInFailed, TooManyAttempts
from server.access.throttle import ErrandThrottle
from server.errors import headers_of
from server.http.cookies import cookie_header, cookie_of
from server.http.local_path import local_path
from server.oidc.flow import LIFE_S, begun, from_cookie, to_cookie
from server.oidc.id_token import caller_of, claims_of
from server.pages.sign_in import begin_session, sign_in_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.oidc.provider import Provider
    from server.state import ServerState

FLOW_COOKIE = "swath_oidc"
CALLBACK = "/login/oidc/callback"
_NOT_OURS = "This way of signing in was begun elsewhere, or too long ago. Try again."
_REFUSED = "The identity provider did not sign you in."


class NoProvider(NotFound):
    """No identity provider is configured."""

    def __init__(self) -> None:
        super().__init__("identity provider")

    def __str__(self) -> str:
        return "This server has no identity provider."


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes; without a provider they lead nowhere."""
    throttle = ErrandThrottle()

    async def there(request: Request) -> Response:
        """Send a browser to the identity provider."""
        request.scope["swath.labels"] = ("", "", "login")
        provider = _provider(state)
        base = state.public_base(request)
        flow = begun(local_path(request.query_params.get("next", "")))
        try:
            endpoints = await provider.endpoints()
        except SignInFailed as error:
            return sign_in_page(state, request, flow.following, said=str(error), status=502)
        asked = {
            "response_type": "code",
            "client_id": state.settings.oidc.client_id,
            "redirect_uri": base + CALLBACK,
            "scope": " ".join(state.settings.oidc.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        address = endpoints.authorization_endpoint
        mark = "&" if "?" in address else "?"
        answer = RedirectResponse(f"{address}{mark}{urlencode(asked)}", status_code=303)
        answer.headers["Cache-Control"] = "no-store"
        cookie = cookie_header(FLOW_COOKIE, to_cookie(flow, state.form_tokens), base, LIFE_S)
        answer.headers.append("Set-Cookie", cookie)
        return answer

    async def back(request: Request) -> Response:
        """Take a browser that comes back from the identity provider."""
        request.scope["swath.labels"] = ("", "", "login")
        answer = await _back(state, throttle, request)
        base = state.public_base(request)
        # Used up, whatever came of it.
        answer.headers.append("Set-Cookie", cookie_header(FLOW_COOKIE, "", base, 0))
        return answer

    return [
        Route("/login/oidc", there, name="oidc_sign_in"),
        Route(CALLBACK, back, name="oidc_callback"),
    ]


def _provider(state: ServerState) -> Provider:
    if state.provider is None:
        raise NoProvider
    return state.provider


async def _back(state: ServerState, throttle: ErrandThrottle, request: Request) -> Response:
    provider = _provider(state)
    settings, sent = state.settings.oidc, request.query_params
    cookie = cookie_of(request.scope["headers"], FLOW_COOKIE)
    flow = from_cookie(cookie, sent.get("state", ""), state.form_tokens)
    if flow is None:
        return sign_in_page(state, request, "", said=_NOT_OURS, status=403)
    # RFC 9207: an answer that says which provider it is from has to be from ours.
    if "code" not in sent or sent.get("iss", settings.issuer) != settings.issuer:
        return sign_in_page(state, request, flow.following, said=_REFUSED, status=403)
    address = state.address.client(request.scope)
    try:
        throttle.begin(address)
        redirect = state.public_base(request) + CALLBACK
        token = await provider.id_token(sent["code"], flow.verifier, redirect)
        claims = claims_of(token, await provider.key(token), settings, flow.nonce)
    except TooManyAttempts as error:
        answer = sign_in_page(state, request, flow.following, said=str(error), status=429)
        answer.headers.update(headers_of(error))
        return answer
    except SignInFailed as error:
        said = _REFUSED if type(error) is SignInFailed else str(error)
        return sign_in_page(state, request, flow.following, said=said, status=403)
    throttle.succeeded(address)
    caller = caller_of(claims, settings)
    name = state.sessions.begin(caller.name, caller=caller)
    return begin_session(state, request, name, flow.following)
