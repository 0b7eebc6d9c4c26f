"""Keeps N instances alive: one fork parent, and for each seat a loop that starts, greets, replaces.

Knows processes and frames, not requests: whoever owns it hears `ready`, `reply` and `lost`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from typing import Protocol

import msgspec

from engine.budget import InstanceMemory
from engine.errors import ConfigError, ImageServerError, InstanceLost
from server.instances.control_page import ControlPage, Counts
from server.instances.forker import Forker
from server.instances.frames import GREETING, ReplyHead, request_frame
from server.instances.instance import InstanceOrder
from server.instances.link import Link
from server.python_functions.limits import FunctionLimits

_log = logging.getLogger("swath.pool")

_GREETING_S = 30.0
# An instance that dies younger than this has a fault of its own: do not fork in a tight loop.
_YOUNG_S = 1.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0


class KeeperOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How instances are made.

    Attributes
    ----------
    work : str
        Module that does the instances' work (`server.instances.instance.WorkFactory`).
    environment : dict
        Added to the environment of the fork parent.
    functions : str
        Folder of the registered functions in Python; "" = none are run.
    """

    instances: int
    threads: int = 1
    open_services: int = 64
    memory: InstanceMemory = InstanceMemory()
    log_format: str = "text"
    work: str = "server.instances.engine_work"
    environment: dict[str, str] = {}
    functions: str = ""
    function_limits: FunctionLimits = FunctionLimits()


class KeeperEvents(Protocol):
    """Who hears of the instances."""

    def ready(self, number: int) -> None:
        """Hear that the instance on seat `number` can take frames."""
        ...

    def reply(self, number: int, request_id: int, head: ReplyHead, body: bytes | bytearray) -> None:
        """Hear that a reply has arrived."""
        ...

    def lost(self, number: int) -> None:
        """Hear that the instance has gone; what it had will not be answered."""
        ...


