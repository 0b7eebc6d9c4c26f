"""Addresses of hosts, waited for no longer than the read that needs them.

The system's resolver may take half a minute where name servers are silent, and cannot be told otherwise; so
it is asked on a thread of its own, one for each host, and who comes meanwhile waits for the same answer.
"""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.readers.remote.patience import Patience

# As getaddrinfo gives them: family, kind, protocol, canonical name, address.
Addresses = list[tuple[Any, Any, int, str, tuple[Any, ...]]]

_under_way: dict[tuple[str, int], Future[Addresses]] = {}
_lock = threading.Lock()


def addresses_of(host: str, port: int, patience: Patience, within_s: float) -> Addresses:
    """Return the addresses of a host.

    Raises
    ------
    OSError
        There is none of this name.
    TimeoutError
        Not in time, neither `within_s` nor the read's.
    DeadlineExceeded, Cancelled, StorageError
    """
    found = _asked(host, port)
    until = time.monotonic() + within_s
    while True:
        try:
            return found.result(patience.slice_s(until))
        except TimeoutError:
            if found.done() or time.monotonic() >= until or not patience.left_s():
                raise


def _asked(host: str, port: int) -> Future[Addresses]:
    with _lock:
        found = _under_way.get((host, port))
        if found is None:
            found = _under_way[host, port] = Future()
            threading.Thread(
                target=_ask, args=(host, port, found), name="host name", daemon=True
            ).start()
    return found


def _ask(host: str, port: int, answer: Future[Addresses]) -> None:
    try:
        found: Any = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as err:
        found = err
    with _lock:
        del _under_way[host, port]
    if isinstance(found, OSError):
        answer.set_exception(found)
    else:
        answer.set_result(found)
