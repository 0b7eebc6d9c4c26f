"""How often passwords may be tried, for an account and from an address; and sign-ins through a provider.

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
    from collections.abc import Callable, Mapping

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
_ERRAND = _Rate(30, 2.0)


class _Buckets:
    """What is left of the attempts of each name; those asked about longest ago are forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: LRUCache[_Name, _Bucket] = LRUCache(_REMEMBERED)

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, rates: Mapping[_Name, _Rate]) -> None:
        """Take an attempt from each of some names, or from none.

        Raises
        ------
        TooManyAttempts
        """
        now = self._clock()
        left = {name: self._left(name, rate, now) for name, rate in rates.items()}
        waits = [(1 - left[name]) * rate.every_s for name, rate in rates.items() if left[name] < 1]
        if waits:
            raise TooManyAttempts(float(math.ceil(max(waits))))
        for name, attempts in left.items():
            self._kept[name] = _Bucket(attempts - 1, now)

    def give_back(self, rates: Mapping[_Name, _Rate]) -> None:
        """Give each of some names an attempt back."""
        now = self._clock()
        for name, rate in rates.items():
            attempts = min(rate.burst, self._left(name, rate, now) + 1)
            self._kept[name] = _Bucket(attempts, now)

    def _left(self, name: _Name, rate: _Rate, now: float) -> float:
        bucket = self._kept.get(name)
        if bucket is None:
            return float(rate.burst)
        return min(rate.burst, bucket.attempts + (now - bucket.at) / rate.every_s)


class Throttle:
    """Counts attempts.

    Parameters
    ----------
    clock
        Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = _Buckets(clock)
        self._known: LRUCache[_Name, bool] = LRUCache(_REMEMBERED)

    def begin(self, account: str, address: str) -> None:
        """Count an attempt, before the password is looked at.

        Raises
        ------
        TooManyAttempts
            With the time until the next one is let through; this one is not counted.
        """
        self._buckets.take(self._rates(account, address))

    def succeeded(self, account: str, address: str) -> None:
        """Give an attempt back: its password was right."""
        self._buckets.give_back(self._rates(account, address))
        self._known[("pair", account, _network(address))] = True

    def _rates(self, account: str, address: str) -> dict[_Name, _Rate]:
        network = _network(address)
        pair = ("pair", account, network)
        if pair in self._known:
            return {pair: _ACCOUNT}
        return {("account", account): _ACCOUNT, ("address", network): _ADDRESS}


class ErrandThrottle:
    """Counts what an address makes this server ask of another one: nobody floods that one through us.

    Parameters
    ----------
    clock
        Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = _Buckets(clock)

    def begin(self, address: str) -> None:
        """Count an errand, before it is run.

        Raises
        ------
        TooManyAttempts
            With the time until the next one is let through; this one is not counted.
        """
        self._buckets.take({(_network(address),): _ERRAND})

    def succeeded(self, address: str) -> None:
        """Give an errand back: it was an honest one."""
        self._buckets.give_back({(_network(address),): _ERRAND})


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
