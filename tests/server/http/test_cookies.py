"""Cookies as they go out and come back."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from server.http.cookies import cookie_header, cookie_of


@pytest.mark.parametrize(
    ("base", "path", "secure"),
    [("http://h:8080", "/", False), ("https://h/imagery", "/imagery", True)],
)
def test_a_cookie_stays_here_and_out_of_scripts(base, path, secure):
    cookie = SimpleCookie(cookie_header("swath_session", "a-b_c", base, 60.4))["swath_session"]
    assert cookie.value == "a-b_c"
    assert (cookie["path"], cookie["samesite"], cookie["max-age"]) == (path, "Lax", "60")
    assert cookie["httponly"]
    assert bool(cookie["secure"]) == secure


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"a=1; swath_session=x.y-z; b=2", "x.y-z"),
        (b"swath_session=", ""),
        (b"swath_session=a b", ""),
        (b"swath_session=" + b"a" * 4001, ""),
        (b"xswath_session=1; SWATH_SESSION=1", ""),
        (b"\xff\xfe;=;;=;", ""),
    ],
)
def test_only_what_we_could_have_given_is_read(header, found):
    assert cookie_of([(b"host", b"h"), (b"cookie", header)], "swath_session") == found
