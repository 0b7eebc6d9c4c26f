"""What caches are told of answers that depend on who asks.

References
----------
RFC 9111 §5.2.2.7 (private), RFC 9110 §12.5.5 (Vary).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RawHeaders = list[tuple[bytes, bytes]]

# Where a credential may stand beside the address; so a browser asks again once somebody else signs in.
VARY = (b"vary", b"Authorization, Cookie, X-API-Key, X-Esri-Authorization")


def private_cache_control(value: bytes) -> bytes:
    """Return a Cache-Control that keeps an answer out of caches that people share.

    Examples
    --------
    >>> private_cache_control(b"public, max-age=3600"), private_cache_control(b"no-cache")
    (b'private, max-age=3600', b'private, no-cache')
    """
    if b"no-store" in value or b"private" in value:
        return value
    kept = [part for part in value.split(b", ") if part not in (b"", b"public")]
    return b", ".join([b"private", *(kept or [b"no-cache"])])


def as_private(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Return the headers of an answer with what caches have to know."""
    found = dict(headers).get(b"cache-control", b"")
    rest = [pair for pair in headers if pair[0] != b"cache-control"]
    return [*rest, (b"cache-control", private_cache_control(found)), VARY]
