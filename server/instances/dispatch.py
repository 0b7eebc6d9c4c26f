"""Which instance a request goes to, and what waits meanwhile; plain data, no sockets and no clock.

Neighbouring tiles share source blocks, so a cell of 4 × 4 tiles goes to one instance (rendezvous
hashing: when an instance comes or goes, only its own cells move) unless another has a shorter queue.
Once block caches are full, a tile that goes elsewhere pushes out blocks of that instance's own cells; it
then waits behind small requests that have just begun: a tile takes about a millisecond, decoding a block
anew more than two.
Each instance holds two requests: one in work, and one behind it so that it never waits for the front
(and a third if it is of the instance's own cells). What is more waits here, where any instance that
becomes free can take it.
"""

from __future__ import annotations

import math
import zlib
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from engine.errors import Overloaded
from engine.request import ImageRequest, StripRequest

if TYPE_CHECKING:
    import asyncio

    from engine.request import Request, View
    from server.instances.job import Job, Reply
    from server.response_cache import Key

DEPTH = 2
DEPTH_AT_HOME = 3
_CELL_TILES = 4
# Looking further down the queue for a neighbour's request costs more than the blocks it would share.
_LOOK_AHEAD = 16
_MAX_OVERTAKEN = 8
# A request behind a larger one would wait for it while another instance is free.
_LIGHT_PIXELS = 1024 * 1024
_TILE_PIXELS = 256 * 256
_SMALL_PIXELS = 4 * _TILE_PIXELS
# Behind a request that was sent longer ago than this, a tile would wait for more than one block.
_PATIENCE_S = 0.005
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


@dataclass(slots=True, eq=False)
class Flight:
    """One render under way or waiting.

    Attributes
    ----------
    begun, sent, deadline, wait_until : float
        Monotonic time: asked for, sent to an instance, and when patience ends.
    cell : int or None
        Place of the view; None = any instance is as good.
    is_light : bool
        May stand behind another light one at an instance.
    is_small : bool
        A tile or hardly more: worth waiting behind for the blocks it shares.
    overtaken : int
        How often another was taken from the queue before it.
    attempts : int
        How often it was sent to an instance that died.
    key : Key
        What the front calls the question by.
    """

    id: int
    head: bytes
    future: asyncio.Future[Reply]
    cell: int | None
    is_light: bool
    is_small: bool
    limit_s: float
    deadline: float
    wait_until: float
    begun: float = 0.0
    sent: float = 0.0
    waiters: int = 0
    overtaken: int = 0
    attempts: int = 0
    slot: int = -1
    key: Key = ("", "", b"")


@dataclass(slots=True, eq=False)
class Seat:
    """One place in the pool; its instance may be replaced.

    Attributes
    ----------
    is_crowded : bool
        Its block cache is full.
    """

    number: int
    is_ready: bool = False
    is_crowded: bool = False
    in_flight: dict[int, Flight] = field(default_factory=dict)

    def can_take(self, flight: Flight, depth: int = DEPTH) -> bool:
        """Tell whether `flight` may be sent now, as one of `depth` at most."""
        if not self.is_ready or len(self.in_flight) >= depth:
            return False
        return not self.in_flight or (
            flight.is_light and all(other.is_light for other in self.in_flight.values())
        )

    def can_take_at_home(self, flight: Flight) -> bool:
        """Tell whether a tile of one of this seat's own cells should wait here rather than go elsewhere."""
        return self.can_take(flight, DEPTH_AT_HOME if self.is_crowded else 1) and all(
            other.is_small and flight.begun - other.sent < _PATIENCE_S
            for other in self.in_flight.values()
        )


