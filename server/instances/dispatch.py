"""Which instance a request goes to, and what waits meanwhile; plain data, no sockets and no clock.

Neighbouring tiles share source blocks, so a cell of 4 × 4 tiles goes to one instance (rendezvous
hashing: when an instance comes or goes, only its own cells move) unless another has a shorter queue.
Once block caches are full, a tile that goes elsewhere pushes out blocks of that instance's own cells; it
then waits behind small requests that have just begun: a tile takes about a millisecond, decoding a block
anew more than two.
Each instance holds two requests: one in work, and one behind it so that it never waits for the front
(and a third if it is of the instance's own cells). What is more waits here, in fair turns (`fair_queue`),
where any instance that becomes free can take it. A small request never stands behind one that is not; and
while somebody else asks small ones, what is not small leaves one instance to them.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from engine.errors import Overloaded
from engine.request import ImageRequest, StripRequest
from server.instances.fair_queue import FairQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.request_parts import View
    from server.instances.flight import Flight
    from server.instances.job import Job

DEPTH = 2
DEPTH_AT_HOME = 3
_CELL_TILES = 4
# Looking further down the queue for a neighbour's request costs more than the blocks it would share.
_LOOK_AHEAD = 16
_MAX_OVERTAKEN = 8
# Behind a request that was sent longer ago than this, a tile would wait for more than one block.
_PATIENCE_S = 0.005
# Who asked so lately looks at a map, and will ask again before a large request has ended.
_INTEREST_S = 60.0
_LATEST_RETRY_S = 600
# Estimates err: who is let in to wait all of the time there is waits in vain as often as not.
_SURE_SHARE = 0.75
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


@dataclass(slots=True, eq=False)
class Seat:
    """One seat of a pool; its instance may be replaced.

    Attributes
    ----------
    number : int
        Unique over all pools.
    place : int
        What cells are shared out by; who takes over from another seat takes its place, and so its cells.
    is_ready : bool
        Its instance can take flights.
    is_crowded : bool
        Its block cache is full.
    is_draining : bool
        It gets no more flights, and goes when those it has have ended.
    heir_of : Seat or None
        The seat that drains once this one is ready.
    free_slots : list of int
        Slots of the control page.
    freed : float
        When it answered last.
    """

    number: int
    place: int = -1
    is_ready: bool = False
    is_crowded: bool = False
    is_draining: bool = False
    heir_of: Seat | None = None
    free_slots: list[int] = field(default_factory=list)
    freed: float = 0.0
    in_flight: dict[int, Flight] = field(default_factory=dict)

    def can_take(self, flight: Flight, depth: int = DEPTH) -> bool:
        """Tell whether `flight` may be sent now, as one of `depth` at most."""
        if not self.is_ready or len(self.in_flight) >= depth:
            return False
        # A tile behind a larger picture would wait for it while another instance is free.
        return not self.in_flight or (
            flight.is_light
            and all(
                other.is_small or (other.is_light and not flight.is_small)
                for other in self.in_flight.values()
            )
        )

    @property
    def has_only_small(self) -> bool:
        """Whether nothing but small requests is here, or nothing at all."""
        return all(flight.is_small for flight in self.in_flight.values())

    def can_take_at_home(self, flight: Flight) -> bool:
        """Tell whether a tile of one of this seat's own cells should wait here rather than go elsewhere."""
        return self.can_take(flight, DEPTH_AT_HOME if self.is_crowded else 1) and all(
            other.is_small and flight.begun - other.sent < _PATIENCE_S
            for other in self.in_flight.values()
        )


