"""Ranges of objects behind one connection: asked for, checked, asked for again, given up.

An answer is used only if it is a 206 that holds exactly the bytes asked for, of an object that is the
one known. Whatever else comes is an error or another attempt, never pixels.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from engine.errors import (
    SourceCorrupt,
    SourceUnavailable,
    StorageDown,
    StorageError,
    StorageTimeout,
)
from engine.readers.remote.breaker import Breaker
from engine.readers.remote.patience import Patience
from engine.readers.remote.retries import (
    ATTEMPTS,
    ATTEMPTS_AFTER_SILENCE,
    RetryBudget,
    pause_s,
)
from engine.readers.remote.wire import Head, NoAnswer, Silence, Wire

if TYPE_CHECKING:
    from engine.readers.remote.connection import HttpConnection

_log = logging.getLogger("swath.storage")

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_BUSY = (429, 500, 502, 503, 504)
_MOST_KEPT = 4
_MOST_RETRY_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class RangeAnswer:
    """Bytes of an object, and which object it is.

    Attributes
    ----------
    tag : int
        Fingerprint of its ETag, or of its time of change where it has none.
    """

    data: bytes
    size: int
    tag: int


class _Busy(NoAnswer):
    """Storage asks for patience."""

    def __init__(self, status: int, retry_after_s: float) -> None:
        super().__init__(f"answers {status}")
        self.retry_after_s = retry_after_s


class _Received:
    """What came over the network so far, for all clients of this process."""

    lock = threading.Lock()
    total = 0


def received_bytes() -> int:
    """Return how many bytes of objects this process has received so far."""
    return _Received.total


class RangeClient:
    """Fetches ranges below one connection's root; shared by the threads of a process."""

    def __init__(self, connection: HttpConnection) -> None:
        self.connection = connection
        identity = f"{connection.name} {connection.root}"
        self.breaker = Breaker(connection.name, try_s=connection.timeout_s, identity=identity)
        self.requests = 0
        self._retries = RetryBudget()
        self._lock = threading.Lock()
        self._idle: list[Wire] = []
        self._is_closed = False
        self._headers = [
            ("Host", connection.authority),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "swath"),
            *connection.headers.items(),
        ]

    def fetch(self, key: str, start: int, stop: int, known: tuple[int, int] | None) -> RangeAnswer:
        """Return the bytes from `start` until `stop` of an object, fewer only where it ends before.

        Parameters
        ----------
        known : (size, tag) or None
            The object must be this one.

        Raises
        ------
        SourceUnavailable, SourceCorrupt
            The object is not there, or another one.
        StorageError
            Storage does not answer, or not as it should.
        DeadlineExceeded, Cancelled
        """
        patience = Patience(self.connection.timeout_s)
        patience.check()
        is_probe = self.breaker.enter()
        self._retries.count_request()
        attempt = 0
        try:
            while True:
                attempt += 1
                try:
                    found = self._once(key, (start, stop), known, patience)
                except NoAnswer as err:
                    self._pause(err, attempt, patience, is_probe=is_probe)
                else:
                    self.breaker.succeed()
                    return found
        except (SourceUnavailable, SourceCorrupt):
            self.breaker.succeed()
            raise
        except BaseException:
            self.breaker.leave()
            raise

    def _pause(self, err: NoAnswer, attempt: int, patience: Patience, *, is_probe: bool) -> None:
        """Wait before the next attempt, or give up."""
        is_silent = isinstance(err, Silence)
        wait_s = pause_s(attempt, err.retry_after_s if isinstance(err, _Busy) else 0.0)
        most = ATTEMPTS_AFTER_SILENCE if is_silent else ATTEMPTS
        is_last = is_probe or attempt >= most or wait_s >= patience.left_s()
        if is_last or not self._retries.take():
            self.breaker.fail()
            self._give_up(err, patience)
        if is_silent:
            self.breaker.fail()
        patience.sleep(wait_s)

    def _give_up(self, err: NoAnswer, patience: Patience) -> NoReturn:
        name = self.connection.name
        # Few: once it fails often enough, it is not asked any more.
        _log.warning("the storage of connection %r %s", name, err)
        error = StorageError(name, str(err))
        if isinstance(err, Silence):
            error = StorageTimeout(name, str(err))
        elif isinstance(err, _Busy):
            error = StorageDown(name, max(1.0, err.retry_after_s))
        patience.fail(error)
        raise error from err

    def _once(
        self,
        key: str,
        span: tuple[int, int],
        known: tuple[int, int] | None,
        patience: Patience,
    ) -> RangeAnswer:
        wire = self._wire(patience)
        is_whole = False
        try:
            found = self._answer(wire, key, span, known, patience)
            is_whole = wire.can_go_on()
        finally:
            if is_whole:
                self._keep(wire)
            else:
                wire.close()
        return found

    def _wire(self, patience: Patience) -> Wire:
        while True:
            with self._lock:
                wire = self._idle.pop() if self._idle else None
            if wire is None:
                return Wire(self.connection, patience)
            if wire.is_idle():
                return wire
            wire.close()

    def _keep(self, wire: Wire) -> None:
        with self._lock:
            if len(self._idle) < _MOST_KEPT and not self._is_closed:
                self._idle.append(wire)
                return
        wire.close()

    def close(self) -> None:
        """Close what is kept open; reads that go on close theirs when they end."""
        with self._lock:
            idle, self._idle, self._is_closed = self._idle, [], True
        for wire in idle:
            wire.close()

    def _answer(
        self,
        wire: Wire,
        key: str,
        span: tuple[int, int],
        known: tuple[int, int] | None,
        patience: Patience,
    ) -> RangeAnswer:
        start, stop = span
        where = f"connection://{self.connection.name}/{key}"
        headers = [*self._headers, ("Range", f"bytes={start}-{stop - 1}")]
        self.requests += 1
        head = wire.ask(self.connection.target(key), headers, patience)
        _check_status(head, where)
        first, last, size = _content_range(head)
        if first != start or last != min(stop, size) - 1:
            raise NoAnswer(f"sends bytes {first}-{last} instead of {start}-{stop - 1}")
        tag = _tag(head, where)
        if known is not None and (size, tag) != known:
            raise SourceUnavailable(
                where, "has changed since it was catalogued; build and publish again"
            )
        said = head.headers.get("content-length", "")
        if said and said != str(last + 1 - first):
            raise NoAnswer(f"sends {said} bytes for {last + 1 - first}")
        body = wire.body(last + 1 - first, patience)
        with _Received.lock:
            _Received.total += len(body)
        return RangeAnswer(body, size, tag)


