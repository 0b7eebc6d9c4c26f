"""Bounds for what a connection may cost, which uvicorn leaves to a proxy in front.

A head that comes a byte a second, a body that never ends, an answer that nobody takes, ten thousand
connections that say nothing: each is closed at its limit. A client that leaves cancels its request.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from server.http.request_id import HEADER, new_request_id

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from uvicorn._types import ASGI3Application

    from config.settings import Settings

_log = logging.getLogger("swath.server")

_SWEEPS_PER_TIMEOUT = 4
_LONGEST_SWEEP_S = 1.0
# Idle connections closed at once when there are too many, so that the search is not made for each.
_EVICTED_SHARE = 10


class Pending(Protocol):
    """A request under way: a task or whatever can be stopped like one."""

    def done(self) -> bool:
        """Tell whether it has ended."""
        ...

    def cancel(self) -> Any:
        """Stop it: its client has left."""
        ...


Shortcut: TypeAlias = "Callable[[RequestResponseCycle], Pending | None]"


def _nobody_told(_: str) -> None:
    return None


def _no_shortcut(_: RequestResponseCycle) -> None:
    return None


class Guard:
    """The limits, and all connections of one server.

    Parameters
    ----------
    shortcut
        Offered each request before the application; None = it is for the application.
    rejected
        Told why a connection was closed on a client: "connections", "too_slow" or "too_large".

    Attributes
    ----------
    connections : dict
        In the order they were made.
    """

    def __init__(
        self,
        settings: Settings,
        shortcut: Shortcut = _no_shortcut,
        rejected: Callable[[str], None] = _nobody_told,
    ) -> None:
        timeouts, limits = settings.timeouts, settings.limits
        self.shortcut = shortcut
        self.rejected = rejected
        self.header_s = timeouts.header_s
        self.body_s = timeouts.body_s
        self.stall_s = timeouts.stall_s
        self.max_head = limits.max_head_kb * 1024
        self.max_connections = limits.max_connections
        self.connections: dict[GuardedProtocol, None] = {}
        shortest = min(self.header_s, self.body_s, self.stall_s)
        self._every_s = min(_LONGEST_SWEEP_S, shortest / _SWEEPS_PER_TIMEOUT)
        self._sweep_timer: asyncio.TimerHandle | None = None

    def protocol(self) -> Callable[..., GuardedProtocol]:
        """Return what uvicorn makes a connection's protocol with."""
        return functools.partial(GuardedProtocol, guard=self)

    def admit(self, connection: GuardedProtocol, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a new connection in; False = there is no room even after closing idle ones."""
        if len(self.connections) >= self.max_connections:
            self._evict()
        if len(self.connections) >= self.max_connections:
            return False
        self.connections[connection] = None
        if self._sweep_timer is None:
            self._sweep_timer = loop.call_later(self._every_s, self._sweep, loop)
        return True

    def _evict(self) -> None:
        wanted = max(1, self.max_connections // _EVICTED_SHARE)
        idle = [connection for connection in self.connections if connection.is_idle][:wanted]
        for connection in idle:
            self.connections.pop(connection, None)
            connection.transport.abort()
        if idle:
            _log.warning("too many connections: closed %d idle ones", len(idle))

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep_timer = None
        now = loop.time()
        for connection in list(self.connections):
            connection.check(now)
        if self.connections:
            self._sweep_timer = loop.call_later(self._every_s, self._sweep, loop)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with limits on time and size."""

    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard
        self._head_since: float | None = None
        self._head_bytes = 0
        self._body_since: float | None = None
        self._stall_since: float | None = None
        self._request: Pending | None = None
        self._is_ending = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return self._request is None or self._request.done()

    @property
    def _is_in_head(self) -> bool:
        return self._head_since is not None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # -- as in uvicorn's own
        """Take the connection in, or turn it away when there are too many."""
        super().connection_made(transport)
        self._head_since = self.loop.time()
        if not self._guard.admit(self, self.loop):
            self._refuse(b"503 Service Unavailable", "connections", b"retry-after: 1")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and cancel what its client was waiting for."""
        self._guard.connections.pop(self, None)
        super().connection_lost(exc)
        if self._request is not None and not self._request.done():
            self._request.cancel()
        # Each names the other: they would wait for the collector, with what the request holds.
        self.cycle = None  # type: ignore[assignment]  # -- as uvicorn itself begins, whatever it annotates

    def data_received(self, data: bytes) -> None:
        """Feed the parser and watch the size of the head."""
        if not self._is_in_head and self.is_idle:
            self._head_since = self.loop.time()
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > self._guard.max_head:
            self._refuse(b"431 Request Header Fields Too Large", "too_large")

    def on_message_begin(self) -> None:
        """Start the clock of the head."""
        self._head_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the clock of the body."""
        self._head_since = None
        self._head_bytes = 0
        self._body_since = self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock of the body."""
        self._body_since = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Start the clock of a client that takes nothing."""
        self._stall_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Stop that clock."""
        self._stall_since = None
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Let go of the request, and begin the next of the pipeline."""
        # An idle connection shall not keep the answer that it was given last.
        self._request = None
        self._is_ending = True
        super().on_response_complete()
        self._is_ending = False

    def check(self, now: float) -> None:
        """Close the connection if one of its clocks has run out."""
        guard = self._guard
        if self.transport.is_closing():
            # What it still has to send must go within the same time as any other answer.
            if self._stall_since is None:
                self._stall_since = now
            elif now - self._stall_since > guard.stall_s:
                self.transport.abort()
        elif self._head_since is not None and now - self._head_since > guard.header_s:
            self._refuse(b"408 Request Timeout", "too_slow")
        elif (self._stall_since is not None and now - self._stall_since > guard.stall_s) or (
            self._body_since is not None and now - self._body_since > guard.body_s
        ):
            guard.rejected("too_slow")
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        text = b"content-type: text/plain; charset=utf-8"
        self._end(b"400 Bad Request", msg.encode("ascii"), text)

    def _refuse(self, status: bytes, reason: str, *headers: bytes) -> None:
        if not self.transport.is_closing():
            self._guard.rejected(reason)
            self._end(status, b"", *headers)

    def _end(self, status: bytes, body: bytes, *headers: bytes) -> None:
        """Answer past the application, and close."""
        lines = (
            b"HTTP/1.1 " + status,
            b"content-length: %d" % len(body),
            b"connection: close",
            HEADER + b": " + new_request_id(),
            *headers,
        )
        self.transport.write(b"\r\n".join((*lines, b"", body)))
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # An answer given at once has armed it for the idle time that a pipelined request now ends.
        self._unset_keepalive_if_required()
        # Requests from the pipeline take the long way: one answer at once begins the next, and a
        # thousand of them would lie on the stack.
        begun = None if self._is_ending else self._guard.shortcut(cycle)
        if begun is not None:
            self._request = None if begun.done() else begun
            return
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        self._request = task
