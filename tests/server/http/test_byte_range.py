"""Ranges of answers in memory."""

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.http.byte_range import in_range

BODY = bytes(range(100))


def asked(method="GET", **headers):
    named = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "method": method, "headers": named})


def whole():
    return Response(memoryview(BODY), headers={"ETag": '"a"'}, media_type="image/tiff")


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=90-", 90, 100),
        ("bytes=-5", 95, 100),
        ("bytes=50-999", 50, 100),
        ("bytes=-999", 0, 100),
    ],
)
def test_the_range_asked_for_is_sent(text, first, end):
    answer = in_range(asked(range=text), whole())
    assert answer.status_code == 206
    assert bytes(answer.body) == BODY[first:end]
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/100"
    assert answer.headers["content-length"] == str(end - first)
    assert answer.headers["content-type"] == "image/tiff"
    assert answer.headers["etag"] == '"a"'


@pytest.mark.parametrize("text", ["", "bytes=9-1", "bytes=0-1,5-6", "items=0-1", "bytes=-"])
def test_what_is_no_single_range_gets_all(text):
    answer = in_range(asked(range=text), whole())
    assert (answer.status_code, bytes(answer.body)) == (200, BODY)
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_range_behind_the_end_is_refused():
    answer = in_range(asked(range="bytes=100-"), whole())
    assert (answer.status_code, answer.body) == (416, b"")
    assert answer.headers["content-range"] == "bytes */100"


def test_a_range_of_another_version_gets_all():
    assert in_range(asked(range="bytes=0-1", if_range='"b"'), whole()).status_code == 200
    assert in_range(asked(range="bytes=0-1", if_range='"a"'), whole()).status_code == 206


def test_streams_and_answers_that_are_none_stay_as_they_are():
    stream = StreamingResponse(iter([b"a"]))
    assert in_range(asked(range="bytes=0-1"), stream) is stream
    kept = Response(status_code=304)
    assert in_range(asked(range="bytes=0-1"), kept) is kept
    assert "accept-ranges" not in kept.headers
