"""The front's end of the fork parent: start it, ask for instances, hear of their ends."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import ConfigError
from server.instances.process import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from server.instances.instance import InstanceOrder

_log = logging.getLogger("swath.pool")
_PACKET_BYTES = 64 * 1024
_STOP_S = 5.0


class Forker:
    """One fork parent process.

    Parameters
    ----------
    work : str
        Module that does the instances' work (`server.instances.instance.WorkFactory`).
    environment
        Added to the process's own.
    on_lost
        Called when the process ends without having been asked to.
    """

    def __init__(
        self,
        work: str,
        log_format: str,
        environment: Mapping[str, str],
        on_lost: Callable[[], None],
    ) -> None:
        self._work = work
        self._log_format = log_format
        self._environment = environment
        self._on_lost = on_lost
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready: asyncio.Future[None] | None = None
        self._pids: dict[int, asyncio.Future[int]] = {}

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
        """
        loop = asyncio.get_running_loop()
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mine.settimeout(0)
        self._ready = loop.create_future()
        arguments = ["--control", str(theirs.fileno()), "--front", str(os.getpid())]
        arguments += ["--work", self._work, "--log-format", self._log_format]
        self._process = subprocess.Popen(  # noqa: ASYNC220 -- PR_SET_PDEATHSIG follows the thread that forks, which must be this one
            # -P: a folder "config" or "server" where the operator happens to stand is not ours.
            [sys.executable, "-P", "-m", "server.instances.fork_parent", *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=_environment(self._environment),
        )
        theirs.close()
        self._control = mine
        loop.add_reader(mine.fileno(), self._receive)
        await self._ready

    async def fork(self, order: InstanceOrder, sock: socket.socket, page_descriptor: int) -> int:
        """Return the process id of a new instance that owns copies of both descriptors.

        Raises
        ------
        ConnectionError
            The fork parent has gone.
        """
        if self._control is None:
            raise ConnectionResetError("the fork parent is not running")
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pids[order.number] = answer
        message = msgspec.msgpack.encode(("fork", order))
        socket.send_fds(self._control, [message], [sock.fileno(), page_descriptor])
        return await answer

    def kill(self, pid: int) -> None:
        """Kill an instance that does not answer any more."""
        if self._control is not None:
            self._control.send(msgspec.msgpack.encode(("kill", pid)))

    async def stop(self) -> None:
        """End the process, and with it all instances."""
        process, self._process = self._process, None
        self._close_control(ConnectionResetError("the fork parent was stopped"))
        if process is None:
            return
        try:
            await asyncio.to_thread(process.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

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
            case ["ready"]:
                if self._ready is not None and not self._ready.done():
                    self._ready.set_result(None)
            case ["forked", int(number), int(pid)]:
                answer = self._pids.pop(number, None)
                if answer is not None and not answer.done():
                    answer.set_result(pid)
            case ["exited", int(pid), int(status)]:
                _log.log(
                    logging.INFO if status == 0 else logging.WARNING,
                    "instance process %d ended: %s",
                    pid,
                    _describe(status),
                )

    def _lost(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            code = process.wait()
            _log.error("the fork parent (process %d) ended: %s", process.pid, _describe_code(code))
        was_ready = self._ready is not None and self._ready.done()
        self._close_control(ConnectionResetError("the fork parent ended"))
        if was_ready:
            self._on_lost()

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
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, found["PYTHONPATH"]] if found.get("PYTHONPATH") else [root]
    return {**found, "PYTHONPATH": os.pathsep.join(paths)}


def _describe(status: int) -> str:
    return _describe_code(os.waitstatus_to_exitcode(status))


def _describe_code(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
