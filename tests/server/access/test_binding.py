"""Where a token is good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.binding import ANYWHERE, Binding


@pytest.mark.parametrize(
    ("bound", "referer"),
    [
        ("https://map.example", "https://map.example/"),
        ("https://map.example/", "https://map.example"),
        ("https://MAP.example", "HTTPS://map.EXAMPLE/app/?a=b"),
        ("https://map.example/app", "https://map.example/app?x"),
        ("https://map.example/app/", "https://map.example/app/deep/page"),
        # Other sites are told the origin of a page alone.
        ("https://map.example/app/page.html", "https://map.example/"),
        ("map.example", "https://map.example/app"),
        ("map.example:8443/app", "https://map.example:8443/app/"),
        # The ArcGIS API for Python.
        ("http", "http"),
    ],
)
def test_a_referer_that_begins_as_it_was_bound_is_let_in(bound, referer):
    assert Binding(referer=bound).admits(referer, "10.0.0.1")


@pytest.mark.parametrize(
    ("bound", "referer"),
    [
        ("https://map.example", ""),
        ("https://map.example", "https://map.example.evil.example/"),
        ("https://map.example", "https://map.example@evil.example/"),
        ("https://map.example", "https://map.example:8443/"),
        ("https://map.example", "http://map.example/"),
        ("https://map.example/app", "https://map.example/apple"),
        ("https://map.example/app", "https://map.example/other"),
        ("https://map.example/App", "https://map.example/app"),
        ("map.example", "https://evil.example/map.example"),
        ("https://[", "https://["[:-1]),
    ],
)
def test_another_page_is_not(bound, referer):
    assert not Binding(referer=bound).admits(referer, "10.0.0.1")


def test_addresses_are_compared_as_addresses():
    assert Binding(ip="::1").admits("", "0:0:0:0:0:0:0:1")
    for address in ("10.0.0.2", "", "here", "10.0.0.1 "):
        assert not Binding(ip="10.0.0.1").admits("", address)
    assert not Binding(ip="here").admits("", "here")
    assert ANYWHERE.admits("", "")


@given(st.text(), st.text())
def test_any_text_is_compared_without_a_failure(bound, referer):
    assert Binding(referer=bound).admits(bound, "") or bound.strip() == ""
    assert Binding(referer=bound).admits(referer, "") in (True, False)
