"""Tokens of forms: good for one form in one browser."""

from __future__ import annotations

import pytest

from server.access.form_tokens import FormTokens


def test_a_token_is_good_for_its_form_and_session_alone():
    tokens = FormTokens()
    token = tokens.token("sign-out", "anna")
    assert tokens.is_valid("sign-out", "anna", token)
    assert not tokens.is_valid("sign-in", "anna", token)
    assert not tokens.is_valid("sign-out", "bob", token)
    assert not FormTokens().is_valid("sign-out", "anna", token)


@pytest.mark.parametrize("token", ["", "0", "ä", "0" * 64])
def test_anything_else_is_none(token):
    tokens = FormTokens()
    assert not tokens.is_valid("sign-out", "anna", token)
    assert not tokens.is_valid("sign-out", "", tokens.token("sign-out", ""))