class Dispatcher:
    """Seats and the queue in front of them.

    Parameters
    ----------
    max_queue
        How many may wait.
    shed
        Called with a flight that loses its place to another, and the seconds it may try again after.

    Attributes
    ----------
    seats : list of Seat
        Those that take flights. A seat whose instance was lost stays, so that its cells do.
    max_queue : int
        May be changed at any time.
    """

    def __init__(self, max_queue: int, shed: Callable[[Flight, int], None]) -> None:
        self.seats: list[Seat] = []
        self.waiting = FairQueue()
        self.max_queue = max_queue
        self._shed = shed
        self._small_asked = _LatestAskers()

    def add(self, seat: Seat) -> None:
        """Let a seat take flights, at the lowest free place unless it has one already."""
        if seat.place < 0:
            taken = {other.place for other in self.seats}
            seat.place = next(place for place in count() if place not in taken)
        self.seats.append(seat)

    def remove(self, seat: Seat) -> None:
        """Give a seat no more flights; nothing happens when it got none anyway."""
        if seat in self.seats:
            self.seats.remove(seat)

    def place(self, flight: Flight) -> Seat | None:
        """Return the seat that takes `flight` now, or None: it waits.

        Raises
        ------
        Overloaded
            It would wait longer than it may, or the queue is full and who asks has most in it.
        """
        now = flight.begun
        if flight.is_small:
            self._small_asked.note(flight, now)
        first = self.waiting.first()
        if first is None or (flight.is_small and self.waiting.first_small() is None):
            seat = self._seat_for(flight, now)
            # Before others only where these may not sit.
            if seat is not None and (first is None or self._is_left_free(seat, first, now)):
                return seat
        if not flight.is_begun:
            self._admit(flight)
        self.waiting.push(flight)
        return None

    def put_first(self, flight: Flight) -> None:
        """Queue a flight whose instance was lost before all others."""
        self.waiting.push_first(flight)

    def next_for(self, seat: Seat, now: float) -> Flight | None:
        """Take from the queue what `seat` should do next: whose turn it is, of its own cells if it can be."""
        first = self.waiting.first()
        if first is not None and self._is_left_free(seat, first, now):
            first = self.waiting.first_small()
        if first is None:
            return None
        chosen = first
        # A large request needs an empty seat: were others let past, it would never get one.
        if first.is_small and first.overtaken < _MAX_OVERTAKEN:
            for flight in self.waiting.following(first, _LOOK_AHEAD):
                if flight.cell is not None and self._preferred(flight.cell) is seat:
                    chosen = flight
                    break
        if not seat.can_take(chosen):
            return None
        if chosen is not first:
            first.overtaken += 1
        self.waiting.take(chosen)
        return chosen

    def forget(self, flight: Flight) -> bool:
        """Take a waiting flight out of the queue; False = it was not there."""
        return self.waiting.forget(flight)

    def wait_of(self, flight: Flight) -> float:
        """Return the seconds that `flight` would wait until it is worked on, estimated."""
        ready = [seat for seat in self.seats if seat.is_ready]
        begun = (each for seat in ready for each in seat.in_flight.values())
        left_s = sum(max(0.0, each.price_s - (flight.begun - each.sent)) for each in begun)
        return (left_s + self.waiting.work_before(flight)) / max(1, len(ready))

    def retry_after(self, flight: Flight) -> int:
        """Return the whole seconds after which who asked for `flight` may try again."""
        return min(max(1, math.ceil(self.wait_of(flight))), _LATEST_RETRY_S)

    def _admit(self, flight: Flight) -> None:
        """Make room for a flight or refuse it: now, because later it would have waited in vain."""
        if self.wait_of(flight) > _SURE_SHARE * (flight.wait_until - flight.begun):
            raise Overloaded(self.retry_after(flight))
        if len(self.waiting) < self.max_queue:
            return
        leaving = self.waiting.newest_of_longest(flight)
        if leaving is flight or leaving.is_begun:
            raise Overloaded(self.retry_after(flight))
        self.waiting.forget(leaving)
        self._shed(leaving, self.retry_after(leaving))

    def _seat_for(self, flight: Flight, now: float) -> Seat | None:
        preferred = None if flight.cell is None else self._preferred(flight.cell)
        if (
            preferred is not None
            and preferred.can_take_at_home(flight)
            and not self._is_left_free(preferred, flight, now)
        ):
            return preferred
        free = [
            seat
            for seat in self.seats
            if seat.can_take(flight) and not self._is_left_free(seat, flight, now)
        ]
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

    def _is_left_free(self, seat: Seat, flight: Flight, now: float) -> bool:
        """Tell whether `flight` must leave `seat`, the last without large work, to others' small work."""
        if flight.is_small or not self._small_asked.has_other(flight, now):
            return False
        rooms = [each for each in self.seats if each.is_ready and each.has_only_small]
        return rooms == [seat] and sum(each.is_ready for each in self.seats) > 1

    def _preferred(self, cell: int) -> Seat | None:
        return max(self.seats, key=lambda seat: _score(cell, seat.place), default=None)


class _LatestAskers:
    """Who asked last, and who before that was somebody else."""

    def __init__(self) -> None:
        self._last = self._other = ("", "")
        self._last_at = self._other_at = -math.inf

    def note(self, flight: Flight, now: float) -> None:
        who = flight.service, flight.client
        if who != self._last:
            self._other, self._other_at = self._last, self._last_at
            self._last = who
        self._last_at = now

    def has_other(self, flight: Flight, now: float) -> bool:
        """Tell whether somebody else than who asks for `flight` has asked lately."""
        is_own = (flight.service, flight.client) == self._last
        return now - (self._other_at if is_own else self._last_at) < _INTEREST_S


def _queue_length(seat: Seat) -> int:
    return len(seat.in_flight)


def _score(cell: int, place: int) -> int:
    # Fibonacci hashing of both: CRC alone is linear, and seats would share cells unevenly.
    mixed = ((cell ^ (place * 0x85EBCA6B)) * _GOLDEN) & _MASK
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
