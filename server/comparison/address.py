"""Addresses of services: their parts, and how they are shown without what is secret in them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECRETS = ("token", "key", "password", "passwd", "pwd", "secret", "sig", "signature", "auth")
_HIDDEN = "***"

Pairs = tuple[tuple[str, str], ...]


def checked_url(url: str) -> str:
    """Return the URL without blanks around it and without a fragment.

    Raises
    ------
    InvalidParameter
        It is no http(s) URL of a host.
    """
    try:
        parts = urlsplit(url.strip())
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as err:
        raise InvalidParameter("URL", shown_url(url), "http(s)://host[:port]/path") from err
    if not is_good:
        raise InvalidParameter("URL", shown_url(url), "http(s)://host[:port]/path")
    return urlunsplit(parts._replace(fragment=""))


def with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return the URL with these parameters instead of its own."""
    return urlunsplit(urlsplit(url)._replace(query=urlencode(list(pairs), safe="/:,")))


def parameters_of(url: str) -> Pairs:
    """Return the parameters that stand in a URL, in order."""
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def shown_url(url: str) -> str:
    """Return the URL as it may be shown and kept: tokens, keys and passwords are struck out."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    place = parts.netloc.rpartition("@")[2]
    if place != parts.netloc:
        place = f"{_HIDDEN}@{place}"
    pairs = [
        (name, _HIDDEN if any(word in name.casefold() for word in _SECRETS) else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    query = urlencode(pairs, safe="/:,*")
    return urlunsplit(parts._replace(netloc=place, query=query))
