"""Questions that took instances down, and are refused for a while.

A question is what an instance is told of it: service, version, and the request's canonical bytes. So a new
version of a service is a new question. One that is answered after all is forgiven. Only digests are
kept, of a bounded number of questions, the latest blamed ones.

Where several questions about one service were deadly (a damaged file that crashes its library, whatever
is asked of it), the next will be, too: for a while all of that service are treated as if each had cost an
instance already. So they run alone, which leaves an instance to others, and cost one more at most.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Quarantined, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("swath.pool")

_MOST_LOSSES = 2
# So many deadly questions about a service within this time of each other, and it is infamous.
_DEADLY = 3
_INFAMY_S = 60.0
_MOST_KEPT = 4096
_MOST_SHOWN = 1000
# Reading megabytes of polygons to show their beginning would hold up the event loop.
_MOST_READ = 64 * 1024


@dataclass(slots=True)
class _Suspicion:
    ends: float
    losses: int = 0
    reference: str = ""


class Quarantine:
    """Counts the instances that were lost to each question.

    Parameters
    ----------
    clock
        Monotonic seconds.

    Attributes
    ----------
    hold_s : float
        How long a question is refused, and how long a loss is remembered; 0 = nothing is refused.
    quarantined, refused : int
        Questions that were found to be deadly; how often one of them was refused.
    """

    def __init__(self, hold_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.hold_s = hold_s
        self.quarantined = self.refused = 0
        self._clock = clock
        self._suspicions: OrderedDict[bytes, _Suspicion] = OrderedDict()
        self._services: OrderedDict[str, _Suspicion] = OrderedDict()

    def __len__(self) -> int:
        """Return how many questions are remembered; 0 = `check` need not be called."""
        return len(self._suspicions)

    def check(self, question: bytes, service: str = "") -> int:
        """Return how many instances were lost to a question lately, or to others about its service.

        Raises
        ------
        Quarantined
            Too many.
        """
        key = _key(question)
        found = self._suspicions.get(key)
        if found is None:
            return int(self._is_infamous(service))
        if self._clock() >= found.ends:
            del self._suspicions[key]
            return int(self._is_infamous(service))
        if found.reference:
            self.refused += 1
            raise Quarantined(found.reference)
        return found.losses

    def blame(self, question: bytes, service: str = "") -> str:
        """Note that an instance was lost to a question; return the reference if it is refused from now on."""
        if self.hold_s <= 0:
            return ""
        now, key = self._clock(), _key(question)
        found = self._suspicions.get(key)
        if found is None or now >= found.ends:
            found = _Suspicion(now, losses=int(self._is_infamous(service)))
            self._suspicions[key] = found
        self._suspicions.move_to_end(key)
        if len(self._suspicions) > _MOST_KEPT:
            self._suspicions.popitem(last=False)
        found.losses += 1
        found.ends = now + self.hold_s
        if found.losses >= _MOST_LOSSES and not found.reference:
            found.reference = secrets.token_hex(4)
            self.quarantined += 1
            _log.error(
                "a request takes instances down and is refused for %g s, reference %s: %s",
                self.hold_s,
                found.reference,
                _shown(question),
            )
            self._defame(service, now)
        return found.reference

    def forgive(self, question: bytes) -> None:
        """Forget a question that was answered."""
        self._suspicions.pop(_key(question), None)

    def _is_infamous(self, service: str) -> bool:
        found = self._services.get(service)
        return found is not None and found.losses >= _DEADLY and self._clock() < found.ends

    def _defame(self, service: str, now: float) -> None:
        found = self._services.get(service)
        if found is None or now >= found.ends:
            found = self._services[service] = _Suspicion(now)
        self._services.move_to_end(service)
        if len(self._services) > _MOST_KEPT:
            self._services.popitem(last=False)
        found.losses += 1
        found.ends = now + _INFAMY_S
        if found.losses == _DEADLY:
            _log.error("requests to service %s take instances down; they run alone now", service)


def _key(question: bytes) -> bytes:
    return hashlib.blake2b(question, digest_size=16).digest()


def _shown(question: bytes) -> str:
    if len(question) > _MOST_READ:
        return f"{len(question)} bytes"
    return shorten(msgspec.msgpack.decode(question), _MOST_SHOWN)
