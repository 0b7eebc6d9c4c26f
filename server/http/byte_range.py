"""Ranges of bytes: what a request asks for, and answers in memory cut to it.

References
----------
RFC 9110 §14 (range requests), §13.1.5 (If-Range).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

# One range; of several, which may be answered as one or not at all, the whole file is sent.
_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


def byte_range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """Return the first byte asked for and that behind the last, None for all, (0, 0) for none there is."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or request.method not in ("GET", "HEAD"):
        return None
    if request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        count = min(int(last or 0), size)
        return (size - count, size) if last and count else ((0, 0) if last else None)
    if int(first) >= size:
        return 0, 0
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def in_range(request: Request, response: Response) -> Response:
    """Return the part of an answer that was asked for; answers that are streamed stay whole."""
    if type(response) is not Response or response.status_code != 200:
        return response
    size = len(response.body)
    response.headers["Accept-Ranges"] = "bytes"
    chosen = byte_range(request, response.headers.get("ETag", ""), size)
    if chosen is None:
        return response
    headers = dict(response.headers)
    del headers["content-length"]
    first, end = chosen
    if chosen == (0, 0):
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=416, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    return Response(response.body[first:end], status_code=206, headers=headers)
