"""Who may look inside: this machine, administrators, keys for all; a proxy's address is no proof."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from config.settings import Settings
from engine.errors import Forbidden, InvalidToken, TokenRequired
from server.access.api_keys import ApiKeys
from server.access.insiders import check_insider, is_insider
from server.access.users import Users
from server.state import ServerState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct-staple-horse"


def scope(client: str | None, **headers: str) -> dict[str, object]:
    named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    address = None if client is None else (client, 1)
    return {"type": "http", "client": address, "headers": named, "query_string": b""}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[ServerState]:
    yield from _state(tmp_path)


def _state(folder: Path, **settings: object) -> Iterator[ServerState]:
    state = ServerState(Settings(data=str(folder), **settings))
    state.access.open()
    yield state
    state.access.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.8.9.1"])
def test_this_machine_may(state: ServerState, address: str) -> None:
    assert is_insider(state, scope(address))


@pytest.mark.parametrize(
    "proxied",
    [
        {"x_forwarded_for": "203.0.113.9"},
        {"forwarded": "for=127.0.0.1"},
        {"via": "1.1 cache"},
        {"x_real_ip": "127.0.0.1"},
        {"x_forwarded_proto": "https"},
        {"host": "maps.example.org"},
    ],
)
def test_a_proxy_on_this_machine_that_nobody_named_is_not_believed(
    state: ServerState, proxied: dict[str, str]
) -> None:
    assert not is_insider(state, scope("127.0.0.1", **proxied))


@pytest.mark.parametrize(("client", "may"), [("203.0.113.9", False), ("127.0.0.1", True)])
def test_a_trusted_proxy_says_who_asks(tmp_path: Path, client: str, may: bool) -> None:
    for state in _state(tmp_path, trusted_proxies=("10.0.0.0/8",)):
        assert is_insider(state, scope("10.0.0.1", x_forwarded_for=client)) is may


@pytest.mark.parametrize(
    "proxied",
    [
        {"x_forwarded_for": "203.0.113.9:52011"},
        {"x_forwarded_for": "unknown"},
        {"x_forwarded_proto": "https"},
        {"forwarded": "for=203.0.113.9"},
        {"host": "maps.example.org"},
    ],
)
def test_a_trusted_proxy_on_this_machine_that_does_not_say_who_asks_is_not_this_machine(
    tmp_path: Path, proxied: dict[str, str]
) -> None:
    for state in _state(tmp_path, trusted_proxies=("127.0.0.1",)):
        assert not is_insider(state, scope("127.0.0.1", **proxied))
        # Who watches the server from beside it goes past the proxy.
        assert is_insider(state, scope("127.0.0.1", host="localhost:8080"))


@pytest.mark.parametrize(
    "asked",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"host": "elsewhere.example:8080"},
    ],
)
def test_a_page_of_another_site_in_a_browser_on_this_machine_may_not(
    state: ServerState, asked: dict[str, str]
) -> None:
    assert not is_insider(state, scope("127.0.0.1", **{"host": "localhost:8080", **asked}))


def test_nor_may_it_over_a_proxy_on_this_machine(tmp_path: Path) -> None:
    for state in _state(tmp_path, trusted_proxies=("127.0.0.1",)):
        local = {"x_forwarded_for": "127.0.0.1", "host": "maps.example.org"}
        assert is_insider(state, scope("127.0.0.1", **local))
        assert not is_insider(state, scope("127.0.0.1", origin="https://a.example", **local))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]:8080"])
def test_this_machine_may_by_its_own_names(state: ServerState, host: str) -> None:
    assert is_insider(state, scope("127.0.0.1", host=host))


def test_everybody_else_needs_to_be_somebody(state: ServerState) -> None:
    users, keys = Users(state.access.site), ApiKeys(state.access.site)
    users.add("anna", PASSWORD, "administrator")
    users.add("bob", PASSWORD)
    every, plain = keys.create("scraper", "publisher"), keys.create("plain")
    some = keys.create("narrow", "publisher", services=["a/b"])
    state.access.poll()

    def token(name: str) -> str:
        return state.access.token(asyncio.run(state.access.sign_in(name, PASSWORD, ""))).token

    outside = "203.0.113.9"
    with pytest.raises(TokenRequired):
        check_insider(state, scope(outside))
    with pytest.raises(InvalidToken):
        check_insider(state, scope(outside, authorization="Bearer nonsense"))
    for nobody in (token("bob"), plain, some):
        with pytest.raises(Forbidden):
            check_insider(state, scope(outside, authorization=f"Bearer {nobody}"))
        assert not is_insider(state, scope(outside, authorization=f"Bearer {nobody}"))
    check_insider(state, scope(outside, authorization=f"Bearer {token('anna')}"))
    check_insider(state, scope(outside, x_api_key=every))


def test_a_setting_opens_it(tmp_path: Path) -> None:
    for state in _state(tmp_path, open_metrics=True):
        assert is_insider(state, scope("203.0.113.9"))
