"""What caches are told."""

from __future__ import annotations

import pytest

from server.http.private_answers import as_private, private_cache_control


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"", b"private, no-cache"),
        (b"no-cache", b"private, no-cache"),
        (b"no-store", b"no-store"),
        (b"public, max-age=60", b"private, max-age=60"),
        (b"private, max-age=5", b"private, max-age=5"),
    ],
)
def test_nothing_is_shared(given, told):
    assert private_cache_control(given) == told
    headers = [(b"etag", b"x"), (b"cache-control", given)] if given else [(b"etag", b"x")]
    found = dict(as_private(headers))
    assert found[b"cache-control"] == told
    assert found[b"etag"] == b"x"
    assert b"Cookie" in found[b"vary"]
