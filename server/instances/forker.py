"""The front's end of a fork parent: start it, ask for instances and for a spare, hear of their ends."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from config.environment import OIDC_SECRET
from engine.errors import ConfigError
from server.instances.process import ENVIRONMENT, Neighbour, is_stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from server.instances.instance import InstanceOrder

_log = logging.getLogger("swath.pool")
_PACKET_BYTES = 64 * 1024
_STOP_S = 5.0
# Preloading takes seconds, forking milliseconds; these are for a process that will do neither any more.
_READY_S = 300.0
_FORK_S = 10.0
_WATCH_S = 0.5
TITLE = "fork parent"


class Forker:
    """One fork parent process.

    Parameters
    ----------
    work : str
        Module that does the instances' work (`server.instances.instance.WorkFactory`).
    environment
        Added to the process's own.
    on_lost
        Called, with this, when the process ends without having been asked to.

    Attributes
    ----------
    versions : dict of str to str
        Of what the instances work with, once the process is ready.
    title : str
        What the process is, for the log.
    """

    def __init__(
        self,
        work: str,
        log_format: str,
        environment: Mapping[str, str],
        on_lost: Callable[[Forker], None],
    ) -> None:
        self._work = work
        self._log_format = log_format
        self._environment = environment
        self._on_lost = on_lost
        self.versions: dict[str, str] = {}
        self.title = TITLE
        self._process: Neighbour | None = None
        # Where the front itself has started the process, which then is to be reaped.
        self._child: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready: asyncio.Future[None] | None = None
        self._pids: dict[int | None, asyncio.Future[int]] = {}
        self._watcher: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the fork parent while it runs."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the process and wait until it has preloaded everything.

        Raises
        ------
        ConfigError
            It ended before it was ready; its own log says why.
        OSError
            There is no room for another process.
        """
        started = time.monotonic()
        mine, theirs = _packet_pair()
        arguments = ["--control", str(theirs.fileno())]
        arguments += ["--work", self._work, "--log-format", self._log_format]
        try:
            self._child = subprocess.Popen(  # noqa: ASYNC220 -- PR_SET_PDEATHSIG follows the thread that forks, which must be this one
                # -P: a folder "config" or "server" where the operator happens to stand is not ours.
                [sys.executable, "-P", "-m", "server.instances.fork_parent", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=_environment(self._environment),
            )
        except OSError:
            mine.close()
            raise
        finally:
            theirs.close()
        await self._until_ready(self._child.pid, mine)
        took_ms = (time.monotonic() - started) * 1e3
        _log.info("fork parent (process %d) ready in %.0f ms", self.pid, took_ms)

    async def spare(self) -> Forker:
        """Return another fork parent, forked from this one: what that has loaded is shared by both.

        Raises
        ------
        ConnectionError, TimeoutError
            See `fork`.
        ConfigError
            It ended before it was ready.
        """
        mine, theirs = _packet_pair()
        try:
            pid = await self._ask(None, [theirs.fileno()])
        except BaseException:
            mine.close()
            raise
        finally:
            theirs.close()
        found = Forker(self._work, self._log_format, self._environment, self._on_lost)
        found.title = f"spare {TITLE}"
        await found._until_ready(pid, mine)
        return found

    async def _until_ready(self, pid: int, control: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        control.settimeout(0)
        self._ready = ready = loop.create_future()
        self._process = process = Neighbour.of(pid)
        self._control = control
        loop.add_reader(control.fileno(), self._receive)
        self._watcher = asyncio.create_task(self._watch(process))
        try:
            # Not wait_for, whose cancellation is lost when the answer has just come.
            async with asyncio.timeout(_READY_S):
                await asyncio.shield(ready)
        except TimeoutError:
            process.kill()
            await ready
        except asyncio.CancelledError:
            ready.cancel()
            # One that still loads does not see its socket close.
            process.kill()
            await self.stop()
            raise
        if self._process is not process:
            # What was lost before anybody knew of it is not reported once more.
            raise ConfigError("server", "instances", "it ended as soon as it was ready")

    async def fork(self, order: InstanceOrder, sock: socket.socket, page_descriptor: int) -> int:
        """Return the process id of a new instance that owns copies of both descriptors.

        Raises
        ------
        ConnectionError
            The fork parent has gone.
        TimeoutError
            It does not answer, and is killed for that.
        """
        return await self._ask(order, [sock.fileno(), page_descriptor])

    async def _ask(self, order: InstanceOrder | None, descriptors: Sequence[int]) -> int:
        if self._control is None:
            raise ConnectionResetError("the fork parent is not running")
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pids[None if order is None else order.number] = answer
        socket.send_fds(self._control, [msgspec.msgpack.encode(order)], descriptors)
        try:
            async with asyncio.timeout(_FORK_S):
                return await answer
        except TimeoutError:
            if answer.done() and not answer.cancelled():
                # It was this process that stood still.
                return answer.result()
            if self._process is not None:
                _log.error("the fork parent (process %d) does not fork", self._process.pid)
                self._process.kill()
            raise

    async def stop(self) -> None:
        """End the process; the instances do not end with it."""
        process, self._process = self._process, None
        if self._watcher is not None:
            self._watcher.cancel()
        self._close_control(ConnectionResetError("the fork parent was stopped"))
        if process is None:
            return
        await asyncio.to_thread(process.wait, _STOP_S)
        process.kill()
        if self._child is not None:
            await asyncio.to_thread(self._child.wait)

    async def _watch(self, process: Neighbour) -> None:
        """Let the process go on when it was stopped: to replace it would cost all its instances."""
        while self._process is process:
            if is_stopped(process.pid):
                _log.warning("the %s (process %d) was stopped; it goes on", self.title, process.pid)
                process.go_on()
            await asyncio.sleep(_WATCH_S)

    def _receive(self) -> None:
        control = self._control
        if control is None:
            return
        try:
            packet = control.recv(_PACKET_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            packet = b""
        if packet:
            self._follow(msgspec.msgpack.decode(packet))
        else:
            self._lost()

    def _follow(self, message: list[Any]) -> None:
        match message:
            case ["ready", dict(versions)]:
                self.versions = versions
                if self._ready is not None and not self._ready.done():
                    self._ready.set_result(None)
            case ["forked", int() | None as number, int(pid)]:
                answer = self._pids.pop(number, None)
                if answer is not None and not answer.done():
                    answer.set_result(pid)
            case ["failed", int() | None as number, str(why)]:
                answer = self._pids.pop(number, None)
                if answer is not None and not answer.done():
                    answer.set_exception(ConnectionError(f"the fork parent cannot fork: {why}"))
            case ["exited", int() | None as number, int(pid), int(status)]:
                what = f"spare {TITLE}" if number is None else "instance process"
                level = logging.INFO if status == 0 else logging.WARNING
                code = os.waitstatus_to_exitcode(status)
                _log.log(level, "%s %d ended: %s", what, pid, _describe(code))

    def _lost(self) -> None:
        process, self._process = self._process, None
        child, self._child = self._child, None
        if child is not None:
            how = _describe(child.wait())
            _log.error("the fork parent (process %d) ended: %s", child.pid, how)
        elif process is not None:
            _log.error("the %s (process %d) ended", self.title, process.pid)
        was_ready = self._ready is not None and self._ready.done()
        self._close_control(ConnectionResetError("the fork parent ended"))
        if was_ready:
            self._on_lost(self)

    def _close_control(self, error: Exception) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        if self._ready is not None and not self._ready.done():
            why = "could not load the engine; the log above says why"
            self._ready.set_exception(ConfigError("server", "instances", why))
        for answer in self._pids.values():
            if not answer.done():
                answer.set_exception(error)
        self._pids.clear()


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the fork parent, which imports the very code that runs here."""
    found = {**os.environ, **ENVIRONMENT, **more}
    found.pop(OIDC_SECRET, None)
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, found["PYTHONPATH"]] if found.get("PYTHONPATH") else [root]
    return {**found, "PYTHONPATH": os.pathsep.join(paths)}


def _packet_pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _describe(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
