"""The brake on a flood: what has just been refused for want of room is refused again before it is read.

Reading a request for a picture costs the front several times what writing a refusal does, and of ten
requests too many nine would be read in vain, on the cores that the instances draw on. So for a moment
after a refusal the same request of the same client about another place (all bytes of its head are alike
but those of `bbox`) gets the same answer. The moment is short beside the time that the queue is filled
for, so that no instance runs out of work by it. Then one is read again, alone: if there is no room for it
either, the next moment begins, else all are read.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.http.compression import LEAST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from engine.errors import ImageServerError
    from server.http.edge import RawHeaders
    from server.http.proxy import PublicAddress

_LONGEST_S = 0.05
_SHARE_OF_WAIT = 1 / 20
# What it takes to read one and find no room.
_TRIAL_S = 0.005
_MOST_HELD = 64
_BOX = re.compile(rb"(?:^|&)bbox=[^&]*", re.IGNORECASE)

_Key = tuple[str, str, bytes, tuple[tuple[bytes, bytes], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The answer to a request that there was no room for.

    Attributes
    ----------
    headers : list
        All but the request's id.
    labels : tuple
        Service, protocol and operation that it is counted under, with the status `counted`.
    """

    status: int
    headers: RawHeaders
    body: bytes
    labels: tuple[str, str, str]
    counted: int
    error: ImageServerError


@dataclass(slots=True)
class _Hold:
    refusal: Refusal
    ends: float
    is_tried: bool = False


class Brake:
    """What was refused lately.

    Parameters
    ----------
    wait_s
        How long a request may wait for an instance.
    clock
        Seconds.
    """

    def __init__(
        self,
        address: PublicAddress,
        wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._moment_s = min(_LONGEST_S, wait_s * _SHARE_OF_WAIT)
        self._clock = clock
        self._held: dict[_Key, _Hold] = {}

    def hold(self, scope: Scope, path: str, refusal: Refusal) -> None:
        """Answer what is like this request with this refusal, for a moment.

        Parameters
        ----------
        path
            As the client asked for it, with the prefix.
        """
        # Browsers ask with GET; and a page of an error is no answer for others.
        if scope["method"] != "GET" or len(refusal.body) >= LEAST_BYTES:
            return
        key = self._key(scope, path)
        # Anew at the end: the first is the one that goes where there are too many.
        self._held.pop(key, None)
        if len(self._held) >= _MOST_HELD:
            del self._held[next(iter(self._held))]
        self._held[key] = _Hold(refusal, self._clock() + self._moment_s)

    def refusal(self, scope: Scope) -> Refusal | None:
        """Return the answer to a GET request that need not be read."""
        if not self._held:
            return None
        key = self._key(scope, scope["path"])
        hold = self._held.get(key)
        if hold is None:
            self._forget()
            return None
        now = self._clock()
        if now < hold.ends:
            return hold.refusal
        if hold.is_tried:
            del self._held[key]
        else:
            hold.is_tried, hold.ends = True, now + _TRIAL_S
        return None

    def _forget(self) -> None:
        """Let go of the oldest that nobody asks for any more, so that others need not be compared with it."""
        key, hold = next(iter(self._held.items()))
        if self._clock() > hold.ends + self._moment_s:
            del self._held[key]

    def _key(self, scope: Scope, path: str) -> _Key:
        query = _BOX.sub(b"", scope["query_string"])
        return self._address.client(scope), path, query, tuple(scope["headers"])
