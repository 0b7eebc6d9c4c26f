"""What happens on one seat: an instance is brought up, serves, is lost, and the next one follows.

Knows processes and frames, not requests: whoever owns the seat hears `ready`, `reply` and `lost`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
from typing import TYPE_CHECKING, Protocol

from engine.errors import ConfigError, InstanceLost
from server.instances.control_page import ControlPage, Counts
from server.instances.frames import GREETING, ReplyHead, RequestFrame, request_frame
from server.instances.heartbeat import MISSED_S, Pulse
from server.instances.link import Link
from server.instances.process import Neighbour, is_stopped
from server.instances.recycling import Wear

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.instances.forker import Forker
    from server.instances.instance import InstanceOrder
    from server.instances.recycling import RecyclingLimits

_log = logging.getLogger("swath.pool")

_GREETING_S = 30.0
# An instance that dies younger than this has a fault of its own: do not fork in a tight loop.
_YOUNG_S = 1.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
# An instance whose socket was closed ends by itself, unless something holds it.
_LEAVE_S = 5.0


class SeatEvents(Protocol):
    """Who hears of the instance on a seat."""

    def ready(self, number: int) -> None:
        """Hear that the instance on seat `number` can take frames."""
        ...

    def reply(self, number: int, request_id: int, head: ReplyHead, body: bytes | bytearray) -> None:
        """Hear that a reply has arrived."""
        ...

    def lost(self, number: int) -> None:
        """Hear that the instance has gone; what it had will not be answered."""
        ...


class Nursery(Protocol):
    """Where instances come from."""

    async def forker(self) -> Forker:
        """Return the fork parent, once there is one."""
        ...

    def order(self, number: int) -> InstanceOrder:
        """Return what the next instance on a seat is told."""
        ...


class _Instance:
    """One running process and the front's ends of what it shares."""

    def __init__(self, order: InstanceOrder, forker: Forker) -> None:
        loop = asyncio.get_running_loop()
        self.order = order
        self.forker = forker
        self.page, self.page_descriptor = ControlPage.create()
        self.started = time.monotonic()
        self.process = Neighbour(0, b"")
        self.pulse = Pulse()
        self.wear = Wear(self.started, random.random())
        self.is_condemned = False
        self.link: Link | None = None
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()

    async def fork(self) -> socket.socket:
        """Let the process come into being and return the front's end of its socket."""
        mine, theirs = socket.socketpair()
        try:
            mine.settimeout(0)
            pid = await self.forker.fork(self.order, theirs, self.page_descriptor)
            self.process = Neighbour.of(pid)
        except BaseException:
            mine.close()
            raise
        finally:
            theirs.close()
            os.close(self.page_descriptor)
        return mine

    def bury(self) -> None:
        """Give up what the front holds of it."""
        if self.link is not None:
            self.link.close()
        self.page.close()


