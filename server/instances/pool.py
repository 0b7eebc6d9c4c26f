"""The shared pool: the front's one way to pixels.

`fly(job)` gives a Flight whose future gets the Reply; an instance that dies before answering costs a
flight one more try. All of it runs on the event loop and nothing here blocks.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from dataclasses import dataclass

import msgspec

from engine.errors import DeadlineExceeded, ImageServerError, InstanceLost, Overloaded
from server.instances.control_page import SLOTS, Counts
from server.instances.dispatch import Dispatcher, Flight, Seat, cell_of, is_light, is_small
from server.instances.frames import GREETING, ReplyHead, Task, encode_task
from server.instances.job import Job, Reply
from server.instances.keeper import Keeper, KeeperOptions

_log = logging.getLogger("swath.pool")

_SWEEP_S = 0.05
_MAX_ATTEMPTS = 2
# Blocks are pushed out when the next one does not fit: a full cache is never filled to the last byte.
_CROWDED_SHARE = 0.9


class QueueOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how many may wait.

    Attributes
    ----------
    hang_s : float
        An instance silent for so long after a deadline is killed.
    """

    max_queue: int = 1024
    usage_timeout_s: float = 600.0
    wait_timeout_s: float = 60.0
    hang_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """Numbers for metrics; mappings are by seat."""

    instances: int
    ready: int
    in_flight: int
    waiting: int
    restarts: int
    pids: dict[int, int]
    fork_parent_pid: int | None
    counts: dict[int, Counts]


