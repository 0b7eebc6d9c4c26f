"""Flights made by hand, for tests of what orders them."""

from __future__ import annotations

import itertools

from engine.request import ImageRequest
from server.instances.flight import Flight
from server.instances.price import Price

_numbers = itertools.count(10_000)


def price(seconds=0.002, *, light=True, small=True):
    return Price(("a", ImageRequest), 1.0, seconds, is_light=light, is_small=small and light)


def flight(number=None, cell=None, *, light=True, small=True, begun=0.0, **fields):
    seconds = fields.pop("seconds", 0.002)
    given = {"limit_s": 60, "deadline": 60, "wait_until": 60, "service": "a", **fields}
    return Flight(
        id=next(_numbers) if number is None else number,
        head=b"",
        future=None,
        cell=cell,
        price=price(seconds, light=light, small=small),
        begun=begun,
        sent=begun,
        **given,
    )
