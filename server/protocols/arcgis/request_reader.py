"""From an HTTP request to Parameters: query string, urlencoded or multipart body, POST as GET."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from engine.errors import InvalidParameter, RequestTooLarge
from server.protocols.input_limits import MAX_PARAMETERS, MAX_PART_BYTES

if TYPE_CHECKING:
    from starlette.requests import Request

Pairs = tuple[tuple[str, str], ...]

_QUICK_BYTES = 32 * 1024
_FORMS = "application/x-www-form-urlencoded or multipart/form-data"


async def read_pairs(request: Request) -> Pairs:
    """Return all names and values of a request; those of the body first.

    Raises
    ------
    RequestError
        Too many parameters, or a body that is no form.
    """
    query = _urlencoded(request.scope["query_string"])
    if request.method != "POST":
        return query
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        return await _multipart(request) + query
    body = await request.body()
    if content_type == "application/x-www-form-urlencoded":
        if len(body) > _QUICK_BYTES:
            # A megabyte of escapes takes half a second: other requests must not wait for it.
            return await asyncio.to_thread(_urlencoded, body) + query
        return _urlencoded(body) + query
    if body.strip():
        raise InvalidParameter("Content-Type", content_type, _FORMS)
    return query


def _urlencoded(raw: bytes) -> Pairs:
    text = raw.decode("utf-8", "replace")
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS))
    except ValueError as err:
        count = text.count("&") + 1
        raise RequestTooLarge("number of parameters", count, MAX_PARAMETERS) from err


async def _multipart(request: Request) -> Pairs:
    try:
        async with request.form(
            max_files=0, max_fields=MAX_PARAMETERS, max_part_size=MAX_PART_BYTES
        ) as form:
            return tuple(
                (name, value) for name, value in form.multi_items() if isinstance(value, str)
            )
    except (MultiPartException, HTTPException) as err:
        why = err.message if isinstance(err, MultiPartException) else err.detail
        raise InvalidParameter("body", why, f"{_FORMS}, without files") from err