class _Instance:
    """One running process and the front's ends of what it shares."""

    def __init__(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        self.number = number
        self.page, self.page_descriptor = ControlPage.create()
        self.started = time.monotonic()
        self.pid = 0
        self.link: Link | None = None
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()


class Keeper:
    """N seats with a living instance on each, as far as that can be had."""

    def __init__(self, options: KeeperOptions, events: KeeperEvents) -> None:
        self._options = options
        self._events = events
        self._running: dict[int, _Instance] = {}
        self._forker: Forker | None = None
        self._forker_ready = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self.restarts = 0

    async def start(self) -> None:
        """Start the fork parent and all instances, and wait for their greetings.

        Raises
        ------
        ConfigError
            The engine cannot be loaded, or instances die at once.
        """
        self._forker = await self._new_forker()
        self._forker_ready.set()
        loop = asyncio.get_running_loop()
        firsts = [loop.create_future() for _ in range(self._options.instances)]
        self._loops = [
            asyncio.create_task(self._keep(number, first)) for number, first in enumerate(firsts)
        ]
        await asyncio.gather(*firsts)

    async def stop(self) -> None:
        """End all instances and the fork parent."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        for instance in list(self._running.values()):
            if instance.link is not None:
                instance.link.close()
        self._forker_ready.clear()
        forker, self._forker = self._forker, None
        if forker is not None:
            await forker.stop()

    def pids(self) -> dict[int, int]:
        """Return the process id on each seat."""
        return {number: instance.pid for number, instance in self._running.items()}

    def fork_parent_pid(self) -> int | None:
        """Return the fork parent's process id while it runs."""
        return self._forker.pid if self._forker is not None else None

    def counts(self) -> dict[int, Counts]:
        """Return what each instance tells of itself."""
        return {number: instance.page.counts() for number, instance in self._running.items()}

    def page(self, number: int) -> ControlPage:
        """Return the control page of a seat whose instance is ready."""
        return self._running[number].page

    def send(self, number: int, frame_head: bytes, slot: int, request_id: int) -> None:
        """Send a frame to a seat whose instance is ready."""
        link = self._running[number].link
        if link is not None:
            link.send(request_frame(frame_head, slot, request_id))

    def kill(self, number: int) -> None:
        """Kill the instance on a seat; its loss is reported when its socket closes."""
        if self._forker is not None and number in self._running:
            self._forker.kill(self._running[number].pid)

    async def _new_forker(self) -> Forker:
        options = self._options
        forker = Forker(options.work, options.log_format, options.environment, self._forker_lost)
        await forker.start()
        return forker

    def _forker_lost(self) -> None:
        # The kernel kills the instances with it; their loops wait for the next one.
        self._forker = None
        self._forker_ready.clear()
        self._loops.append(asyncio.create_task(self._replace_forker()))

    async def _replace_forker(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                self._forker = await self._new_forker()
            except ImageServerError:
                _log.exception("no fork parent; next try in %g s", pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
            else:
                self._forker_ready.set()
                return

    async def _keep(self, number: int, first: asyncio.Future[None]) -> None:
        pause_s = 0.0
        while True:
            await asyncio.sleep(pause_s)
            await self._forker_ready.wait()
            instance = _Instance(number)
            try:
                await self._bring_up(instance)
                self._events.ready(number)
                if not first.done():
                    first.set_result(None)
                await instance.lost
            except (ConnectionError, TimeoutError, InstanceLost) as err:
                _log.error("instance %d did not start: %r", number, err)
                if not first.done():
                    why = "an instance ended before it was ready; the log above says why"
                    first.set_exception(ConfigError("server", "instances", why))
            self._bury(instance)
            age_s = time.monotonic() - instance.started
            young = age_s < _YOUNG_S
            pause_s = min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, pause_s * 2)) if young else 0.0
            self.restarts += 1

    async def _bring_up(self, instance: _Instance) -> None:
        forker = self._forker
        if forker is None:
            os.close(instance.page_descriptor)
            raise ConnectionResetError("the fork parent has gone")
        options = self._options
        order = InstanceOrder(
            number=instance.number,
            threads=options.threads,
            open_services=options.open_services,
            memory=options.memory,
            functions=options.functions,
            function_limits=options.function_limits,
        )
        mine, theirs = socket.socketpair()
        try:
            mine.settimeout(0)
            instance.pid = await forker.fork(order, theirs, instance.page_descriptor)
        except BaseException:
            mine.close()
            raise
        finally:
            theirs.close()
            os.close(instance.page_descriptor)
        self._running[instance.number] = instance
        _, instance.link = await asyncio.get_running_loop().create_unix_connection(
            lambda: Link(
                lambda request_id, head, body: self._replied(instance, request_id, head, body),
                lambda: self._link_lost(instance),
            ),
            sock=mine,
        )
        try:
            await asyncio.wait_for(instance.greeted, _GREETING_S)
        except TimeoutError:
            forker.kill(instance.pid)
            raise
        took_ms = (time.monotonic() - instance.started) * 1e3
        _log.info(
            "instance %d (process %d) ready in %.0f ms", instance.number, instance.pid, took_ms
        )

    def _replied(
        self, instance: _Instance, request_id: int, head: ReplyHead, body: bytes | bytearray
    ) -> None:
        if request_id != GREETING:
            self._events.reply(instance.number, request_id, head, body)
        elif not instance.greeted.done():
            instance.greeted.set_result(None)

    def _link_lost(self, instance: _Instance) -> None:
        instance.link = None
        if not instance.greeted.done():
            instance.greeted.set_exception(InstanceLost())
        elif not instance.lost.done():
            _log.warning("instance %d (process %d) was lost", instance.number, instance.pid)
            self._events.lost(instance.number)
            instance.lost.set_result(None)

    def _bury(self, instance: _Instance) -> None:
        if self._running.get(instance.number) is instance:
            del self._running[instance.number]
        if instance.link is not None:
            instance.link.close()
        instance.page.close()
