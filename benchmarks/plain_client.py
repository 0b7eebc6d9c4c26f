"""A plain HTTP client on kept-alive connections, for what wrk cannot do: one pass, every body kept."""

import http.client
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_TIMEOUT_S = 60.0


class LoadFailed(Exception):
    """A server answered something else than 200 with a body, or did not answer."""


class KeptConnection:
    """One kept-alive connection to the server of an address."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def get(self, url: str) -> bytes:
        """Return the body of a 200 answer."""
        parts = urlsplit(url)
        try:
            self._connection.request("GET", f"{parts.path}?{parts.query}")
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as err:
            raise LoadFailed(f"{url}: {err!r}") from err
        if answer.status != 200 or not body:
            raise LoadFailed(f"{url}: {answer.status}, {body[:500]!r}; 200 with a body is needed")
        return body


def ask_each(urls: Sequence[str], connections: int) -> list[bytes]:
    """Ask for every address once, over several connections; bodies come in the list's order."""

    def walk(first: int) -> list[bytes]:
        with KeptConnection(urls[0]) as connection:
            return [connection.get(url) for url in urls[first::connections]]

    bodies: list[bytes] = [b""] * len(urls)
    with ThreadPoolExecutor(connections) as clients:
        for first, answers in enumerate(clients.map(walk, range(connections))):
            bodies[first::connections] = answers
    return bodies


def ask_for(
    urls: Sequence[str], connections: int, seconds: float, first: int
) -> list[tuple[int, float]]:
    """Ask for the addresses in turn until the time is over: sizes, and delays in seconds."""
    deadline = time.perf_counter() + seconds

    def walk(client: int) -> list[tuple[int, float]]:
        place = first + client * len(urls) // connections
        answers = []
        with KeptConnection(urls[0]) as connection:
            while (begun := time.perf_counter()) < deadline:
                size = len(connection.get(urls[place % len(urls)]))
                answers.append((size, time.perf_counter() - begun))
                place += 1
        return answers

    with ThreadPoolExecutor(connections) as clients:
        return [answer for walked in clients.map(walk, range(connections)) for answer in walked]
