"""Tokens: what was not signed here, or is not good now, is refused with one text (A18, A30)."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidToken
from server.access.binding import Binding
from server.access.signing_keys import SigningKey
from server.access.tokens import Claims, read_token, signed

KEY = SigningKey(b"k" * 32, None)
OTHER = SigningKey(b"o" * 32, None)
HOUR = 3600


def _claims(**changes):
    now = int(time.time())
    return Claims("anna", "e1", now + HOUR, Binding())._replace(**changes)


def _token(now_offset=0, **changes):
    return signed(_claims(**changes), KEY, time.time() + now_offset)


def _read(token, keys=(KEY,)):
    return read_token(token, keys, time.time())


def _b64(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _refused(token, keys=(KEY,)):
    with pytest.raises(InvalidToken) as refused:
        _read(token, keys)
    assert str(refused.value) == "Invalid Token"


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789_.@-", min_size=1, max_size=128),
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.integers(10, 10**9),
    st.text(max_size=300),
    st.ip_addresses().map(str),
)
def test_a_token_says_what_was_signed(user, epoch, seconds, referer, ip):
    claims = Claims(user, epoch, int(time.time()) + seconds, Binding(referer, ip))
    assert _read(signed(claims, KEY, time.time())) == claims


@given(st.data())
def test_a18_a_token_with_any_character_changed_or_cut_is_refused(data):
    token = _token()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="latin-1").filter(lambda c: c != token[place]))
    changed = token[:place] + other + token[place + 1 :]
    _refused(changed)
    _refused(token[:place])
    _refused(token + other)


def test_a_token_with_padding_or_other_spare_bits_is_refused():
    token = _token()
    _refused(token + "=")
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other in digits.replace(token[-1], ""):
        _refused(token[:-1] + other)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_refused_without_a_failure(text):
    _refused(text)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=20))
def test_anything_behind_our_own_head_is_refused_without_a_failure(value):
    head = _token().partition(".")[0]
    _refused(f"{head}.{_b64(value)}.{_b64(value)}")


def test_a18_another_algorithm_or_none_is_refused_before_anything_is_read():
    claims = {"iss": "swath", "sub": "anna", "nbf": 0, "exp": 2**40, "epoch": "e1"}
    none = f"{_b64({'alg': 'none', 'typ': 'JWT'})}.{_b64(claims)}."
    _refused(none)
    _refused(none + "AAAA")
    _refused(jwt.encode(claims, KEY.secret * 2, "HS512"))
    _refused(jwt.encode(claims, KEY.secret, "HS256", headers={"kid": "../../key"}))
    _refused("[" * 4000)
    _refused(f"{base64.urlsafe_b64encode(b'[' * 2900).decode()}.e30.e30")


def test_a18_ended_early_and_foreign_tokens_are_refused():
    _refused(_token(ends_at=int(time.time()) - 1))
    _refused(_token(now_offset=HOUR, ends_at=int(time.time()) + 2 * HOUR))
    _refused(_token(), keys=(OTHER,))
    _refused(_token(), keys=())
    good = {"iss": "swath", "sub": "anna", "nbf": 0, "exp": 2**40}
    assert _read(jwt.encode(good, KEY.secret, "HS256")).user == "anna"
    for missing in good:
        _refused(jwt.encode({k: v for k, v in good.items() if k != missing}, KEY.secret, "HS256"))
    _refused(jwt.encode({**good, "iss": "another"}, KEY.secret, "HS256"))
    _refused(jwt.encode({**good, "sub": 5}, KEY.secret, "HS256"))


def test_a_key_that_was_replaced_counts_until_its_end():
    token = _token()
    now = int(time.time())
    assert _read(token, (OTHER, SigningKey(KEY.secret, now + 60))).user == "anna"
    _refused(token, (OTHER, SigningKey(KEY.secret, now - 1)))


def test_a30_what_a_jump_of_the_clock_does():
    # Forward by an hour: what would have ended within it has ended.
    _refused(signed(_claims(ends_at=int(time.time())), KEY, time.time() - HOUR))
    # Back by moments: a token just made is good all the same.
    assert _read(_token(now_offset=30)).user == "anna"


def test_a_key_is_not_shown_where_it_is_printed():
    assert "kkk" not in f"{KEY!r} {KEY}"
