"""Visitors: what was shown is looked at where it matters, and links carry what their client needs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from config.settings import Settings
from engine.errors import ConfigError, Forbidden, InvalidToken, ServiceNotFound, TokenRequired
from server.access.sharing import Sharing
from server.access.users import Users
from server.site.publishing import Publisher
from server.state import ServerState
from server.visitor import PRIVATE, Visitor, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct-staple-horse"


@pytest.fixture(scope="module")
def state(tmp_path_factory, compiled_picture: Path) -> Iterator[ServerState]:
    data = tmp_path_factory.mktemp("visited")
    for name in ("open", "f/open", "f/shut"):
        Publisher(data).publish(compiled_picture, name)
    state = ServerState(Settings(data=str(data)))
    state.access.open()
    users = Users(state.access.site)
    users.add("anna", PASSWORD)
    users.add("bob", PASSWORD)
    Sharing(state.access.site).share("f/shut", "named", ["anna"])
    state.access.poll()
    state.registry.poll()
    yield state
    state.access.close()


@pytest.fixture(scope="module")
def tokens(state: ServerState) -> dict[str, str]:
    signed_in = {n: asyncio.run(state.access.sign_in(n, PASSWORD, "")) for n in ("anna", "bob")}
    return {name: state.access.token(account).token for name, account in signed_in.items()}


def scope(query: str = "", **headers: str) -> dict[str, object]:
    named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return {
        "type": "http",
        "client": ("203.0.113.9", 1),
        "headers": named,
        "query_string": query.encode(),
    }


def test_what_is_public_is_given_without_a_look_at_what_was_shown(state: ServerState) -> None:
    asked = scope(authorization="Bearer nonsense")
    visitor = Visitor(state, asked)
    assert visitor.service("f/open").name == "f/open"
    assert visitor.find("open") is not None
    with pytest.raises(ServiceNotFound):
        visitor.service("nothing")
    assert PRIVATE not in asked
    with pytest.raises(InvalidToken):
        visitor.service("f/shut")
    with pytest.raises(InvalidToken):
        visitor.names()


def test_what_cannot_be_read_is_told_from_what_is_not_there(
    tmp_path: Path, compiled_picture: Path
) -> None:
    for name in ("open", "f/shut"):
        Publisher(tmp_path).publish(compiled_picture, name)
        for compiled in (tmp_path / "services" / name).rglob("*.zmd"):
            compiled.chmod(0o600)
            compiled.write_bytes(b"of another time")
    state = ServerState(Settings(data=str(tmp_path)))
    state.access.open()
    Users(state.access.site).add("anna", PASSWORD)
    Sharing(state.access.site).share("f/shut", "named", ["anna"])
    state.access.poll()
    state.registry.poll()
    try:
        with pytest.raises(ConfigError, match=r"open: .*not a compiled definition"):
            Visitor(state, scope()).service("open")
        with pytest.raises(TokenRequired):
            Visitor(state, scope()).service("f/shut")
        assert Visitor(state, scope()).find("open") is None
    finally:
        state.access.close()


@pytest.mark.parametrize("name", ["f/shut", "f/nothing"])
def test_hidden_is_as_absent(state: ServerState, tokens: dict[str, str], name: str) -> None:
    with pytest.raises(TokenRequired):
        Visitor(state, scope()).service(name)
    with pytest.raises(Forbidden):
        Visitor(state, scope(x_api_key=tokens["bob"])).service(name)
    assert Visitor(state, scope()).find(name) is None


def test_who_may_see_sees(state: ServerState, tokens: dict[str, str]) -> None:
    shown = [
        scope(authorization=f"Bearer {tokens['anna']}"),
        scope(x_esri_authorization=f"Bearer {tokens['anna']}"),
        scope(cookie=f"a=b; agstoken={tokens['anna']}"),
        scope(f"f=json&TOKEN={tokens['anna']}"),
    ]
    for asked in shown:
        visitor = Visitor(state, asked)
        assert visitor.service("f/shut").name == "f/shut"
        assert visitor.names() == ["f/open", "f/shut", "open"]
        assert visitor.folder("f") == ["f/open", "f/shut"]
        assert visitor.client == "anna"
        assert asked[PRIVATE]
    assert Visitor(state, scope(), tokens["anna"]).service("f/shut").name == "f/shut"
    assert Visitor(state, scope()).client == "203.0.113.9"


def test_a_form_counts_before_the_address(state: ServerState, tokens: dict[str, str]) -> None:
    asked = scope(f"token={tokens['anna']}")
    with pytest.raises(Forbidden):
        Visitor(state, asked, tokens["bob"]).service("f/shut")


def test_a_cookie_counts_where_no_other_site_reads(
    state: ServerState, tokens: dict[str, str]
) -> None:
    cookie = scope(cookie=f"agstoken={tokens['anna']}")
    with pytest.raises(TokenRequired):
        Visitor(state, cookie, takes_cookies=False).service("f/shut")
    address = scope(f"token={tokens['anna']}")
    assert Visitor(state, address, takes_cookies=False).service("f/shut")


def test_a_session_stands_for_its_user_as_long_as_there_is_one(
    state: ServerState, tokens: dict[str, str]
) -> None:
    name = state.sessions.begin("anna", tokens["anna"])
    asked = scope(cookie=f"swath_session={name}")
    assert Visitor(state, asked).service("f/shut")
    assert Visitor(state, asked).session == name
    Users(state.access.site).sign_out("anna")
    state.access.poll()
    with pytest.raises(TokenRequired):
        Visitor(state, scope(cookie=f"swath_session={name}")).service("f/shut")
    account = asyncio.run(state.access.sign_in("anna", PASSWORD, ""))
    tokens["anna"] = state.access.token(account).token


def test_links_carry_what_came_in_the_address_of_what_is_hidden(state: ServerState) -> None:
    asked = scope("token=T-1&f=json", authorization="Bearer T-2")
    assert Visitor(state, asked).carried("f/shut") == "T-1"
    assert Visitor(state, asked).carried("f/open") == ""
    assert Visitor(state, scope(authorization="Bearer T-2")).carried("f/shut") == ""


def test_a_request_has_one_visitor(state: ServerState) -> None:
    asked = scope()
    assert visitor_of(state, asked) is visitor_of(state, asked, "later")
