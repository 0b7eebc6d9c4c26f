"""Requests made up from the OpenAPI description, sent to a live server: whatever comes, it keeps its word."""

from __future__ import annotations

from tests.described_requests import DescribedRequests

# Some hundreds of requests in all.
_EXAMPLES = 5


def test_every_operation_keeps_its_word(live_server):
    asked = DescribedRequests(live_server.url, "test/picture", 485_000, 5_540_000, _EXAMPLES)
    tried = dict(asked.faults())
    assert len(tried) > 80
    assert asked.sent > 2 * len(tried)
    assert {label: fault for label, fault in tried.items() if fault} == {}