class Dispatcher:
    """Seats and the queue in front of them."""

    def __init__(self, seats: int, max_queue: int) -> None:
        self.seats = [Seat(number) for number in range(seats)]
        self.waiting: deque[Flight] = deque()
        self._max_queue = max_queue

    def place(self, flight: Flight) -> Seat | None:
        """Return the seat that takes `flight` now, or None: it waits.

        Raises
        ------
        Overloaded
            The queue is full.
        """
        if not self.waiting:
            seat = self._seat_for(flight)
            if seat is not None:
                return seat
        elif len(self.waiting) >= self._max_queue:
            raise Overloaded
        self.waiting.append(flight)
        return None

    def put_first(self, flight: Flight) -> None:
        """Queue a flight whose instance was lost before all others."""
        self.waiting.appendleft(flight)

    def next_for(self, seat: Seat) -> Flight | None:
        """Take from the queue what `seat` should do next: its own cells first, else the oldest."""
        if not self.waiting:
            return None
        first = self.waiting[0]
        chosen = first
        if first.overtaken < _MAX_OVERTAKEN:
            for flight in islice(self.waiting, _LOOK_AHEAD):
                # A large request needs an empty seat: were small ones let past, it would never get one.
                if not flight.is_light:
                    break
                if flight.cell is not None and self._preferred(flight.cell) is seat:
                    chosen = flight
                    break
        if not seat.can_take(chosen):
            return None
        if chosen is not first:
            first.overtaken += 1
        self.waiting.remove(chosen)
        return chosen

    def forget(self, flight: Flight) -> bool:
        """Take a waiting flight out of the queue; False = it was not there."""
        try:
            self.waiting.remove(flight)
        except ValueError:
            return False
        return True

    def _seat_for(self, flight: Flight) -> Seat | None:
        preferred = None if flight.cell is None else self._preferred(flight.cell)
        if preferred is not None and preferred.can_take_at_home(flight):
            return preferred
        free = [seat for seat in self.seats if seat.can_take(flight)]
        if not free:
            return None
        shortest = min(free, key=_queue_length)
        if (
            preferred is not None
            and preferred in free
            and len(preferred.in_flight) <= len(shortest.in_flight)
        ):
            return preferred
        return shortest

    def _preferred(self, cell: int) -> Seat:
        return max(self.seats, key=lambda seat: _score(cell, seat.number))


def _queue_length(seat: Seat) -> int:
    return len(seat.in_flight)


def _score(cell: int, number: int) -> int:
    # Fibonacci hashing of both: CRC alone is linear, and seats would share cells unevenly.
    mixed = ((cell ^ (number * 0x85EBCA6B)) * _GOLDEN) & _MASK
    return ((mixed ^ (mixed >> 29)) * _GOLDEN) & _MASK


def cell_of(job: Job) -> int | None:
    """Return the number of the view's cell, alike in all processes, or None where there is no view."""
    request = job.request
    if isinstance(request, StripRequest):
        # The rows of one large picture shall spread over all instances.
        return None
    if not isinstance(request, ImageRequest):
        return None
    place = _place_of(request.view)
    if place is None:
        return None
    return zlib.crc32(f"{job.service.name}/{place}".encode())


def _place_of(view: View) -> tuple[int, int, int] | None:
    tile = view.tile
    if tile is not None:
        return tile.level, tile.col // _CELL_TILES, tile.row // _CELL_TILES
    extent = view.extent
    if extent is None or extent.width <= 0 or extent.height <= 0:
        return None
    size = max(extent.width, extent.height)
    level = round(math.log2(size))
    return level, math.floor(extent.center_x / size), math.floor(extent.center_y / size)


def pixels_of(request: Request) -> float:
    """Return how many pixels a request asks for; infinity where that cannot be said."""
    if not isinstance(request, ImageRequest):
        return math.inf
    view = request.view
    if view.tile is not None:
        return _TILE_PIXELS * view.tile.scale**2
    return view.width * view.height


def is_light(request: Request) -> bool:
    """Tell whether a request is short enough to stand behind another one at an instance."""
    return pixels_of(request) <= _LIGHT_PIXELS


def is_small(request: Request) -> bool:
    """Tell whether a request is worth waiting behind for the blocks it shares."""
    return pixels_of(request) <= _SMALL_PIXELS