def _check_status(head: Head, where: str) -> None:
    status = head.status
    if status in _BUSY:
        asked = head.headers.get("retry-after", "")
        after = float(asked) if asked.isdigit() else 0.0
        raise _Busy(status, min(_MOST_RETRY_AFTER_S, after))
    if status in (404, 410):
        raise SourceUnavailable(where, "there is no such object")
    if 300 <= status < 400:
        raise SourceUnavailable(where, f"answers {status}, a redirect, which is not followed")
    if status == 416:
        raise SourceCorrupt(where, "is empty, or shorter than it was")
    if status == 200:
        raise NoAnswer("sends the whole object, not the range asked for")
    if status != 206:
        raise SourceUnavailable(where, f"answers {status}")
    if head.headers.get("content-encoding", "identity") != "identity":
        raise NoAnswer("sends an encoding that was not asked for")


def _content_range(head: Head) -> tuple[int, int, int]:
    """Return first and last byte of an answer and the size of its object."""
    found = _CONTENT_RANGE.fullmatch(head.headers.get("content-range", ""))
    if found is None:
        raise NoAnswer("does not say which bytes it sends")
    first, last, size = map(int, found.groups())
    return first, last, size


def _tag(head: Head, where: str) -> int:
    said = head.headers.get("etag", "") or head.headers.get("last-modified", "")
    if not said:
        why = "comes with neither ETag nor Last-Modified, so that a change could not be noticed"
        raise SourceUnavailable(where, why)
    digest = hashlib.blake2b(said.encode("latin-1"), digest_size=8).digest()
    # Where files have a time of change: 63 bits, as catalogs keep it.
    return int.from_bytes(digest, "big") >> 1
