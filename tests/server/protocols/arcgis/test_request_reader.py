"""From HTTP requests to names and values."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from starlette.requests import Request

from engine.errors import RequestError
from server.protocols.arcgis.request_reader import read_pairs

if TYPE_CHECKING:
    from starlette.types import Message

_FORM = "application/x-www-form-urlencoded"
_PART = b'--B\r\nContent-Disposition: form-data; name="a"%s\r\n\r\n1\r\n--B--\r\n'


def _request(
    query: bytes = b"", body: bytes = b"", kind: str = "", method: str = "POST"
) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())] if kind else []
    scope = {"type": "http", "method": method, "query_string": query, "headers": headers}
    return Request(scope, receive)


async def test_a_body_comes_before_the_query() -> None:
    pairs = await read_pairs(_request(b"f=html&a=1", b"f=json", _FORM + "; charset=UTF-8"))
    assert pairs == (("f", "json"), ("f", "html"), ("a", "1"))


async def test_the_body_of_a_get_is_not_read() -> None:
    assert await read_pairs(_request(b"a=1", b"b=2", _FORM, method="GET")) == (("a", "1"),)


async def test_multipart_fields_are_pairs() -> None:
    kind = "multipart/form-data; boundary=B"
    assert await read_pairs(_request(b"", _PART % b"", kind)) == (("a", "1"),)


async def test_a_long_body_keeps_no_other_request_waiting() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    pairs = await read_pairs(_request(b"f=json", b"where=" + b"%3C" * 300_000, _FORM))
    ticking.cancel()
    assert pairs == (("where", "<" * 300_000), ("f", "json"))
    assert ticks > 1


async def test_a_post_without_a_body_is_its_query() -> None:
    assert await read_pairs(_request(b"f=json")) == (("f", "json"),)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"x", ""),
        (b"--x", "multipart/form-data"),
        (_PART % b'; filename="f"', "multipart/form-data; boundary=B"),
        (b"&".join(b"a=1" for _ in range(600)), _FORM),
    ],
)
async def test_other_bodies_are_refused(body: bytes, kind: str) -> None:
    with pytest.raises(RequestError, match=r"form|parameters"):
        await read_pairs(_request(b"", body, kind))
