"""Addresses are checked, and shown without secrets."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter
from server.comparison.address import checked_url, shown_url, with_query


@pytest.mark.parametrize(
    "url", ["", "host/x", "ftp://host/x", "http:///x", "file:///etc/x", "http://h:x/", "http://["]
)
def test_only_http_urls_of_a_host_are_taken(url: str) -> None:
    with pytest.raises(InvalidParameter, match="expected http"):
        checked_url(url)


def test_blanks_and_fragments_go() -> None:
    assert checked_url(" https://host:8443/a?b=c#d\n") == "https://host:8443/a?b=c"


def test_tokens_keys_and_passwords_are_not_shown() -> None:
    url = "https://me:pass@host/x?map=A&Token=t1&api_key=t2&LAYERS=a,b"
    assert shown_url(url) == "https://***@host/x?map=A&Token=***&api_key=***&LAYERS=a,b"


def test_parameters_are_replaced() -> None:
    assert with_query("http://h/x?a=1", [("b", "2,3"), ("c", "é &")]) == (
        "http://h/x?b=2,3&c=%C3%A9+%26"
    )
