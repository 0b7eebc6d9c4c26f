"""The token service, and the portals that are not here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from config.settings import AccessSettings
from server.access.access import Access
from server.access.users import Users
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.token_service import (
    MESSAGE,
    NO_HTTPS,
    NO_USERS,
    Line,
    TokenRefused,
    TokenService,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from server.protocols.arcgis.errors import Failure

PASSWORD = " clay=pigeon&42 "
LOGIN = {"username": "anna", "password": PASSWORD, "f": "json"}
PATHS = (
    "arcgis/tokens",
    "arcgis/tokens/",
    "arcgis/tokens/generateToken",
    "arcgis/rest/generateToken",
    "arcgis/rest/generatetoken/",
    "arcgis/admin/generateToken",
)
NOTHING = Parameters(())
HERE = Line(NOTHING, "127.0.0.1", is_private=True)
ELSEWHERE = Line(NOTHING, "10.0.0.7", is_private=False)


@pytest.fixture
def access(tmp_path: Path) -> Iterator[Access]:
    """A site with the user anna."""
    access = Access(tmp_path, AccessSettings(), lambda _: True)
    Users(access.site).add("anna", PASSWORD)
    access.open()
    yield access
    access.close()


async def _given(service: TokenService, line: Line = HERE, **sent: str) -> dict[str, Any]:
    return await service.token(tuple(sent.items()), Parameters(sent.items()), line)


async def _refused(service: TokenService, line: Line = HERE, **sent: str) -> Failure:
    with pytest.raises(TokenRefused) as refused:
        await _given(service, line, **sent)
    assert refused.value.failure.message == MESSAGE
    return refused.value.failure


async def test_without_users_a_request_hears_that_there_are_none(tmp_path: Path) -> None:
    access = Access(tmp_path, AccessSettings(), lambda _: True)
    access.open()
    service = TokenService(access, needs_https=False)
    failure = await _refused(service, **LOGIN, client="requestip", expiration="60")
    assert (failure.status, failure.code, failure.details) == (200, 400, (NO_USERS,))
    access.close()


async def test_a_right_password_gives_a_token_that_is_good(access: Access) -> None:
    service = TokenService(access, needs_https=False)
    given = await _given(service, **{**LOGIN, "username": "Anna"}, expiration="5")
    assert access.caller(given["token"]).name == "anna"
    assert abs(given["expires"] / 1000 - time.time() - 300) < 30
    assert given["ssl"] is False


@pytest.mark.parametrize(
    ("sent", "referer", "address"),
    [
        ({"client": "referer", "referer": "https://a.example"}, "https://a.example/x", ""),
        ({"referer": "https://a.example"}, "https://a.example/x", ""),
        ({"client": "IP", "ip": "10.0.0.9"}, "", "10.0.0.9"),
        ({"client": "requestip"}, "", "127.0.0.1"),
    ],
)
async def test_a_token_is_bound_as_its_client_says(
    access: Access, sent: dict[str, str], referer: str, address: str
) -> None:
    token = (await _given(TokenService(access, needs_https=False), **LOGIN, **sent))["token"]
    assert access.caller(token, referer, address).name == "anna"
    with pytest.raises(Exception, match="Invalid Token"):
        access.caller(token, "https://b.example", "10.0.0.10")


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("username", {"username": ""}),
        ("password", {"password": " "}),
        ("client", {"client": "browser"}),
        ("referer", {"client": "referer"}),
        ("referer", {"referer": "x" * 600}),
        ("ip", {"client": "ip", "ip": "here"}),
        ("expiration", {"expiration": "0"}),
        ("expiration", {"expiration": "soon"}),
        ("expiration", {"expiration": "1e400"}),
    ],
)
async def test_a_mistake_is_named_and_nothing_repeated(
    access: Access, name: str, changed: dict[str, str]
) -> None:
    failure = await _refused(TokenService(access, needs_https=False), **{**LOGIN, **changed})
    (mistake,) = failure.details
    assert f"'{name}'" in mistake
    assert not any(value.strip() in mistake for value in ("anna", "pigeon", "soon", "here'"))


async def test_a_wrong_password_and_an_unknown_name_sound_alike(access: Access) -> None:
    service = TokenService(access, needs_https=False)
    wrong = await _refused(service, **{**LOGIN, "password": PASSWORD.strip()})
    unknown = await _refused(service, **{**LOGIN, "username": "nobody"})
    assert wrong == unknown
    assert (wrong.status, wrong.code) == (200, 400)
    assert wrong.details == ("Invalid username or password.",)


async def test_too_many_attempts_hear_when_to_come_again(access: Access) -> None:
    service = TokenService(access, needs_https=False)
    for _ in range(10):
        await _refused(service, **{**LOGIN, "password": "wrong"})
    with pytest.raises(TokenRefused) as refused:
        await _given(service, **LOGIN)
    assert (refused.value.failure.status, refused.value.failure.code) == (429, 429)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 30


async def test_credentials_in_the_address_are_refused(access: Access) -> None:
    line = Line(Parameters(LOGIN.items()), "127.0.0.1", is_private=True)
    failure = await _refused(TokenService(access, needs_https=False), line, **LOGIN)
    assert "POST" in failure.details[0]


async def test_passwords_that_others_can_read_are_lamented_once(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    service = TokenService(access, needs_https=False)
    await _given(service, HERE, **LOGIN)
    assert caplog.text == ""
    await _given(service, ELSEWHERE, **LOGIN)
    await _given(service, ELSEWHERE, **LOGIN)
    assert caplog.text.count("plain http from 10.0.0.7") == 1
    assert "pigeon" not in caplog.text


async def test_they_are_refused_where_https_is_required(access: Access) -> None:
    service = TokenService(access, needs_https=True)
    assert (await _refused(service, ELSEWHERE, **LOGIN)).details == (NO_HTTPS,)
    assert (await _given(service, HERE, **LOGIN))["ssl"] is True


def _error(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"].startswith("application/json"), answer.text
    assert answer.headers["cache-control"] == "no-store"
    error: dict[str, Any] = answer.json()["error"]
    assert all(isinstance(detail, str) for detail in error["details"])
    return error


@pytest.mark.parametrize("path", PATHS)
def test_every_address_of_the_service_refuses_alike(
    path: str, client: httpx.Client, server_url: str
) -> None:
    answer = client.post(f"{server_url}/{path}", data=LOGIN)
    assert answer.status_code == 200
    error = _error(answer)
    assert (error["code"], error["message"]) == (400, MESSAGE)
    assert error["details"] == [NO_USERS]
    assert len(_error(client.get(f"{server_url}/{path}", params=LOGIN))["details"]) == 2
    assert "pigeon" not in client.post(f"{server_url}/{path}", data={**LOGIN, "f": "html"}).text


def test_the_server_says_where_the_service_is_and_that_no_token_is_needed(
    client: httpx.Client, server_url: str
) -> None:
    info = client.get(f"{server_url}/arcgis/rest/info?f=json").json()["authInfo"]
    assert info["isTokenBasedSecurity"] is False
    assert _error(client.post(info["tokenServicesUrl"], data=LOGIN))["message"] == MESSAGE


def test_a_live_server_gives_tokens_to_its_users(data_folder: Path, serve: Any) -> None:
    site = Access(data_folder, AccessSettings(), lambda _: True).site
    with serve(data_folder, SWATH_LOG_FORMAT="json") as live, httpx.Client() as client:
        info = client.get(f"{live.url}/arcgis/rest/info?f=json").json()["authInfo"]
        assert info["isTokenBasedSecurity"] is False
        Users(site).add("anna", PASSWORD)
        ends = time.monotonic() + 10
        while not client.get(f"{live.url}/arcgis/rest/info?f=json").json()["authInfo"][
            "isTokenBasedSecurity"
        ]:
            assert time.monotonic() < ends, "the new user was not seen"
            time.sleep(0.1)
        for path in PATHS:
            answer = client.post(f"{live.url}/{path}", data=LOGIN)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            assert set(answer.json()) == {"token", "expires", "ssl"}
        url = f"{live.url}/arcgis/tokens/generateToken"
        form = client.get(url, headers={"Accept": "text/html"})
        assert 'name="password" type="password"' in form.text
        page = client.post(url, data={**LOGIN, "f": "html"})
        assert "eyJ" in page.text
        assert page.headers["cache-control"] == "no-store"
        page = client.post(url, data={**LOGIN, "f": "html", "password": "<b>wrong</b>"})
        assert "Invalid username or password." in page.text
        assert "wrong</b>" not in page.text
        assert _error(client.post(url, data={**LOGIN, "password": "no"}))["code"] == 400
        for _ in range(9):
            answer = client.post(url, data={**LOGIN, "username": "bob"})
        while answer.status_code == 200:
            answer = client.post(url, data={**LOGIN, "username": "bob"})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert _error(answer)["message"] == MESSAGE


@pytest.mark.parametrize(
    "path", ["arcgis/info", "arcgis/sharing/rest/info", "sharing/rest/info", "sharing", "arcgis/sharing/rest/portals/self"]
)  # fmt: skip
def test_the_python_api_finds_no_portal(path: str, client: httpx.Client, server_url: str) -> None:
    for ask in (client.get, client.post):
        answer = ask(f"{server_url}/{path}?f=json")
        assert answer.status_code == 404
        assert _error(answer)["code"] == 404
