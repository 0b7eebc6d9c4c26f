"""Policies of pages: nothing but what is named, nothing inline, no frame of others."""

from __future__ import annotations

import pytest

from server.pages.security_headers import DIRECTORY, FORM_PAGE, MAP_PAGE, page_headers


@pytest.mark.parametrize("policy", [DIRECTORY, FORM_PAGE, MAP_PAGE])
def test_a_policy_allows_nothing_of_others(policy: str) -> None:
    told = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert told["default-src"] == told["base-uri"] == "'none'"
    allowed = {source for sources in told.values() for source in sources.split()}
    assert allowed <= {"'none'", "'self'", "data:", "blob:"}
    assert "script-src" not in told or told["script-src"] == "'self'"
    assert told["frame-ancestors"] in ("'self'", "'none'")
    headers = page_headers(policy)
    assert headers["Content-Security-Policy"] == policy
    assert headers["Referrer-Policy"] == "same-origin"
