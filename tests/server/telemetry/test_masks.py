"""Secrets are struck out of whatever is written down, and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.telemetry.masks import HIDDEN, masked, masked_fields

SECRET = "s3cret-Word.that~stays"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzd2F0aCJ9.abc-DEF_123"
KEY = "swath_iwtwMdVuq8bitrChPsQkLfNPhDhijZe3QtzglU5OyJ1"


@pytest.mark.parametrize(
    "text",
    [
        f"GET /arcgis/rest/services?f=json&token={SECRET}&bbox=1",
        f"/x?TOKEN={SECRET}",
        f"/x?url=https%3A%2F%2Fa%2F%3Ftoken%3D{SECRET}%26f%3Djson",
        f"username=anna&password={SECRET}&f=json",
        f'{{"access_token": "{SECRET}", "expires": 5}}',
        json.dumps({"outer": json.dumps({"client_secret": SECRET})}),
        f"{{'password': '{SECRET}'}}",
        f"X-API-Key: {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"authorization=Basic%20{SECRET}",
        f"Cookie: a=b; agstoken={SECRET}; swath_session={SECRET}",
        f"[(b'x-api-key', b'{SECRET}'), (b'host', b'a')]",
        f"[('x-esri-authorization', 'Bearer {SECRET}')]",
        f"postgresql://anna:{SECRET}@host/base",
        f"https://bucket/a.tif?X-Amz-Signature={SECRET}&X-Amz-Security-Token={SECRET}&sv=1&sig={SECRET}",
    ],
)
def test_what_is_named_as_a_secret_is_struck_out(text):
    assert "s3cret" not in masked(text)
    assert HIDDEN in masked(text)


@pytest.mark.parametrize("secret", [JWT, KEY])
def test_tokens_and_keys_are_known_by_their_shape(secret):
    for text in (secret, f"failed for {secret!r}: no", f"<{secret}>", f"a/{secret}/b"):
        found = masked(text)
        assert secret not in found
        assert not any(part in found for part in secret.split(".") if len(part) > 8)


@pytest.mark.parametrize(
    "text",
    [
        "ready with 3 services",
        "Invalid Token",
        "Token Required",
        "access.token_minutes: expected an int",
        "/data/tokens/password_scenes.tif: cannot be opened",
        "GET /arcgis/tokens/generateToken 200 1.0 ms",
        "http://127.0.0.1:8080/",
        "a password came over plain http from 10.0.0.7",
        "swath user add NAME --role administrator",
        "15:04:05 INFO swath.server: 12 rasters",
    ],
)
def test_what_is_none_stays(text):
    assert masked(text) == text


def test_fields_are_masked_by_their_names_and_within():
    fields = {
        "token": SECRET,
        "url": f"/a?token={SECRET}",
        "headers": {"X-API-Key": SECRET, "host": "a"},
        "error": ValueError(f"password={SECRET}"),
        "count": 3,
        "none": None,
    }
    found = masked_fields(fields)
    assert "s3cret" not in str(found)
    assert (found["count"], found["none"], found["headers"]["host"]) == (3, None, "a")


@given(st.text())
def test_any_text_is_masked_without_a_failure(text):
    assert isinstance(masked(text), str)


def test_long_lines_take_no_long_time():
    for piece in ("token", "token=", "a-", "eyJ", "://a:", "password\"'", "%3Dtoken"):
        masked(piece * 20_000)
