"""The process that instances are forked from: everything imported, kernels loaded, nothing opened.

Started by the front as `python -m server.instances.fork_parent --control FD --work MODULE`. Speaks
msgpack over a SOCK_SEQPACKET pair, one message a packet:

    front → here    order, with the instance's socket and control page as descriptors; or
                    nil, with the control socket of another fork parent: the spare
    here → front    ["ready", versions] · ["forked", number, pid] · ["failed", number, why]
                    ["exited", number, pid, wait status]; the number of the spare is nil

The spare is forked, too: it shares all that is loaded, and goes on at once where this process ends.

Rule 1: no dataset, transformer, SQLite handle or thread in this process; all would be shared by forks.
Rule 2: when the front has gone, it kills what does not end by itself, and ends. When it is gone itself, the
instances live on: they end with the front, whose ends of their sockets close.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import logging
import os
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn, cast

import msgspec

from server.instances.instance import InstanceOrder, WorkFactory, run_instance
from server.instances.process import (
    leave_signals_to_front,
    name_process,
    wake_with_parents_end,
)
from server.telemetry.logs import configure_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_log = logging.getLogger("swath.fork_parent")
_PACKET_BYTES = 64 * 1024
_DESCRIPTORS = 2
_NAME, _SPARE_NAME = "swath-fork", "swath-spare"


class _ForkParent:
    def __init__(self, control: socket.socket, factory: WorkFactory) -> None:
        self._control = control
        self._factory = factory
        # Number of the instance by process, None = the spare.
        self._children: dict[int, int | None] = {}
        self._succession: socket.socket | None = None
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> socket.socket | None:
        """Follow the front's messages until it closes its end.

        Returns
        -------
        socket or None
            In a spare, which returns from here as soon as it is forked: its own control socket.
        """
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        # When the front has gone with messages unread, it is an error that tells.
        with contextlib.suppress(ConnectionError):
            self._serve()
        if self._succession is None:
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)
        return self._succession

    def _serve(self) -> None:
        self._tell("ready", self._factory.versions())
        # Not select: the front's end may have given this one a number beyond its 1,024.
        sources = select.poll()
        for source in (self._control.fileno(), self._wake_read):
            sources.register(source, select.POLLIN)
        while True:
            readable = [descriptor for descriptor, _ in sources.poll()]
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
                self._reap()
            if self._control.fileno() in readable and not self._follow():
                return

    def _tell(self, *message: Any) -> None:
        self._control.send(msgspec.msgpack.encode(message))

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._tell("exited", self._children.pop(pid, None), pid, status)

    def _follow(self) -> bool:
        packet, descriptors, _, _ = socket.recv_fds(self._control, _PACKET_BYTES, _DESCRIPTORS)
        if not packet:
            return False
        order = msgspec.msgpack.decode(packet, type=InstanceOrder | None)
        number = None if order is None else order.number
        # The spare that took over is the spare no more.
        name_process(_NAME)
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as err:
            # No room for one more; those that are there go on.
            _close(descriptors)
            self._tell("failed", number, str(err))
            return True
        if pid == 0 and order is None:
            self._become_spare(descriptors)
            return False
        if pid == 0 and order is not None:
            _run_child(lambda: self._become_instance(order, descriptors))
        _close(descriptors)
        self._children[pid] = number
        self._tell("forked", number, pid)
        return True

    def _become_spare(self, descriptors: Sequence[int]) -> None:
        self._leave_parent()
        name_process(_SPARE_NAME)
        self._succession = socket.socket(fileno=descriptors[0])

    def _leave_parent(self) -> None:
        """Give up, in a fork, what is the parent's."""
        wake_with_parents_end()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _become_instance(self, order: InstanceOrder, descriptors: Sequence[int]) -> None:
        self._leave_parent()
        name_process(f"swath-inst-{order.number}")
        with socket.socket(fileno=descriptors[0]) as sock:
            run_instance(sock, descriptors[1], order, self._factory)


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _run_child(body: Callable[[], None]) -> NoReturn:
    """Run `body` and end this process without returning to the parent's code on its stack."""
    code = 1
    try:
        body()
        code = 0
    except BaseException:
        _log.exception("an instance failed")
    finally:
        logging.shutdown()
        os._exit(code)


def main() -> None:
    """Preload, say so, then fork instances on demand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--work", default="server.instances.engine_work")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    options = parser.parse_args()

    wake_with_parents_end()
    leave_signals_to_front()
    name_process(_NAME)
    configure_logging(options.log_format)
    factory = cast("WorkFactory", importlib.import_module(options.work))
    factory.preload()
    # What is alive now stays: the collector must not touch (and so copy) its pages in every fork.
    gc.collect()
    gc.freeze()
    control: socket.socket | None = socket.socket(fileno=options.control)
    while control is not None:
        control = _ForkParent(control, factory).run()
    os._exit(0)


if __name__ == "__main__":
    main()
