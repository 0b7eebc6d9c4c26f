"""Signing in and out with a browser: forms of ours alone, cookies that hold nothing, a way back that stays here."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

import httpx
import pytest

from server.access.credentials import SESSION_COOKIE
from server.pages.sign_in import FORM_COOKIE
from tests.server.doors.conftest import HIDDEN, OPEN, PASSWORDS, publish_guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.doors.conftest import GuardedSite

PAGE = f"/arcgis/rest/services/{HIDDEN}/ImageServer"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def browser(site: GuardedSite) -> Iterator[httpx.Client]:
    """What keeps cookies and follows redirects, without scripts."""
    with httpx.Client(
        base_url=site.url, headers=BROWSER, follow_redirects=True, timeout=60
    ) as client:
        yield client


def hidden_field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, text
    return found[1]


def fill(page: httpx.Response, name: str, **more: str) -> dict[str, str]:
    """What a browser sends of the form on a page."""
    kept = {field: hidden_field(page.text, field) for field in ("csrf", "next")}
    return {**kept, "username": name, "password": PASSWORDS[name], **more}


def sign_in(browser: httpx.Client, name: str, following: str = "") -> httpx.Response:
    page = browser.get("/login", params={"next": following} if following else None)
    return browser.post("/login", data=fill(page, name))


def test_a_page_that_is_hidden_leads_through_the_form_and_back(browser: httpx.Client) -> None:
    page = browser.get(f"{PAGE}?f=html&rule=none")
    assert page.url.path == "/login"
    assert hidden_field(page.text, "next") == f"{PAGE[1:]}?f=html&amp;rule=none"
    data = fill(page, "alice", next=f"{PAGE[1:]}?f=html&rule=none")
    shown = browser.post("/login", data=data)
    assert (shown.url.path, shown.status_code) == (PAGE, 200)
    assert "Telltale" in shown.text
    assert "alice" in shown.text
    for path in (
        "/",
        f"/map/{HIDDEN}",
        "/arcgis/rest/services/vault",
        f"{PAGE}/exportImage?f=html",
    ):
        there = browser.get(path)
        assert there.url.path == path.partition("?")[0]
        assert "alice" in there.text, path
        assert "Sign out" in there.text
    assert browser.get(f"/tiles/{HIDDEN}/0/0/0.png").headers["content-type"] == "image/png"
    assert browser.get(f"{PAGE}?f=json").json()["bandCount"] == 3


def test_a_map_that_is_hidden_leads_through_the_form_and_back(browser: httpx.Client) -> None:
    page = browser.get(f"/map/{HIDDEN}")
    assert page.url.path == "/login"
    shown = browser.post("/login", data=fill(page, "alice"))
    assert shown.url.path == f"/map/{HIDDEN}"
    assert "Telltale" in shown.text


def test_who_has_no_right_is_told_so_once_signed_in(browser: httpx.Client) -> None:
    shown = sign_in(browser, "bob", PAGE[1:])
    assert shown.url.path == PAGE
    assert "You do not have permissions" in shown.text
    assert "Telltale" not in shown.text


def test_signing_out_ends_the_session_on_the_server(browser: httpx.Client) -> None:
    shown = sign_in(browser, "alice")
    session = browser.cookies["swath_session"]
    token = hidden_field(shown.text, "csrf")
    out = browser.post("/logout", data={"csrf": token})
    assert out.status_code == 200
    assert "Sign in" in out.text
    assert "swath_session" not in browser.cookies
    # Also for who has copied the cookie.
    stolen = httpx.get(
        str(browser.base_url.join(f"/tiles/{HIDDEN}/0/0/0.png")),
        headers={"Cookie": f"swath_session={session}"},
    )
    assert stolen.status_code == 401


@pytest.mark.parametrize("path", ["/login", "/logout"])
@pytest.mark.parametrize("how", ["none", "wrong", "of another browser", "of another form"])
def test_a_form_from_elsewhere_is_refused(browser: httpx.Client, path: str, how: str) -> None:
    page = browser.get("/login")
    if path == "/logout":
        page = sign_in(browser, "alice")
    with httpx.Client(base_url=browser.base_url) as other:
        others = hidden_field(other.get("/login").text, "csrf")
    own = hidden_field(browser.get("/login").text, "csrf")
    token = {"none": "", "wrong": "0" * 64, "of another browser": others, "of another form": own}
    if (path, how) == ("/login", "of another form"):
        browser.cookies.clear()
    data = {"username": "alice", "password": PASSWORDS["alice"], "csrf": token[how]}
    answer = browser.post(path, data=data, follow_redirects=False)
    assert answer.status_code in (400, 403)
    assert "swath_session=" not in answer.headers.get("set-cookie", "")
    if path == "/logout":
        assert browser.get(f"/tiles/{HIDDEN}/0/0/0.png").status_code == 200
    assert page.status_code == 200


def test_signing_out_by_a_link_is_not_possible(browser: httpx.Client) -> None:
    sign_in(browser, "alice")
    assert browser.get("/logout").status_code == 405
    assert browser.get(f"/tiles/{HIDDEN}/0/0/0.png").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/", "//evil.example/", "\\\\evil.example", "/\\evil.example", "/%2fevil.example",
        "javascript:alert(1)", "http:evil.example", "///evil.example", "/..//evil.example",
        "%2f%2fevil.example", "./..//evil.example", " //evil.example", "\t//evil.example", "@evil.example",
        "map/\r\nSet-Cookie: x=y", ".evil.example", "map//evil.example", "x" * 5000,
    ],
)  # fmt: skip
def test_the_way_back_stays_here(browser: httpx.Client, elsewhere: str) -> None:
    page = browser.get("/login", params={"next": elsewhere})
    sent = fill(page, "alice", next=elsewhere)
    answer = browser.post("/login", data=sent, follow_redirects=False)
    assert answer.status_code == 303
    target = httpx.URL(answer.headers["location"])
    base = browser.base_url
    assert (target.scheme, target.host, target.port) == (base.scheme, base.host, base.port)
    assert target.path.startswith("/")
    assert not target.path.startswith("//")
    assert "evil" not in target.path or target.path.startswith(("/.evil", "/@evil")), target
    assert len(answer.headers.get_list("set-cookie")) == 2
    assert "evil" not in page.text.split("</h1>")[1] or elsewhere.startswith((".", "@"))


def test_wrong_passwords_say_nothing_of_users(browser: httpx.Client) -> None:
    page = browser.get("/login")
    told = []
    for name in ("alice", "nobody-of-this-name"):
        data = {**fill(page, "alice"), "username": name, "password": "wrong-" * 3}
        answer = browser.post("/login", data=data)
        assert answer.status_code == 401
        assert "swath_session" not in browser.cookies
        # What was typed stands there again, the password does not.
        assert f'value="{name}"' in answer.text
        assert "wrong-" not in answer.text
        told.append(answer.text.replace(name, ""))
    assert told[0] == told[1]
    assert "Invalid username or password" in told[0]


def test_a_name_that_is_markup_comes_back_as_text(browser: httpx.Client) -> None:
    data = {**fill(browser.get("/login"), "alice"), "username": '"><script>alert(1)</script>'}
    answer = browser.post("/login", data=data)
    assert answer.status_code == 401
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


def test_a_password_in_the_address_is_refused(browser: httpx.Client) -> None:
    page = browser.get("/login")
    data = fill(page, "alice")
    password = data.pop("password")
    answer = browser.post("/login", params={"password": password}, data=data)
    assert answer.status_code == 400
    assert password not in answer.text
    assert "swath_session" not in browser.cookies


def test_a_session_is_never_one_that_a_browser_brought(browser: httpx.Client) -> None:
    def begun() -> str:
        page = browser.get("/login")
        answer = browser.post("/login", data=fill(page, "alice"), follow_redirects=False)
        return SimpleCookie(answer.headers.get_list("set-cookie")[0])["swath_session"].value

    page = browser.get("/login")
    browser.cookies.clear()
    brought = f"swath_session=chosen-by-an-attacker; {page.headers['set-cookie'].partition(';')[0]}"
    headers = {**BROWSER, "Cookie": brought}
    answer = httpx.post(f"{browser.base_url}/login", data=fill(page, "alice"), headers=headers)
    assert "chosen" not in str(answer.headers)
    first, second = begun(), begun()
    assert len({first, second, "chosen-by-an-attacker"}) == 3
    ended = httpx.get(
        str(browser.base_url.join(f"/tiles/{HIDDEN}/0/0/0.png")),
        headers={"Cookie": f"swath_session={first}"},
    )
    assert ended.status_code == 401


def test_a_script_of_another_site_gets_nothing_by_a_cookie(browser: httpx.Client) -> None:
    sign_in(browser, "alice")
    asked = f"{PAGE}?f=json&callback=steal"
    assert '"code":499' in browser.get(asked, headers={"Accept": "*/*"}).text
    answer = browser.get(f"{PAGE}?f=json", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-credentials" not in answer.headers


def test_a_cookie_that_has_ended_is_nobodys(browser: httpx.Client) -> None:
    browser.cookies["swath_session"] = "ended"
    assert browser.get("/").status_code == 200
    assert browser.get(PAGE).url.path == "/login"
    for cookie in ("agstoken=nonsense", "swath_session=nonsense"):
        found = httpx.get(f"{browser.base_url}{PAGE}?f=json", headers={"Cookie": cookie}).json()
        assert found["error"]["code"] == 499


@pytest.mark.parametrize("page", ["/", f"/map/{OPEN}", "/login", "/arcgis/rest/services", "/wms"])
def test_pages_forbid_what_they_do_not_need(browser: httpx.Client, page: str) -> None:
    for signed_in in (False, True):
        if signed_in:
            sign_in(browser, "alice")
        answer = browser.get(page)
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["base-uri"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == ("'none'" if page == "/login" else "'self'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in answer.headers
        assert "no-" in answer.headers["cache-control"]
        assert "<script>" not in answer.text
        assert "style=" not in answer.text


def test_cookies_behind_https_and_below_a_path(tmp_path, serve) -> None:
    data = publish_guarded(tmp_path)
    proxy = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "maps.example",
        "X-Forwarded-Prefix": "/imagery",
    }
    with (
        serve(data, SWATH_INSTANCES="1", SWATH_TRUSTED_PROXIES="127.0.0.1") as live,
        httpx.Client(base_url=live.url, headers=proxy) as client,
    ):
        page = client.get("/login", params={"next": "map/test/picture"})
        client.cookies.clear()
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        form = SimpleCookie(page.headers["set-cookie"])[FORM_COOKIE]
        headers = {"Cookie": f"{FORM_COOKIE}={form.value}"}
        answer = client.post("/login", data=fill(page, "alice"), headers=headers)
        assert answer.headers["location"] == "https://maps.example/imagery/map/test/picture"
        session = SimpleCookie(answer.headers.get_list("set-cookie")[0])[SESSION_COOKIE]
        for cookie in (form, session):
            assert (cookie["path"], cookie["samesite"]) == ("/imagery", "Lax")
            assert cookie["secure"]
            assert cookie["httponly"]
            assert not cookie["domain"]
        tile = client.get(f"/tiles/{OPEN}/0/0/0.png")
        assert "strict-transport-security" not in tile.headers
        elsewhere = client.get(f"/map/{HIDDEN}", headers=BROWSER)
        assert (
            elsewhere.headers["location"] == f"../../login?next=map%2F{HIDDEN.replace('/', '%2F')}"
        )


def test_a19_wrong_passwords_are_slowed_down_here_too(tmp_path, serve) -> None:
    data = publish_guarded(tmp_path)
    with serve(data, SWATH_INSTANCES="1") as live, httpx.Client(base_url=live.url) as client:
        page = client.get("/login")
        seen = []
        for _ in range(40):
            answer = client.post("/login", data=fill(page, "alice", password="wrong-" * 3))
            seen.append(answer.status_code)
            if answer.status_code == 429:
                break
        assert seen[-1] == 429
        assert set(seen[:-1]) == {401}
        assert int(answer.headers["retry-after"]) >= 1
        assert "Too many attempts" in answer.text
        # Nothing else is slower or shut for it.
        assert client.get(f"/tiles/{OPEN}/0/0/0.png").status_code == 200
