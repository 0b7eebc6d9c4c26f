"""The requests that a page sent, taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

Query = dict[str, str]


def asked(requests: Iterable[str], path: str) -> list[Query]:
    """Return the parameters of the requests whose path ends so, in their order."""
    parts = [urlsplit(request) for request in requests]
    found = [part.query for part in parts if part.path.endswith(path)]
    return [dict(parse_qsl(query, keep_blank_values=True)) for query in found]


def paths(requests: Iterable[str], service: str) -> list[str]:
    """Return what was asked of a service, behind its root and without parameters."""
    root = f"/{service}/ImageServer"
    return [
        path.partition(root)[2]
        for path in (urlsplit(each).path for each in requests)
        if root in path
    ]


def numbers(text: str) -> list[float]:
    """Return the numbers of a list such as a box."""
    return [float(part) for part in text.split(",")]