class Pool:
    """N instances and the requests on their way to them."""

    def __init__(self, keeping: KeeperOptions, queueing: QueueOptions) -> None:
        self._limits = queueing
        self._block_cache_bytes = keeping.memory.block_cache_bytes
        self._dispatcher = Dispatcher(keeping.instances, queueing.max_queue)
        self._free_slots: dict[int, list[int]] = {}
        self._keeper = Keeper(keeping, self)
        self._ids = itertools.count(GREETING + 1)
        self._killed: set[int] = set()
        self._is_stopping = False
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start all instances and wait until they are ready.

        Raises
        ------
        ConfigError
            The engine cannot be loaded, or instances die at once.
        """
        self._sweeper = asyncio.create_task(self._sweep())
        await self._keeper.start()

    async def stop(self) -> None:
        """End all instances; what still waits fails."""
        self._is_stopping = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self._keeper.stop()
        for flight in self._dispatcher.waiting:
            _fail(flight, Overloaded())
        self._dispatcher.waiting.clear()
        for seat in self._dispatcher.seats:
            self.lost(seat.number)

    @property
    def is_ready(self) -> bool:
        """Whether every seat has an instance that has greeted."""
        return not self._is_stopping and all(seat.is_ready for seat in self._dispatcher.seats)

    def state(self) -> PoolState:
        """Return numbers for metrics."""
        seats = self._dispatcher.seats
        return PoolState(
            instances=len(seats),
            ready=sum(seat.is_ready for seat in seats),
            in_flight=sum(len(seat.in_flight) for seat in seats),
            waiting=len(self._dispatcher.waiting),
            restarts=self._keeper.restarts,
            pids=self._keeper.pids(),
            fork_parent_pid=self._keeper.fork_parent_pid(),
            counts=self._keeper.counts(),
        )

    def fly(self, job: Job) -> Flight:
        """Send a job to an instance or queue it; its future gets the Reply or an ImageServerError.

        Raises
        ------
        Overloaded
            Too much waits already, or the server is stopping.
        """
        if self._is_stopping:
            raise Overloaded
        properties = job.service.summary.properties
        limit_s = min(properties.usage_timeout_s, self._limits.usage_timeout_s)
        wait_s = min(properties.wait_timeout_s, self._limits.wait_timeout_s, limit_s)
        now = time.monotonic()
        flight = Flight(
            id=next(self._ids),
            head=_head_of(job),
            future=asyncio.get_running_loop().create_future(),
            cell=cell_of(job),
            is_light=is_light(job.request),
            is_small=is_small(job.request),
            limit_s=limit_s,
            deadline=now + limit_s,
            wait_until=now + wait_s,
            begun=now,
        )
        seat = self._dispatcher.place(flight)
        if seat is not None:
            self._send(seat, flight)
        return flight

    def abandon(self, flight: Flight) -> None:
        """Stop work on a flight that nobody waits for."""
        flight.future.cancel()
        if self._dispatcher.forget(flight):
            return
        for seat in self._dispatcher.seats:
            if flight.id in seat.in_flight:
                self._keeper.page(seat.number).cancel(flight.slot)

    def ready(self, number: int) -> None:
        """Take an instance into service."""
        seat = self._dispatcher.seats[number]
        seat.is_ready = True
        self._free_slots[number] = list(range(SLOTS))
        self._feed(seat)

    def reply(self, number: int, request_id: int, head: ReplyHead, body: bytes | bytearray) -> None:
        """Settle the flight that a reply belongs to and give its seat the next one."""
        seat = self._dispatcher.seats[number]
        flight = seat.in_flight.pop(request_id, None)
        if flight is None:
            return
        self._free_slots[number].append(flight.slot)
        _settle(flight, head, body)
        self._feed(seat)

    def lost(self, number: int) -> None:
        """Give the flights of a lost instance one more try."""
        seat = self._dispatcher.seats[number]
        seat.is_ready = False
        self._killed.discard(number)
        flights = list(seat.in_flight.values())
        seat.in_flight.clear()
        for flight in reversed(flights):
            flight.attempts += 1
            if flight.future.done():
                continue
            if self._is_stopping or flight.attempts >= _MAX_ATTEMPTS:
                _fail(flight, InstanceLost())
            else:
                self._dispatcher.put_first(flight)
        for other in self._dispatcher.seats:
            self._feed(other)

    def _send(self, seat: Seat, flight: Flight) -> None:
        flight.slot = self._free_slots[seat.number].pop()
        flight.sent = time.monotonic()
        seat.in_flight[flight.id] = flight
        page = self._keeper.page(seat.number)
        page.begin(flight.slot, flight.id, flight.deadline, flight.limit_s)
        self._keeper.send(seat.number, flight.head, flight.slot, flight.id)

    def _feed(self, seat: Seat) -> None:
        while (flight := self._dispatcher.next_for(seat)) is not None:
            self._send(seat, flight)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = time.monotonic()
            self._end_waits(now)
            self._note_crowding()
            for seat in self._dispatcher.seats:
                self._end_hang(seat, now)

    def _note_crowding(self) -> None:
        crowded = _CROWDED_SHARE * self._block_cache_bytes
        counts = self._keeper.counts()
        for seat in self._dispatcher.seats:
            told = counts.get(seat.number)
            seat.is_crowded = told is not None and told.block_cache_bytes > crowded

    def _end_waits(self, now: float) -> None:
        for flight in [f for f in self._dispatcher.waiting if now >= f.wait_until]:
            self._dispatcher.forget(flight)
            is_late = now >= flight.deadline
            _fail(flight, DeadlineExceeded(flight.limit_s) if is_late else Overloaded())

    def _end_hang(self, seat: Seat, now: float) -> None:
        late = [f for f in seat.in_flight.values() if now > f.deadline]
        for flight in late:
            # The caller need not wait for an instance that is deep in a foreign library.
            _fail(flight, DeadlineExceeded(flight.limit_s))
        hang_s = self._limits.hang_s
        if seat.number not in self._killed and any(now > f.deadline + hang_s for f in late):
            _log.error("instance %d hangs after a deadline; it is replaced", seat.number)
            self._killed.add(seat.number)
            self._keeper.kill(seat.number)


def _head_of(job: Job) -> bytes:
    service = job.service
    return encode_task(
        Task(
            service=service.name,
            version=service.version,
            path=str(service.path),
            renderer=job.renderer,
            options=dict(job.options),
            request=msgspec.Raw(job.encoded_request()),
        )
    )


def _fail(flight: Flight, error: ImageServerError) -> None:
    if not flight.future.done():
        flight.future.set_exception(error)


def _settle(flight: Flight, head: ReplyHead, body: bytes | bytearray) -> None:
    if flight.future.done():
        return
    error = head.as_error()
    if error is not None:
        flight.future.set_exception(error)
        return
    stages = head.stages
    stages["queue"] = (flight.sent - flight.begun) * 1e3
    stages["total"] = (time.monotonic() - flight.begun) * 1e3
    flight.future.set_result(
        Reply(
            media_type=head.media_type,
            body=body,
            headers=head.headers,
            stages=stages,
            truncated=head.truncated,
            cacheable=head.cacheable,
            skipped=head.skipped,
            no_terrain_px=head.no_terrain_px,
        )
    )
