"""Texts made smaller on their way out: JSON, pages, scripts; never pictures, which are compressed.

A compressed answer is another representation of the same resource: its ETag is the weak form of the
plain one's, so that neither is taken for the bytes of the other.

References
----------
RFC 9110 §8.8.3 (ETag), §12.5.3 (Accept-Encoding), §12.5.5 (Vary).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from isal import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Message

RawHeaders = list[tuple[bytes, bytes]]

# Below, the frame that carries a header and a body is not filled anyway.
LEAST_BYTES = 1024
# A larger one would hold up the event loop for a millisecond and more.
_MOST_ON_LOOP = 256 * 1024
_LEVEL = 2
_GZIP_FORMAT = 31
_TEXTS = (
    b"application/json",
    b"application/geo+json",
    b"application/javascript",
    b"application/vnd.ogc.",
    b"text/",
)


def accepts_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether the client of a request takes gzip."""
    qualities: dict[bytes, bool] = {}
    for name, value in headers:
        if name == b"accept-encoding":
            for part in value.lower().split(b","):
                coding, _, quality = part.partition(b";")
                qualities[coding.strip()] = quality.replace(b" ", b"") not in _REFUSED
    return qualities.get(b"gzip", qualities.get(b"*", False))


_REFUSED = (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")


def is_text(start: Message) -> bool:
    """Tell whether an answer that starts so may be sent compressed."""
    headers = dict(start["headers"])
    return (
        headers.get(b"content-type", b"").startswith(_TEXTS)
        and b"content-encoding" not in headers
        and start["status"] not in (204, 206, 304)
    )


async def compressed(start: Message, body: Message) -> tuple[Message, Message]:
    """Return start and body of an answer compressed, or as they are where that does not pay.

    An answer whose body comes in pieces stays as it is.
    """
    plain = body.get("body", b"")
    if body.get("more_body", False) or len(plain) < LEAST_BYTES:
        return start, body
    if len(plain) > _MOST_ON_LOOP:
        smaller = await asyncio.to_thread(_gzip, plain)
    else:
        smaller = _gzip(plain)
    headers = [
        (name, _weak(value) if name == b"etag" else value)
        for name, value in start["headers"]
        if name != b"content-length"
    ]
    headers += [
        (b"content-encoding", b"gzip"),
        (b"content-length", str(len(smaller)).encode()),
    ]
    return {**start, "headers": headers}, {**body, "body": smaller}


def echo_weak_etag(start: Message, request_headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Give a 304 the weak ETag where it is the compressed answer that the client has."""
    held = b",".join(value for name, value in request_headers if name == b"if-none-match")
    start["headers"] = [
        (name, _weak(value) if name == b"etag" and _weak(value) in held else value)
        for name, value in start["headers"]
    ]


def with_vary(headers: RawHeaders) -> RawHeaders:
    """Return the headers with Accept-Encoding among those that the answer depends on."""
    named = [value for name, value in headers if name == b"vary"]
    rest = [pair for pair in headers if pair[0] != b"vary"]
    return [*rest, (b"vary", b", ".join([*named, b"Accept-Encoding"]))]


def _gzip(plain: bytes | memoryview) -> bytes:
    smaller: bytes = isal_zlib.compress(plain, _LEVEL, _GZIP_FORMAT)
    return smaller


def _weak(etag: bytes) -> bytes:
    return etag if etag.startswith(b"W/") else b"W/" + etag
