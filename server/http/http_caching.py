"""Conditional requests: ETags made from what is asked, without making the answer.

An answer is a function of the service's version, the canonical request and this program's version, so
an ETag of these three is known before any pixel is.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from starlette.responses import Response

from server.version import PROGRAM_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.requests import Request

    from engine.summary import ServiceSummary

_DIGEST_BYTES = 12
_salt = PROGRAM_VERSION.encode()[:16]


def etag_of(*parts: bytes) -> str:
    """Return a strong ETag of all that an answer depends on."""
    lengths = b",".join(b"%d" % len(part) for part in parts)
    text = b"".join((lengths, b":", *parts))
    return f'"{blake2b(text, digest_size=_DIGEST_BYTES, salt=_salt).hexdigest()}"'


def is_match(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the client has this very answer.

    References
    ----------
    RFC 9110 §13.1.2: If-None-Match uses the weak comparison; "*" matches anything there is.
    """
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(
        candidate.strip().removeprefix("W/") == etag for candidate in if_none_match.split(",")
    )


def cache_control(summary: ServiceSummary) -> str:
    """Return how long others may keep answers of a service.

    Where they must ask each time, nothing is said of stale answers: that is for this server to decide.

    References
    ----------
    RFC 9111 §5.2.2; RFC 5861 §3 and §4.
    """
    properties = summary.properties
    seconds = properties.cache_max_age_s
    if seconds <= 0:
        return "no-cache"
    said = f"public, max-age={seconds}"
    if properties.stale_while_revalidate_s:
        said += f", stale-while-revalidate={properties.stale_while_revalidate_s}"
    if properties.stale_if_error_s:
        said += f", stale-if-error={properties.stale_if_error_s}"
    return said


def conditional(
    request: Request, key_parts: Iterable[str | bytes], make: Callable[[], Response]
) -> Response:
    """Answer 304 where the client has it, else what `make` gives, with its ETag.

    Parameters
    ----------
    key_parts
        All that the answer depends on, the service's version first.
    """
    etag = etag_of(*(part.encode() if isinstance(part, str) else part for part in key_parts))
    if is_match(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "no-cache"})
    response = make()
    response.headers["ETag"] = etag
    response.headers.setdefault("Cache-Control", "no-cache")
    return response