class SeatLife:
    """Keeps a living instance on one seat, as far as that can be had, until `end`.

    Attributes
    ----------
    order : InstanceOrder or None
        What the present instance was told.
    first : Future
        Done at the first greeting; fails when the first instance dies before.
    restarts : int
        Instances that were lost or did not start.
    """

    def __init__(
        self,
        number: int,
        nursery: Nursery,
        events: SeatEvents,
        on_over: Callable[[SeatLife], None],
    ) -> None:
        self.number = number
        self.restarts = 0
        self.order: InstanceOrder | None = None
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # A failure that nobody waits for is logged by the life itself.
        self.first.add_done_callback(lambda first: first.cancelled() or first.exception())
        self._nursery = nursery
        self._events = events
        self._instance: _Instance | None = None
        self._is_over = asyncio.Event()
        self._task = asyncio.create_task(self._live())
        self._task.add_done_callback(lambda _: on_over(self))

    @property
    def pid(self) -> int:
        """Process id of the present instance; 0 = none."""
        return self._instance.process.pid if self._instance is not None else 0

    @property
    def started(self) -> float:
        """Monotonic time at which the present instance was asked for; 0 = none."""
        return self._instance.started if self._instance is not None else 0.0

    @property
    def page(self) -> ControlPage:
        """The control page of the instance; only while it is ready.

        Raises
        ------
        InstanceLost
        """
        if self._instance is None:
            raise InstanceLost
        return self._instance.page

    def counts(self) -> Counts | None:
        """Return what the instance tells of itself."""
        return self._instance.page.counts() if self._instance is not None else None

    def send(self, frame: RequestFrame) -> None:
        """Send a frame to the instance, which is ready."""
        if self._instance is not None and self._instance.link is not None:
            self._instance.link.send(request_frame(frame))

    def listen(self, step_s: float) -> None:
        """Listen to the instance's heart, and kill it if it was stopped or has fallen silent.

        Parameters
        ----------
        step_s
            Has passed since the last call.
        """
        instance = self._instance
        if instance is None or instance.is_condemned:
            return
        silent_s = instance.pulse.silent_s(instance.page.last_beat(), step_s)
        if silent_s < MISSED_S:
            return
        if silent_s >= instance.order.silence_s:
            why = f"gave no sign for {silent_s:.0f} s"
        elif is_stopped(instance.process.pid):
            why = "was stopped"
        else:
            return
        _log.error(
            "instance %d (process %d) %s; it is replaced", self.number, instance.process.pid, why
        )
        instance.is_condemned = True
        self.kill()

    def weigh(self, memory_bytes: int) -> None:
        """Take note of what the instance's process holds."""
        if self._instance is not None:
            self._instance.wear.weigh(memory_bytes)

    def worn(self, limits: RecyclingLimits) -> str:
        """Return why the instance is to be renewed in good time; "" = it is not."""
        instance = self._instance
        if instance is None:
            return ""
        return instance.wear.why(limits, instance.page.counts().answered, time.monotonic())

    def kill(self) -> None:
        """Kill the instance; its loss is reported when its socket closes, then the next one comes."""
        if self._instance is not None:
            self._instance.process.kill()

    def end(self) -> None:
        """Let the instance go, with none after it; nothing is reported any more."""
        self._is_over.set()
        instance = self._instance
        if instance is None:
            return
        if instance.link is not None:
            instance.link.close()
        # A stopped process does not see its socket close.
        asyncio.get_running_loop().call_later(_LEAVE_S, instance.process.kill)

    async def abort(self) -> None:
        """End at once, because the fork parent is about to go."""
        self._is_over.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._instance is not None and self._instance.link is not None:
            self._instance.link.close()

    async def _live(self) -> None:
        pause_s = 0.0
        while not await self._is_over_after(pause_s):
            forker = await self._nursery.forker()
            try:
                instance = _Instance(self._nursery.order(self.number), forker)
            except OSError as err:
                # No descriptors are left.
                self._did_not_start(err)
                pause_s = _LONGEST_PAUSE_S
                self.restarts += 1
                continue
            try:
                await self._bring_up(instance)
                if not self._is_over.is_set():
                    self._greeted(instance)
                await instance.lost
            except (OSError, InstanceLost) as err:
                self._did_not_start(err)
            self._instance = None
            is_young = time.monotonic() - instance.started < _YOUNG_S
            # One that has worked died of a request, which quarantine sees to.
            longest_s = _FIRST_PAUSE_S if instance.page.has_worked() else _LONGEST_PAUSE_S
            pause_s = min(longest_s, max(_FIRST_PAUSE_S, pause_s * 2)) if is_young else 0.0
            instance.bury()
            self.restarts += 1

    async def _is_over_after(self, pause_s: float) -> bool:
        if pause_s and not self._is_over.is_set():
            try:
                # Not wait_for, whose cancellation is lost when what it waits for has just come.
                async with asyncio.timeout(pause_s):
                    await self._is_over.wait()
            except TimeoutError:
                return False
        return self._is_over.is_set()

    async def _bring_up(self, instance: _Instance) -> None:
        sock = await instance.fork()
        self._instance = instance
        self.order = instance.order
        _, instance.link = await asyncio.get_running_loop().create_unix_connection(
            lambda: Link(
                lambda request_id, head, body: self._replied(instance, request_id, head, body),
                lambda: self._link_lost(instance),
            ),
            sock=sock,
        )
        if self._is_over.is_set():
            # It was not there yet when the seat was given up.
            self.end()
        try:
            async with asyncio.timeout(_GREETING_S):
                await instance.greeted
        except TimeoutError:
            instance.process.kill()
            raise

    def _greeted(self, instance: _Instance) -> None:
        took_ms = (time.monotonic() - instance.started) * 1e3
        _log.info(
            "instance %d (process %d) ready in %.0f ms", self.number, instance.process.pid, took_ms
        )
        self._events.ready(self.number)
        if not self.first.done():
            self.first.set_result(None)

    def _did_not_start(self, err: Exception) -> None:
        if self._is_over.is_set():
            return
        _log.error("instance %d did not start: %r", self.number, err)
        if not self.first.done():
            why = "an instance ended before it was ready; the log above says why"
            self.first.set_exception(ConfigError("server", "instances", why))

    def _replied(
        self, instance: _Instance, request_id: int, head: ReplyHead, body: bytes | bytearray
    ) -> None:
        if request_id != GREETING:
            self._events.reply(self.number, request_id, head, body)
        elif not instance.greeted.done():
            instance.greeted.set_result(None)

    def _link_lost(self, instance: _Instance) -> None:
        instance.link = None
        if not instance.greeted.done():
            instance.greeted.set_exception(InstanceLost())
        elif not instance.lost.done():
            if not self._is_over.is_set():
                _log.warning("instance %d (process %d) was lost", self.number, instance.process.pid)
                self._events.lost(self.number)
            instance.lost.set_result(None)
