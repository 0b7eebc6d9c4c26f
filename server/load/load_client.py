"""An HTTP load generator: keep-alive clients that ask one URL after the other and take the time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httptools
import uvloop

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANSWER_S = 120.0
_CONNECT_S = 10.0
_MAX_FAILURES = 20


@dataclass(slots=True)
class LoadResult:
    """What was seen.

    Attributes
    ----------
    latencies_s : list of float
        Of answers with status 200, in the order they came.
    failures : Counter
        By status ("503") or by what went wrong ("connection refused").
    """

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    body_bytes: int = 0

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.latencies_s) / self.seconds if self.seconds else 0.0

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that `percent` of the good answers do not exceed, in ms."""
        ordered = sorted(self.latencies_s)
        if not ordered:
            return 0.0
        place = min(len(ordered) - 1, max(0, round(percent / 100 * len(ordered)) - 1))
        return ordered[place] * 1e3


@dataclass(frozen=True, slots=True)
class Target:
    """One host and the paths to ask for in turn."""

    host: str
    port: int
    is_tls: bool
    requests: tuple[bytes, ...]


def target_of(urls: Sequence[str]) -> Target:
    """Return the target of URLs that all name one server.

    Raises
    ------
    InvalidParameter
        No URL, one that is not http(s), or several servers.
    """
    parts = [urlsplit(url) for url in urls]
    for url, part in zip(urls, parts, strict=True):
        if part.scheme not in ("http", "https") or not part.hostname:
            raise InvalidParameter("url", url, "http://host[:port]/path")
    servers = {(part.scheme, part.netloc) for part in parts}
    if len(servers) != 1:
        shown = ", ".join(sorted(f"{scheme}://{place}" for scheme, place in servers))
        raise InvalidParameter("urls", shown or "none", "URLs of one server")
    first = parts[0]
    is_tls = first.scheme == "https"
    requests = tuple(
        f"GET {part.path or '/'}{'?' + part.query if part.query else ''} HTTP/1.1\r\n"
        f"Host: {first.netloc}\r\nAccept: */*\r\nUser-Agent: swath-bench\r\n\r\n".encode()
        for part in parts
    )
    port = first.port or (443 if is_tls else 80)
    return Target(first.hostname or "", port, is_tls, requests)


class _Connection(asyncio.Protocol):
    """One keep-alive connection; httptools reads the answers, chunked or not."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._done: asyncio.Future[int] | None = None
        self.received = 0
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("not HTTP")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail(str(exc or "connection closed"))

    def on_body(self, body: bytes) -> None:
        self.received += len(body)

    def on_message_complete(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(self._parser.get_status_code())
        if not self._parser.should_keep_alive():
            self.close()

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Return a future of the status."""
        self._done = asyncio.get_running_loop().create_future()
        if self._transport is not None:
            self._transport.write(request)
        return self._done

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.close()

    def _fail(self, why: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError(why))


class _Pace:
    """The turns of all clients, and when each is due.

    At a stated rate a request's time counts from when it was due, not from when a client was free for it:
    a server that stalls would else be asked less and look better than it is.
    """

    def __init__(self, seconds: float, rate: float) -> None:
        self._turns = count()
        self._rate = rate
        self._starts = time.perf_counter()
        self.ends = self._starts + seconds

    async def next(self) -> tuple[int, float | None]:
        """Return the next turn and since when it is due: None = now."""
        turn = next(self._turns)
        if not self._rate:
            return turn, None
        due = self._starts + turn / self._rate
        await asyncio.sleep(max(0.0, min(due, self.ends) - time.perf_counter()))
        return turn, due


def run_load(target: Target, clients: int, seconds: float, rate: float = 0.0) -> LoadResult:
    """Do as `generate_load`, in an event loop that takes a third of the time a request.

    Who generates load on the machine that is looked at takes it from what is looked at.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(generate_load(target, clients, seconds, rate))


async def generate_load(
    target: Target, clients: int, seconds: float, rate: float = 0.0
) -> LoadResult:
    """Ask with `clients` connections at once for `seconds`; all walk through one list together.

    Parameters
    ----------
    rate
        Requests a second, as long as `clients` suffice for it; 0 = each asks as soon as it is answered.
    """
    result = LoadResult()
    started = time.perf_counter()
    pace = _Pace(seconds, rate)
    await asyncio.gather(*(_client(target, pace, result) for _ in range(clients)))
    result.seconds = time.perf_counter() - started
    return result


async def _client(target: Target, pace: _Pace, result: LoadResult) -> None:
    connection: _Connection | None = None
    while True:
        turn, due = await pace.next()
        if time.perf_counter() >= pace.ends:
            break
        request = target.requests[turn % len(target.requests)]
        started = due or time.perf_counter()
        try:
            if connection is None or not connection.is_open:
                connection = await _connect(target)
                started = due or time.perf_counter()
            async with asyncio.timeout(_ANSWER_S):
                status = await connection.ask(request)
        except OSError as err:  # ConnectionError and TimeoutError are both OSErrors
            result.failures[str(err) or type(err).__name__] += 1
            connection = None
            if sum(result.failures.values()) > _MAX_FAILURES and not result.latencies_s:
                return
            continue
        if status == 200:
            result.latencies_s.append(time.perf_counter() - started)
            result.body_bytes += connection.received
        else:
            result.failures[str(status)] += 1
        connection.received = 0
    if connection is not None:
        connection.close()


async def _connect(target: Target) -> _Connection:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_CONNECT_S):
        _, connection = await loop.create_connection(
            _Connection, target.host, target.port, ssl=target.is_tls or None
        )
    return connection
