"""Signing in through a provider: a real one beside the server, which signs right and wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from config.environment import OIDC_SECRET
from config.settings import AccessSettings, OidcSettings
from engine.errors import ConfigError
from server.access.access import Access
from server.access.form_tokens import FormTokens
from server.access.sharing import Sharing
from server.oidc.configured import provider_of
from server.oidc.flow import Flow, begun, from_cookie, to_cookie
from server.oidc.id_token import caller_of
from server.oidc.provider import ProviderFailed, is_safe_address
from server.pages.oidc_sign_in import FLOW_COOKIE
from server.site.publishing import Publisher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.conftest import LiveServer

CLIENT, SECRET = "swath-client", "of-the-client"
HIDDEN = "vault/concealed"
TILE = f"/tiles/{HIDDEN}/0/0/0.png"
PAGE = f"/arcgis/rest/services/{HIDDEN}/ImageServer"


@contextmanager
def _provider() -> Iterator[str]:
    script = Path(__file__).with_name("provider_process.py")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with _provider() as address:
        yield address


@pytest.fixture(scope="module")
def live(provider: str, tmp_path_factory, compiled_picture, serve) -> Iterator[LiveServer]:
    """A server of that provider with a service for the group imagery."""
    folder = tmp_path_factory.mktemp("oidc")
    data = folder / "data"
    with closing(Access(data, AccessSettings(), lambda _: True)) as access:
        access.open()
        Sharing(access.site).share(HIDDEN, "named", groups=["imagery"])
    Publisher(data).publish(compiled_picture, HIDDEN)
    (folder / "secret").write_text(SECRET + "\n", "utf-8")
    with serve(
        data,
        SWATH_INSTANCES="1",
        SWATH_OIDC_ISSUER=f"{provider}/realm",
        SWATH_OIDC_CLIENT_ID=CLIENT,
        SWATH_OIDC_CLIENT_SECRET_FILE=str(folder / "secret"),
        SWATH_OIDC_LABEL="Example <Login>",
        SWATH_TRUSTED_PROXIES="127.0.0.1",
    ) as server:
        yield server


@pytest.fixture
def browser(live: LiveServer, provider: str) -> Iterator[httpx.Client]:
    _next(provider)
    with httpx.Client(
        base_url=live.url, headers={"Accept": "text/html"}, follow_redirects=True, timeout=30
    ) as client:
        yield client


def _next(provider: str, **wrong: object) -> None:
    httpx.post(f"{provider}/next", json=wrong)


def test_a_hidden_page_leads_through_the_provider_and_back(browser: httpx.Client, provider: str):
    page = browser.get(PAGE)
    assert page.url.path == "/login"
    assert "Example &lt;Login&gt;" in page.text
    assert "<form" not in page.text.split("</h1>")[1], "there are no users with passwords here"
    link = page.text.split('href="login/oidc')[1].split('"')[0].replace("&amp;", "&")
    shown = browser.get(f"/login/oidc{link}")
    assert (shown.url.path, shown.status_code) == (PAGE, 200)
    assert ">Anna<" in shown.text
    assert browser.get(TILE).headers["content-type"] == "image/png"
    assert FLOW_COOKIE not in browser.cookies
    sent = httpx.get(f"{provider}/seen").json()[-1]
    assert sent["client_secret"] == SECRET
    token = shown.text.split('name="csrf" value="')[1].split('"')[0]
    browser.post("/logout", data={"csrf": token})
    assert browser.get(TILE).status_code == 401


def test_another_kind_of_key_is_good_too(browser: httpx.Client, provider: str):
    _next(provider, how="ES256")
    browser.get("/login/oidc")
    assert browser.get(TILE).status_code == 200


def test_who_is_in_no_group_sees_nothing(browser: httpx.Client, provider: str):
    _next(provider, claims={"groups": ["others"]})
    assert ">Anna<" in browser.get("/login/oidc").text
    assert browser.get(TILE).status_code == 403


HOUR = 3600
WRONG = {
    "nonce": {"claims": {"nonce": "of-another-sign-in"}},
    "no nonce": {"without": ["nonce"]},
    "audience": {"claims": {"aud": "another-client"}},
    "several audiences": {"claims": {"aud": [CLIENT, "another-client"]}},
    "no audience": {"without": ["aud"]},
    "party": {"claims": {"azp": "another-client"}},
    "issuer": {"claims": {"iss": "https://evil.example"}},
    "expired": {"claims": {"exp": 1_700_000_000}},
    "no end": {"without": ["exp"]},
    "no subject": {"without": ["sub"]},
    "of the future": {"claims": {"nbf": 4_000_000_000}},
    "made in the future": {"claims": {"iat": 4_000_000_000}},
    "unsigned": {"how": "none"},
    "signed with the public key": {"how": "HS256"},
    "another key": {"how": "other key"},
    "unknown key": {"how": "unknown key"},
    "changed": {"how": "changed"},
    "provider of the answer": {"back": {"iss": "https://evil.example"}},
    "state": {"back": {"state": "of-another-sign-in"}},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_signs_nobody_in(browser: httpx.Client, provider: str, wrong: str):
    _next(provider, **WRONG[wrong])
    shown = browser.get("/login/oidc?next=map/x")
    assert shown.status_code == 403
    assert shown.url.path == "/login/oidc/callback"
    assert "swath_session" not in browser.cookies
    assert browser.get(TILE).status_code == 401
    assert "another" not in shown.text
    assert "evil" not in shown.text


def test_an_answer_counts_once_and_in_its_browser_alone(browser: httpx.Client, live: LiveServer):
    there = browser.get("/login/oidc", follow_redirects=False)
    asked = parse_qs(urlsplit(there.headers["location"]).query)
    assert asked["redirect_uri"] == [f"{live.url}/login/oidc/callback"]
    assert asked["scope"] == ["openid profile"]
    assert there.headers["cache-control"] == "no-store"
    kept = browser.cookies[FLOW_COOKIE]
    back = httpx.get(there.headers["location"]).headers["location"]
    # Of an attacker who sends the victim an answer of theirs.
    assert httpx.get(back).status_code == 403
    assert browser.get(back).status_code == 200
    again = httpx.get(back, headers={"Cookie": f"{FLOW_COOKIE}={kept}"})
    assert again.status_code == 403, "the provider takes a code once"
    assert "swath_session" not in again.cookies


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x&code=y", "?error=access_denied&state=x"]
)
def test_a_way_back_that_nobody_went_is_none(browser: httpx.Client, query: str):
    answer = browser.get(f"/login/oidc/callback{query}")
    assert answer.status_code == 403
    assert "access_denied" not in answer.text


@pytest.mark.parametrize("following", ["https://evil.example", "//evil.example", "x" * 3000])
def test_the_way_back_stays_here(browser: httpx.Client, live: LiveServer, following: str):
    shown = browser.get("/login/oidc", params={"next": following})
    assert str(shown.url) == f"{live.url}/"


def test_nobody_floods_the_provider_through_us(live: LiveServer, provider: str):
    # As from another address, so that others go on signing in.
    headers = {"X-Forwarded-For": "198.51.100.7:4711", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=live.url, headers=headers) as client:
        there = client.get("/login/oidc")
        sent = parse_qs(urlsplit(there.headers["location"]).query)
        kept = {"Cookie": there.headers["set-cookie"].partition(";")[0]}
        query = {"code": "invented", "state": sent["state"][0]}
        before = len(httpx.get(f"{provider}/seen").json())
        codes = [
            client.get("/login/oidc/callback", params=query, headers=kept).status_code
            for _ in range(40)
        ]
        refused = client.get("/login/oidc/callback", params=query, headers=kept)
    asked = len(httpx.get(f"{provider}/seen").json()) - before
    assert set(codes) == {403, 429}
    assert 30 <= asked == codes.count(403) < 36
    assert (refused.status_code, refused.headers["retry-after"].isdigit()) == (429, True)


async def test_a_provider_that_fails_is_asked_once_in_a_while(provider: str, monkeypatch):
    asked = 0

    async def fail(method: str, address: str, form: object = None) -> dict[str, object]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        raise ProviderFailed

    monkeypatch.setattr("server.oidc.provider._LEFT_ALONE_S", 1.0)
    tried = provider_of(OidcSettings(issuer=f"{provider}/realm", client_id=CLIENT))
    real = tried._asked
    monkeypatch.setattr(tried, "_asked", fail)
    leaves = asyncio.create_task(tried.endpoints())
    await asyncio.sleep(0.01)
    leaves.cancel()
    found = await asyncio.gather(*(tried.endpoints() for _ in range(9)), return_exceptions=True)
    assert [type(each) for each in found] == [ProviderFailed] * 9
    with pytest.raises(ProviderFailed):
        await tried.endpoints()
    assert asked == 1
    await asyncio.sleep(1.0)
    monkeypatch.setattr(tried, "_asked", real)
    assert (await tried.endpoints()).issuer == f"{provider}/realm"


def test_a_provider_that_is_gone_is_told_of(tmp_path, serve, compiled_picture, capfd):
    data = tmp_path / "data"
    Publisher(data).publish(compiled_picture, "test/picture")
    with _provider() as address:
        issuer = f"{address}/realm"
    with serve(data, SWATH_OIDC_ISSUER=issuer, SWATH_OIDC_CLIENT_ID="c") as live:
        answer = httpx.get(f"{live.url}/login/oidc")
        assert answer.status_code == 502
        assert "cannot be asked now" in answer.text
        assert address not in answer.text
    assert issuer in capfd.readouterr().err


@pytest.mark.parametrize(
    "named",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://10.0.0.1/t"}, {"jwks_uri": 7}],
)
def test_a_document_that_names_others_is_refused(
    provider: str, tmp_path, serve, compiled_picture, named
):
    data = tmp_path / "data"
    Publisher(data).publish(compiled_picture, "test/picture")
    _next(provider, discovery=named)
    issuer = f"{provider}/realm"
    with serve(data, SWATH_OIDC_ISSUER=issuer, SWATH_OIDC_CLIENT_ID=CLIENT) as live:
        assert httpx.get(f"{live.url}/login/oidc").status_code == 502
    _next(provider)


@pytest.mark.parametrize(
    ("issuer", "client", "key"),
    [
        ("http://login.example", "c", "issuer"),
        ("ftp://login.example", "c", "issuer"),
        ("login.example", "c", "issuer"),
        ("https://login.example", "", "client_id"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_start(issuer: str, client: str, key: str):
    with pytest.raises(ConfigError, match=key):
        provider_of(OidcSettings(issuer=issuer, client_id=client))


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    settings = OidcSettings(issuer="https://login.example", client_id="c")
    monkeypatch.setenv(OIDC_SECRET, "of-the-environment")
    assert provider_of(settings)._secret == "of-the-environment"
    missing = OidcSettings(
        issuer="https://login.example", client_id="c", client_secret_file=str(tmp_path / "none")
    )
    with pytest.raises(ConfigError, match="cannot be read"):
        provider_of(missing)
    assert provider_of(OidcSettings()) is None


def test_names_and_roles_of_the_provider_are_its_own():
    settings = OidcSettings(administrators=("Admins",), publishers=("makers",))
    told = {"sub": "1", "preferred_username": "boss", "groups": ["/admins", "Bad Name", "b"]}
    caller = caller_of(told, settings)
    assert caller.name == "oidc:boss"
    assert caller.groups == {"admins", "b"}
    assert (caller.is_administrator, caller.is_publisher) == (True, False)
    assert caller_of({"sub": "1", "groups": "makers"}, settings).is_publisher
    nobody = caller_of({"sub": "1", "groups": {"admins": 1}}, settings)
    assert (nobody.name, nobody.groups, nobody.is_administrator) == ("oidc:1", frozenset(), False)


def test_a_flow_is_kept_by_its_browser_and_ends():
    tokens = FormTokens()
    flow = begun("map/a")
    kept = to_cookie(flow, tokens)
    assert from_cookie(kept, flow.state, tokens) == flow
    assert from_cookie(kept, "another", tokens) is None
    assert from_cookie(kept, flow.state, FormTokens()) is None
    assert from_cookie("", flow.state, tokens) is None
    assert from_cookie("x" + kept, flow.state, tokens) is None
    late = Flow(flow.state, flow.nonce, flow.verifier, "", time.time() - 1)
    assert from_cookie(to_cookie(late, tokens), late.state, tokens) is None
    assert len(kept) < 4000
    assert len(to_cookie(begun("x" * 1000), tokens)) < 4000


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://a.example/x", True),
        ("http://127.0.0.1:9/x", True),
        ("http://[::1]/x", True),
        ("http://localhost:1", True),
        ("http://127.0.0.1.evil.example", False),
        ("http://10.0.0.1", False),
        ("file:///etc/passwd", False),
        ("https:///x", False),
    ],
)
def test_addresses_are_private(address: str, is_safe: bool):
    assert is_safe_address(address) is is_safe


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks where Linux shows it")
def test_the_secret_of_the_environment_is_handed_on_to_nobody(data_folder, serve):
    with serve(data_folder, **{OIDC_SECRET: "telltale-secret"}) as live:
        assert b"telltale-secret" in _environment(live.process.pid)
        others = _descendants(live.process.pid)
        assert len(others) >= 2
        assert not any(b"telltale-secret" in _environment(pid) for pid in others)


def _environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def _descendants(pid: int) -> list[int]:
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            found += [child, *_descendants(child)]
    return found
