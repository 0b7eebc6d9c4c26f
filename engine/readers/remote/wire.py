"""One connection to a host, and requests on it: HTTP/1.1 by h11 over a socket of our own.

Rule 1: every wait has an end, whatever the other side sends and however slowly, name servers included.
Rule 2: no more is read than was asked for; what is over is a fault, and the connection is closed.
Rule 3: an address is checked before it is connected to, and it is the one that is connected to.
No redirect is followed, no proxy is asked, no encoding is undone.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import h11

from engine.errors import SourceUnavailable
from engine.readers.remote.host_names import addresses_of

if TYPE_CHECKING:
    from engine.readers.remote.connection import HttpConnection
    from engine.readers.remote.patience import Patience

_CONNECT_S = 3.0
_FIRST_BYTE_S = 8.0
_PORTION = 64 * 1024
_MAX_HEAD_BYTES = 16 * 1024


class NoAnswer(Exception):
    """Nothing usable came: refused, reset, cut short. Asking again may help."""


class Silence(NoAnswer):
    """Nothing came in time."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer; names in lower case, the last of several."""

    status: int
    headers: dict[str, str]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Made at first use, after the fork; reading the certificates takes 20 ms.
    return ssl.create_default_context()


def is_allowed(address: str, *, private: bool) -> bool:
    """Tell whether an address may be connected to.

    Addresses of the link (where clouds tell machines their secrets), of groups and of nobody never are;
    those of private networks and of this machine if the connection was registered with them.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return found.is_global or private


def _secured(made: socket.socket, host: str, patience: Patience) -> socket.socket:
    """Return a socket encrypted; the time for it is bounded as a whole, not each byte's."""
    secured = _tls().wrap_socket(made, server_hostname=host, do_handshake_on_connect=False)
    secured.settimeout(0.0)
    until = time.monotonic() + _CONNECT_S
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                event = select.POLLIN
            except ssl.SSLWantWriteError:
                event = select.POLLOUT
            else:
                return secured
            _wait_for(secured, event, until, patience)
    except BaseException:
        secured.close()
        raise


def _wait_for(waiting: ssl.SSLSocket, event: int, until: float, patience: Patience) -> None:
    if time.monotonic() >= until or not patience.left_s():
        raise TimeoutError
    # Not select, which knows 1,024 descriptors.
    poll = select.poll()
    poll.register(waiting, event)
    poll.poll(patience.slice_s(until) * 1e3)


class Wire:
    """A connection to a connection's host; belongs to one thread at a time.

    Raises
    ------
    NoAnswer
        The host cannot be reached.
    SourceUnavailable
        It has only addresses that are not allowed.
    """

    def __init__(self, connection: HttpConnection, patience: Patience) -> None:
        self._connection = connection
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._socket = self._connected(patience)
        self.answered = 0

    def _connected(self, patience: Patience) -> socket.socket:
        connection = self._connection
        try:
            found = addresses_of(connection.host, connection.port, patience, _CONNECT_S)
        except TimeoutError as err:
            raise Silence("no address of its host in time") from err
        except OSError as err:
            raise NoAnswer(f"has a host that is not known: {err}") from err
        allowed = [
            each for each in found if is_allowed(str(each[4][0]), private=connection.private)
        ]
        if not allowed:
            why = "its host has an address that this connection may not reach"
            raise SourceUnavailable(f"connection {connection.name}", why)
        problem: OSError | None = None
        for family, kind, number, _, address in allowed[:2]:
            made = socket.socket(family, kind, number)
            try:
                made.settimeout(max(0.001, min(_CONNECT_S, patience.left_s())))
                made.connect(address)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return _secured(made, connection.host, patience) if connection.is_tls else made
            except OSError as err:
                made.close()
                problem = err
            except BaseException:
                made.close()
                raise
        if isinstance(problem, TimeoutError):
            raise Silence("no connection in time") from problem
        raise NoAnswer(f"cannot be connected to: {problem}") from problem

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def is_idle(self) -> bool:
        """Tell whether another request may be made: nothing came that nobody asked for, no end."""
        self._socket.settimeout(0.0)
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def ask(self, target: str, headers: list[tuple[str, str]], patience: Patience) -> Head:
        """Send a GET and return the head of its answer; `body` or `close` comes next.

        Raises
        ------
        NoAnswer, DeadlineExceeded, Cancelled
        """
        try:
            request = h11.Request(method="GET", target=target, headers=headers)
            data = (self._protocol.send(request) or b"") + (
                self._protocol.send(h11.EndOfMessage()) or b""
            )
            self._socket.settimeout(max(0.001, min(_CONNECT_S, patience.left_s())))
            self._socket.sendall(data)
        except TimeoutError as err:
            raise Silence("takes no request") from err
        except (OSError, h11.LocalProtocolError) as err:
            raise NoAnswer(f"takes no request: {err}") from err
        ends = time.monotonic() + _FIRST_BYTE_S
        while True:
            event = self._next_event(patience, ends, "does not answer")
            if isinstance(event, h11.Response):
                pairs = ((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers)
                return Head(event.status_code, dict(pairs))
            if not isinstance(event, h11.InformationalResponse):
                raise NoAnswer("ends before it answers")

    def body(self, size: int, patience: Patience) -> bytes:
        """Return the body, which has to be of a size.

        Raises
        ------
        NoAnswer, DeadlineExceeded, Cancelled
        """
        parts, got = [], 0
        while True:
            event = self._next_event(patience, float("inf"), "sends too slowly")
            if isinstance(event, h11.Data):
                parts.append(bytes(event.data))
                got += len(event.data)
                if got > size:
                    raise NoAnswer(f"sends more than the {size} bytes asked for")
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                raise NoAnswer(f"ends after {got} of {size} bytes")
        if got != size:
            raise NoAnswer(f"sends {got} of {size} bytes")
        return b"".join(parts)

    def can_go_on(self) -> bool:
        """Tell whether the answer is over and the connection stays; makes it ready for another request."""
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
            self.answered += 1
            return True
        return False

    def _next_event(self, patience: Patience, until: float, what: str) -> object:
        try:
            while True:
                event = self._protocol.next_event()
                if event is not h11.NEED_DATA:
                    return event
                self._protocol.receive_data(self._receive(patience, until, what))
        except h11.RemoteProtocolError as err:
            raise NoAnswer(f"does not speak HTTP: {err}") from err

    def _receive(self, patience: Patience, until: float, what: str) -> bytes:
        while True:
            if time.monotonic() >= until or not patience.left_s():
                raise Silence(what)
            self._socket.settimeout(patience.slice_s(until))
            try:
                return self._socket.recv(_PORTION)
            except TimeoutError:
                continue
            except OSError as err:
                raise NoAnswer(f"breaks off: {err}") from err
