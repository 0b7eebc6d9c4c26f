"""The head of pages: nothing where there are no users; a way in and back; who one is and the way out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request

from server.access.users import Users
from server.pages.account import NOBODY, SIGN_OUT, account_of, sign_in_first

if TYPE_CHECKING:
    from server.state import ServerState

PASSWORD = "correct-staple-horse"


def request(
    path: str = "/map/a", query: bytes = b"", method: str = "GET", cookie: str = ""
) -> Request:
    headers = [(b"cookie", cookie.encode())] if cookie else []
    return Request(
        {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": headers,
            "client": ("203.0.113.9", 1),
        }
    )


def test_without_users_pages_say_nothing(state: ServerState) -> None:
    asked = request(query=b"token=nonsense")
    assert account_of(state, asked) is NOBODY
    assert "swath.private" not in asked.scope


def test_pages_lead_in_and_back_without_a_token(state: ServerState) -> None:
    Users(state.access.site).add("anna", PASSWORD)
    state.access.poll()
    asked = request(query=b"token=nonsense&x=1")
    assert account_of(state, asked).way_in == "login?next=map%2Fa%3Fx%3D1"
    assert account_of(state, request(method="POST")).way_in == "login"
    assert account_of(state, request("/")).way_in == "login"


def test_who_has_signed_in_is_named_and_may_leave(state: ServerState) -> None:
    Users(state.access.site).add("anna", PASSWORD)
    state.access.poll()
    account = asyncio.run(state.access.sign_in("anna", PASSWORD, ""))
    token = state.access.token(account).token
    session = state.sessions.begin("anna", token)
    told = account_of(state, request(cookie=f"swath_session={session}"))
    assert told.name == "anna"
    assert state.form_tokens.is_valid(SIGN_OUT, session, told.form_token)
    # A token of a client's own has no session that could be ended.
    assert account_of(state, request(cookie=f"agstoken={token}")).form_token == ""


def test_a_browser_is_sent_to_sign_in_first() -> None:
    answer = sign_in_first("../../", "map/a b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "../../login?next="
    assert sign_in_first("", "map/a").headers["location"] == "login?next=map%2Fa"
    assert answer.headers["cache-control"] == "no-store"
