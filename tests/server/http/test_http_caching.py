"""ETags and conditional requests."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from config.definition import ServiceProperties
from server.http.http_caching import cache_control, conditional, etag_of, is_match


def test_an_etag_tells_its_parts_apart():
    assert etag_of(b"ab", b"c") != etag_of(b"a", b"bc")
    assert etag_of(b"a") == etag_of(b"a")
    assert etag_of(b"a").startswith('"')


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ('"e"', True),
        ('W/"e"', True),
        ('"x", "e"', True),
        ('"x" , W/"e"', True),
        ("*", True),
        ('"x"', False),
        ("e", False),
    ],
)
def test_if_none_match_is_compared_weakly(header, expected):
    assert is_match(header, '"e"') is expected


@pytest.mark.parametrize(("seconds", "expected"), [(0, "no-cache"), (60, "public, max-age=60")])
def test_the_service_says_how_long_answers_keep(seconds, expected):
    properties = ServiceProperties(cache_max_age_s=seconds)
    assert cache_control(SimpleNamespace(properties=properties)) == expected


def test_shared_caches_hear_of_stale_answers_where_they_may_keep_any():
    stale = {"stale_while_revalidate_s": 30, "stale_if_error_s": 600}
    asking = SimpleNamespace(properties=ServiceProperties(**stale))
    assert cache_control(asking) == "no-cache"
    keeping = SimpleNamespace(properties=ServiceProperties(cache_max_age_s=60, **stale))
    assert cache_control(keeping) == (
        "public, max-age=60, stale-while-revalidate=30, stale-if-error=600"
    )


def request(**headers):
    raw = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "headers": raw})


def test_a_client_that_has_the_answer_gets_no_second_one():
    made = []

    def make():
        made.append(1)
        return Response("x")

    first = conditional(request(), ("v", b"q"), make)
    again = conditional(request(if_none_match=first.headers["etag"]), ("v", b"q"), make)
    other = conditional(request(if_none_match=first.headers["etag"]), ("v2", b"q"), make)
    assert [response.status_code for response in (first, again, other)] == [200, 304, 200]
    assert len(made) == 2
