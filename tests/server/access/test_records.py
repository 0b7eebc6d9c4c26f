"""What a caller costs: known tokens are a look-up, and what is remembered is bounded."""

from __future__ import annotations

from contextlib import closing

import pytest

from engine.errors import InvalidToken
from server.access.binding import ANYWHERE
from server.access.permission import PUBLIC
from server.access.records import closed_records, read_records


def test_a_token_is_checked_once(site, monkeypatch):
    with closing(site.connect()) as handle:
        records = read_records(handle, PUBLIC)
    ends_at = 2**40
    token = records.token(records.accounts["ben"], ANYWHERE, ends_at)
    first = records.caller(token, "", "")
    monkeypatch.setattr("server.access.records.read_token", None)
    assert records.caller(token, "", "") is first


def test_what_is_remembered_of_tokens_is_bounded(site):
    with closing(site.connect()) as handle:
        records = read_records(handle, PUBLIC)
    for number in range(4200):
        ends_at = 2**40 + number
        records.caller(records.token(records.accounts["ben"], ANYWHERE, ends_at), "", "")
    assert len(records._checked) == 4096


def test_no_password_is_shown_where_an_account_is_printed(site):
    with closing(site.connect()) as handle:
        records = read_records(handle, PUBLIC)
    assert "argon2" not in repr(records.accounts)


def test_closed_records_let_nobody_in():
    with pytest.raises(InvalidToken):
        closed_records().caller("swath_x", "", "")
