"""Every place where clients put a token or a key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.credentials import Credential, credential_of, find_credential

RESTAPI_COOKIE = b"other=1; agstoken=abc; more=2"


@pytest.mark.parametrize(
    ("headers", "query", "place"),
    [
        ([], b"f=json&token=abc", "query"),
        ([], b"f=json&TOKEN=abc", "query"),
        ([], b"%74oken=%61bc", "query"),
        ([(b"x-esri-authorization", b"Bearer abc")], b"", "header"),
        ([(b"authorization", b"bearer  abc ")], b"", "header"),
        ([(b"x-api-key", b" abc")], b"", "header"),
        ([(b"cookie", RESTAPI_COOKIE)], b"", "cookie"),
        ([(b"cookie", b"a=b"), (b"cookie", b'swath_session="abc"')], b"", "cookie"),
        ([(b"authorization", b"Basic eDp5"), (b"cookie", RESTAPI_COOKIE)], b"token=", "cookie"),
    ],
)
def test_a_token_is_found_wherever_clients_put_it(headers, query, place):
    assert find_credential(headers, query) == Credential("abc", place)
    assert credential_of(headers, query) == "abc"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([], b""),
        ([], b"f=json&tokens=abc"),
        ([], b"token="),
        ([(b"authorization", b"Basic YTpi")], b""),
        ([(b"authorization", b"Bearer")], b""),
        ([(b"cookie", b"agstokens=abc; =abc; agstoken=")], b""),
        ([], b"&".join([b"a=1"] * 600) + b"&token=abc"),
    ],
)
def test_what_is_no_token_is_none(headers, query):
    assert credential_of(headers, query) is None


def test_what_was_written_for_this_request_goes_before_a_cookie():
    headers = [(b"cookie", b"agstoken=old"), (b"authorization", b"Bearer new")]
    assert credential_of(headers, b"") == "new"
    assert credential_of(headers, b"token=newest") == "newest"


NAMES = st.sampled_from([b"authorization", b"cookie", b"x-api-key", b"x-esri-authorization"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=60))), st.binary(max_size=80))
def test_any_bytes_are_read_without_a_failure(headers, query):
    found = find_credential(headers, query)
    assert found is None or found.text == found.text.strip() != ""
