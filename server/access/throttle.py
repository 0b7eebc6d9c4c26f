"""How often passwords may be tried: for an account, from an address.

Each account and each address has a bucket of attempts that fills again with time. A right password
gives its attempt back, so only wrong ones are counted. Where a user has signed in from an address before, that
pair has a bucket of its own, so that nobody can lock users out from elsewhere. Times are
of the monotonic clock; what is remembered is bounded.
"""

from __future__ import annotations

import ipaddress
import math
import time
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cachetools import LRUCache

from engine.errors import TooManyAttempts

if TYPE_CHECKING:
    from collections.abc import Callable

_REMEMBERED = 10_000
# Provider networks hand out whole /64 to one subscriber.
_V6_PREFIX = 64

_Name: TypeAlias = tuple[str, ...]


class _Bucket(NamedTuple):
    attempts: float
    at: float


class _Rate(NamedTuple):
    """So many attempts at once, and one more each `every_s`."""

    burst: int
    every_s: float


_ACCOUNT = _Rate(10, 30.0)
_ADDRESS = _Rate(20, 6.0)


class Throttle:
    """Counts attempts.

    Parameters
    ----------
    clock
        Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: LRUCache[_Name, _Bucket] = LRUCache(_REMEMBERED)
        self._known: LRUCache[_Name, bool] = LRUCache(_REMEMBERED)

    def begin(self, account: str, address: str) -> None:
        """Count an attempt, before the password is looked at.

        Raises
        ------
        TooManyAttempts
            With the time until the next one is let through; this one is not counted.
        """
        now = self._clock()
        rates = self._rates(account, address)
        left = {name: self._left(name, rate, now) for name, rate in rates.items()}
        waits = [(1 - left[name]) * rate.every_s for name, rate in rates.items() if left[name] < 1]
        if waits:
            raise TooManyAttempts(float(math.ceil(max(waits))))
        for name, attempts in left.items():
            self._buckets[name] = _Bucket(attempts - 1, now)

    def succeeded(self, account: str, address: str) -> None:
        """Give an attempt back: its password was right."""
        now = self._clock()
        for name, rate in self._rates(account, address).items():
            attempts = min(rate.burst, self._left(name, rate, now) + 1)
            self._buckets[name] = _Bucket(attempts, now)
        self._known[("pair", account, _network(address))] = True

    def _rates(self, account: str, address: str) -> dict[_Name, _Rate]:
        network = _network(address)
        pair = ("pair", account, network)
        if pair in self._known:
            return {pair: _ACCOUNT}
        return {("account", account): _ACCOUNT, ("address", network): _ADDRESS}

    def _left(self, name: _Name, rate: _Rate, now: float) -> float:
        bucket = self._buckets.get(name)
        if bucket is None:
            return float(rate.burst)
        return min(rate.burst, bucket.attempts + (now - bucket.at) / rate.every_s)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _V6_PREFIX), strict=False))
    return address
