"""A pool: a queue and the seats behind it; seats come and go while requests fly.

`fly(job)` gives a Flight whose future gets the Reply; where an instance dies of it, it has one more try. All of it runs on the event loop and nothing here blocks.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from typing import TYPE_CHECKING, Literal

from engine.errors import DeadlineExceeded, InstanceLost, Overloaded
from engine.request import StripRequest
from server.http.request_id import REQUEST_ID
from server.instances.control_page import SLOTS
from server.instances.dispatch import Dispatcher, Seat, cell_of
from server.instances.flight import Flight
from server.instances.frames import GREETING, RequestFrame
from server.instances.loss import after_loss
from server.instances.pool_state import PoolState, SeatState
from server.instances.price import Prices
from server.instances.scaling import Load

if TYPE_CHECKING:
    from collections.abc import Collection

    from server.instances.frames import ReplyHead
    from server.instances.job import Job
    from server.instances.keeper import Keeper
    from server.instances.pool_options import QueueOptions
    from server.instances.quarantine import Quarantine
    from server.instances.seat_life import SeatLife

_log = logging.getLogger("swath.pool")

# Blocks are pushed out when the next one does not fit: a full cache is never filled to the last byte.
_CROWDED_SHARE = 0.9


class Pool:
    """A queue and its seats: those that all shared services use, or those of one service.

    Seats change while requests fly:

    - `add()` brings up an instance; once it has greeted, its seat takes flights.
    - `add(instead_of=number)` makes before it breaks: at the moment the new instance has greeted, the
      old seat drains, and the new one has its place and its cells.
    - `drain(number)`: no new flights; what is under way there ends there; then the seat is removed.
    - `remove(number)`: at once; what is under way there is given to another seat (one more try).

    Parameters
    ----------
    name
        "" = the shared pool, else the service it belongs to.
    quarantine
        Shared by all pools.

    Attributes
    ----------
    last_asked : float
        Monotonic time of the last request.
    """

    def __init__(
        self, name: str, keeper: Keeper, limits: QueueOptions, quarantine: Quarantine
    ) -> None:
        self.name = name
        self._keeper = keeper
        self._limits = limits
        self._quarantine = quarantine
        self._dispatcher = Dispatcher(limits.max_queue, _shed)
        self._prices = Prices()
        self._seats: dict[int, Seat] = {}
        self._lives: dict[int, SeatLife] = {}
        self._restarts_before = 0
        self._ids = itertools.count(GREETING + 1)
        self._killed: set[int] = set()
        self._is_stopping = False
        self.last_asked = time.monotonic()

    # Seats.

    @property
    def size(self) -> int:
        """Seats that are there to stay, also those whose instance is still to come."""
        return len(self._staying())

    def resize(self, seats: int) -> None:
        """Bring the pool to a number of seats: the latest come go first."""
        for _ in range(self.size, seats):
            self.add()
        for number in self._staying()[seats:]:
            self.drain(number)

    def add(self, instead_of: int | None = None) -> SeatLife:
        """Bring up an instance for a new seat; `first` of what is returned is done when it takes flights.

        Parameters
        ----------
        instead_of
            Number of a seat that shall drain once the new one is ready.
        """
        life = self._keeper.begin(self)
        heir_of = None if instead_of is None else self._seats.get(instead_of)
        self._seats[life.number] = Seat(life.number, heir_of=heir_of)
        self._lives[life.number] = life
        return life

    def drain(self, number: int) -> None:
        """Give a seat no more flights; it is removed when those it has have ended.

        An heir that is still to come is called off.
        """
        seat = self._seats.get(number)
        if seat is None:
            return
        for heir in [other for other in self._seats.values() if other.heir_of is seat]:
            self.remove(heir.number)
        seat.is_draining = True
        self._dispatcher.remove(seat)
        if not seat.in_flight:
            self.remove(number)

    def remove(self, number: int) -> None:
        """Let a seat go at once; what it had under way gets one more try elsewhere."""
        seat = self._seats.pop(number, None)
        if seat is None:
            return
        life = self._lives.pop(number)
        self._restarts_before += life.restarts
        self._dispatcher.remove(seat)
        life.end()
        self._send_again(_taken_from(seat))

    @property
    def is_renewing(self) -> bool:
        """Whether a seat is on its way out, or another in."""
        return any(seat.heir_of is not None or seat.is_draining for seat in self._seats.values())

    def lives(self) -> Collection[SeatLife]:
        """Return the lives on all seats."""
        return self._lives.values()

    def stale(self) -> SeatLife | None:
        """Return a seat to be renewed: its instance has done enough, or its order holds no longer."""
        for seat in self._dispatcher.seats:
            life = self._lives[seat.number]
            if seat.is_ready and self._keeper.is_stale(life):
                return life
        return None

    def _staying(self) -> list[int]:
        """Return the numbers of the seats, but for those that drain and heirs; the oldest first."""
        seats = self._seats.values()
        return [seat.number for seat in seats if not seat.is_draining and seat.heir_of is None]

    # The pool as a whole.

    def limit(self, limits: QueueOptions) -> None:
        """Change how long and how many may wait; requests that fly keep their deadlines."""
        self._limits = limits
        self._dispatcher.max_queue = limits.max_queue

    @property
    def is_ready(self) -> bool:
        """Whether every seat that has ever taken flights can take them now."""
        seats = self._dispatcher.seats
        return not self._is_stopping and bool(seats) and all(seat.is_ready for seat in seats)

    def load(self, now: float) -> Load:
        """Return how much there is to do."""
        waiting = self._dispatcher.waiting
        return Load(
            seats=self.size,
            ready=sum(seat.is_ready for seat in self._dispatcher.seats),
            flying=sum(len(seat.in_flight) for seat in self._seats.values()),
            waiting=len(waiting),
            longest_wait_s=max((now - flight.begun for flight in waiting), default=0.0),
            last_asked=self.last_asked,
        )

    def state(self) -> PoolState:
        """Return numbers for metrics."""
        seats = self._seats.values()
        told = {number: life.counts() for number, life in self._lives.items()}
        return PoolState(
            name=self.name,
            seats=len(seats),
            ready=sum(seat.is_ready for seat in seats),
            busy=sum(bool(seat.in_flight) for seat in seats),
            draining=sum(seat.is_draining for seat in seats),
            in_flight=sum(len(seat.in_flight) for seat in seats),
            waiting=len(self._dispatcher.waiting),
            restarts=self._restarts_before + sum(life.restarts for life in self._lives.values()),
            pids={number: life.pid for number, life in self._lives.items() if life.pid},
            counts={number: counts for number, counts in told.items() if counts is not None},
            places=tuple(_told(seat, self._lives.get(seat.number)) for seat in seats),
        )

    def close(self) -> None:
        """Take no more requests; what flies or waits fails. The keeper ends the instances."""
        self._is_stopping = True
        for flight in self._dispatcher.waiting:
            flight.fail(Overloaded())
        self._dispatcher.waiting.clear()
        for seat in self._seats.values():
            self._send_again(_taken_from(seat))

    # Flights.

    def fly(self, job: Job, waited_s: float = 0.0) -> Flight:
        """Send a job to an instance or queue it; its future gets the Reply or an ImageServerError.

        Parameters
        ----------
        waited_s
            How much of its time is over already.

        Raises
        ------
        Overloaded
            Too much waits already, or the server is stopping.
        DeadlineExceeded
            All of its time is over.
        Quarantined
            Instances died of this question.
        """
        if self._is_stopping:
            raise Overloaded
        head = job.head()
        losses = self._quarantine.check(head, job.service.name) if self._quarantine else 0
        properties = job.service.summary.properties
        limit_s = min(properties.usage_timeout_s, self._limits.usage_timeout_s)
        if waited_s >= limit_s:
            raise DeadlineExceeded(limit_s)
        wait_s = min(properties.wait_timeout_s, self._limits.wait_timeout_s, limit_s)
        self.last_asked = now = time.monotonic()
        since = now - waited_s
        is_begun = isinstance(job.request, StripRequest)
        flight = Flight(
            id=next(self._ids),
            head=head,
            future=asyncio.get_running_loop().create_future(),
            cell=cell_of(job),
            price=self._prices.of(job),
            limit_s=limit_s,
            deadline=since + limit_s,
            wait_until=since + (limit_s if is_begun else wait_s),
            service=job.service.name,
            client=job.client,
            is_begun=is_begun,
            begun=now,
            attempts=losses,
            name=REQUEST_ID.get().encode(),
            pool=self,
        )
        if losses:
            flight.isolate()
        seat = self._dispatcher.place(flight)
        if seat is not None:
            self._send(seat, flight)
        elif not self._seats:
            self.add()
        return flight

    def abandon(self, flight: Flight) -> None:
        """Stop work on a flight that nobody waits for."""
        flight.future.cancel()
        if self._dispatcher.forget(flight):
            return
        for seat in self._seats.values():
            if flight.id in seat.in_flight:
                self._lives[seat.number].page.cancel(flight.slot)

    def ready(self, number: int) -> None:
        """Take an instance into service."""
        seat = self._seats[number]
        seat.is_ready = True
        seat.free_slots = list(range(SLOTS))
        if seat.is_draining:
            return
        old, seat.heir_of = seat.heir_of, None
        if old is not None and old in self._dispatcher.seats:
            seat.place = old.place
            self.drain(old.number)
        if seat not in self._dispatcher.seats:
            self._dispatcher.add(seat)
        self._feed(seat)

    def reply(self, number: int, request_id: int, head: ReplyHead, body: bytes | bytearray) -> None:
        """Settle the flight that a reply belongs to and give its seat the next one."""
        seat = self._seats[number]
        flight = seat.in_flight.pop(request_id, None)
        if flight is None:
            return
        seat.free_slots.append(flight.slot)
        now = time.monotonic()
        self._prices.learn(flight.price, now - max(flight.sent, seat.freed))
        seat.freed = now
        if flight.attempts:
            self._quarantine.forgive(flight.head)
        flight.settle(head, body)
        if not seat.is_draining:
            self._feed(seat)
        elif not seat.in_flight:
            self.remove(number)

    def lost(self, number: int) -> None:
        """Give the flights of a lost instance one more try; a draining seat has had its time."""
        seat = self._seats[number]
        seat.is_ready = False
        self._killed.discard(number)
        page = self._lives[number].page
        self._send_again(after_loss(_taken_from(seat), page, self._quarantine))
        if seat.is_draining:
            self.remove(number)

    def sweep(self, now: float) -> None:
        """End what has waited or worked for too long; called often."""
        self._end_waits(now)
        self._note_crowding()
        for seat in self._seats.values():
            self._end_hang(seat, now)
        for seat in self._dispatcher.seats:
            # What left room to others has it when they ask no more, without any answer telling so.
            self._feed(seat)

    def _send_again(self, flights: list[Flight]) -> None:
        """Queue flights before all others, in their order."""
        for flight in reversed(flights):
            if self._is_stopping:
                flight.fail(InstanceLost())
            elif not flight.future.done():
                self._dispatcher.put_first(flight)
        for seat in self._dispatcher.seats:
            self._feed(seat)

    def _send(self, seat: Seat, flight: Flight) -> None:
        life = self._lives[seat.number]
        flight.slot = seat.free_slots.pop()
        flight.sent = time.monotonic()
        seat.in_flight[flight.id] = flight
        life.page.begin(flight.slot, flight.deadline, flight.limit_s)
        life.send(RequestFrame(flight.head, flight.slot, flight.id, flight.name, flight.is_small))

    def _feed(self, seat: Seat) -> None:
        while (flight := self._dispatcher.next_for(seat, time.monotonic())) is not None:
            self._send(seat, flight)

    def _note_crowding(self) -> None:
        for seat in self._dispatcher.seats:
            life = self._lives[seat.number]
            told, order = life.counts(), life.order
            seat.is_crowded = (
                told is not None
                and order is not None
                and told.block_cache_bytes > _CROWDED_SHARE * order.memory.block_cache_bytes
            )

    def _end_waits(self, now: float) -> None:
        for flight in [f for f in self._dispatcher.waiting if now >= f.wait_until]:
            self._dispatcher.forget(flight)
            is_late = now >= flight.deadline
            retry_s = self._dispatcher.retry_after(flight)
            flight.fail(DeadlineExceeded(flight.limit_s) if is_late else Overloaded(retry_s))

    def _end_hang(self, seat: Seat, now: float) -> None:
        late = [f for f in seat.in_flight.values() if now > f.deadline]
        for flight in late:
            # The caller need not wait for an instance that is deep in a foreign library.
            flight.fail(DeadlineExceeded(flight.limit_s))
        hang_s = self._limits.hang_s
        if seat.number not in self._killed and any(now > f.deadline + hang_s for f in late):
            _log.error("instance %d hangs after a deadline; it is replaced", seat.number)
            self._killed.add(seat.number)
            self._lives[seat.number].kill()


def _taken_from(seat: Seat) -> list[Flight]:
    flights = list(seat.in_flight.values())
    seat.in_flight.clear()
    return flights


def _told(seat: Seat, life: SeatLife | None) -> SeatState:
    busy: Literal["ready", "busy"] = "busy" if seat.in_flight else "ready"
    return SeatState(
        number=seat.number,
        state="draining" if seat.is_draining else busy if seat.is_ready else "starting",
        started=0.0 if life is None else life.started,
        in_flight=len(seat.in_flight),
    )


def _shed(flight: Flight, retry_after_s: int) -> None:
    flight.fail(Overloaded(retry_after_s))
