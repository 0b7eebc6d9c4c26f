"""Who has signed in with a browser: kept here, under names that nobody guesses.

The cookie holds nothing but such a name, so signing out ends what was stolen with it, and a start of the
server signs everybody out. Only digests of the names are kept.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.access.caller import Caller

MOST = 10_000
MOST_OF_ONE = 50
_NAME_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """What stands behind a cookie.

    Attributes
    ----------
    token : str
        Of a user of this server: asked about at each request, so that who is removed is out. "" = `caller`
        was named by an identity provider.
    ends : float
        By the clock of `Sessions`.
    owner : str
        Name of who signed in.
    """

    token: str
    caller: Caller | None
    ends: float
    owner: str


class Sessions:
    """The sessions that have not ended; beyond `most` the oldest end first.

    Who signs in again and again ends sessions of their own, beyond `MOST_OF_ONE`, not those of others.

    Parameters
    ----------
    clock
        Seconds that never jump.
    """

    def __init__(
        self, life_s: float, most: int = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.life_s = life_s
        self._most = most
        self._clock = clock
        # In the order in which they end, because all live equally long.
        self._kept: OrderedDict[bytes, Session] = OrderedDict()
        self._owned: dict[str, OrderedDict[bytes, None]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, owner: str, token: str = "", caller: Caller | None = None) -> str:
        """Begin a session and return its name, which is never one that a client chose."""
        name = secrets.token_urlsafe(_NAME_BYTES)
        now = self._clock()
        self._kept[_key(name)] = Session(token, caller, now + self.life_s, owner)
        owned = self._owned.setdefault(owner, OrderedDict())
        owned[_key(name)] = None
        if len(owned) > MOST_OF_ONE:
            self._drop(next(iter(owned)))
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest].ends > now and len(self._kept) <= self._most:
                break
            self._drop(oldest)
        return name

    def get(self, name: str) -> Session | None:
        """Return a session that has not ended."""
        found = self._kept.get(_key(name))
        return found if found is not None and found.ends > self._clock() else None

    def end(self, name: str) -> None:
        """End a session; of no effect where there is none."""
        self._drop(_key(name))

    def _drop(self, key: bytes) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            owned = self._owned[found.owner]
            del owned[key]
            if not owned:
                del self._owned[found.owner]


def _key(name: str) -> bytes:
    return sha256(name.encode()).digest()
