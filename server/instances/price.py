"""What a request will cost, in seconds of one instance: from its size and from what its like took before.

Pixels of a service with terrain or with functions in Python cost a hundred times those of a plain one, so a
price by size alone would let the slow service take nearly all time from the quick one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.request import ImageRequest, StripRequest

if TYPE_CHECKING:
    from engine.request import Request
    from server.instances.job import Job

Kind: TypeAlias = "tuple[str, type[Request]]"

LIGHT_PIXELS = 1024 * 1024
TILE_PIXELS = 256 * 256
SMALL_PIXELS = 4 * TILE_PIXELS
# Slower ones are no company for a tile, whatever their size.
_LIGHT_S = 0.1
_SMALL_S = 0.03
# What a picture costs beside its pixels, in pixels.
_FIXED_PIXELS = 16 * 1024
# Until the first answers have told better.
_FIRST_S_PER_PIXEL = 4e-8
_FIRST_S = 0.2
# One answer moves the price by an eighth of the way, and counts as four times the price at most: what
# opened a service or waited for a disk is no measure of its like.
_SHARE = 1 / 8
_MOST_TIMES = 4.0
_MOST_KINDS = 4096


@dataclass(frozen=True, slots=True)
class Price:
    """What a request is expected to cost.

    Attributes
    ----------
    kind : Kind
        What it is measured with: requests of one class to one service.
    units : float
        Its size among its like.
    seconds : float
        Of one instance.
    is_light : bool
        May stand behind another light one at an instance.
    is_small : bool
        A tile or hardly more: worth waiting behind for the blocks it shares.
    """

    kind: Kind
    units: float
    seconds: float
    is_light: bool
    is_small: bool


class Prices:
    """What a unit of each kind costs, learned from answers."""

    def __init__(self) -> None:
        self._seconds_per_unit: dict[Kind, float] = {}

    def of(self, job: Job) -> Price:
        """Return the price of a job."""
        request = job.request
        kind = (job.service.name, type(request))
        pixels = pixels_of(request)
        is_picture = pixels < math.inf
        units = pixels + _FIXED_PIXELS if is_picture else 1.0
        each_s = self._seconds_per_unit.get(kind)
        if each_s is None:
            each_s = _FIRST_S_PER_PIXEL if is_picture else _FIRST_S
        seconds = units * each_s
        counted = pixels if is_picture else 0.0
        return Price(
            kind,
            units,
            seconds,
            is_light=counted <= LIGHT_PIXELS and seconds <= _LIGHT_S,
            is_small=counted <= SMALL_PIXELS and seconds <= _SMALL_S,
        )

    def learn(self, price: Price, seconds: float) -> None:
        """Note what an answer took."""
        known = self._seconds_per_unit
        each_s = price.seconds / price.units
        before = known.get(price.kind, each_s)
        now = min(seconds / price.units, _MOST_TIMES * before)
        if len(known) >= _MOST_KINDS and price.kind not in known:
            del known[next(iter(known))]
        known[price.kind] = before + _SHARE * (now - before)


def pixels_of(request: Request) -> float:
    """Return how many pixels a request asks for; infinity where that cannot be said."""
    if isinstance(request, StripRequest):
        return max(1, request.rows) * max(1, request.image.view.width)
    if not isinstance(request, ImageRequest):
        return math.inf
    view = request.view
    if view.tile is not None:
        return TILE_PIXELS * view.tile.scale**2
    return view.width * view.height
