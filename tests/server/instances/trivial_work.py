"""Work for pool tests, run by real instances: echoes, sleeps, dies, fails."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from pathlib import Path

import msgspec

from engine.errors import InvalidParameter
from server.instances.frames import ReplyHead


def _log(question, line):
    with Path(question["log"]).open("a") as log:
        log.write(f"{line}\n")


_NO_ROOM = Path(os.environ.get("TRIVIAL_NO_ROOM", "/none"))
_fork = os.fork


def _fork_where_there_is_room():
    if _NO_ROOM.exists():
        raise BlockingIOError(11, "no room")
    return _fork()


def preload():
    os.fork = _fork_where_there_is_room
    if os.environ.get("TRIVIAL_FAILS") == "preload":
        raise RuntimeError("told to fail")


def versions():
    return {"trivial": "1.2.3"}


def make(order):
    if os.environ.get("TRIVIAL_FAILS") == "make":
        raise RuntimeError("told to fail")
    return Trivial()


class Trivial:
    def answer(self, task, budget):
        question = msgspec.msgpack.decode(task.request)
        head = ReplyHead(
            media_type="text/plain", stages={"work": 1.0}, headers=(("X-Pid", str(os.getpid())),)
        )
        return head, getattr(self, "_" + question["kind"])(question, budget, task)

    def _echo(self, question, budget, task):
        return f"{question['text']} {task.service} {task.options}".encode()

    def _nice(self, question, budget, task):
        # Of the calling thread; os.nice tells the process's.
        return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).encode()

    def _big(self, question, budget, task):
        return bytes(range(256)) * (question["count"] // 256)

    def _work(self, question, budget, task):
        _log(question, question["text"])
        ends = time.monotonic() + question["seconds"]
        try:
            while time.monotonic() < ends:
                budget.check()
                time.sleep(0.002)
        except Exception as err:
            _log(question, type(err).__name__)
            raise
        return b"done"

    def _hang(self, question, budget, task):
        time.sleep(question["seconds"])
        return b"late"

    def _block(self, question, budget, task):
        # A call into a library that keeps the interpreter's lock: no thread of the process runs.
        ctypes.PyDLL(None).sleep(int(question["seconds"]))
        return b"late"

    def _hold(self, question, budget, task):
        """Answer slowly, and tell how many have begun."""
        _log(question, question["text"])
        ends = time.monotonic() + question["seconds"]
        while time.monotonic() < ends:
            time.sleep(0.002)
        return str(os.getpid()).encode()

    def _die(self, question, budget, task):
        os.kill(os.getpid(), signal.SIGKILL)

    def _die_once(self, question, budget, task):
        try:
            Path(question["log"]).mkdir()
        except FileExistsError:
            return b"second try"
        return os.kill(os.getpid(), signal.SIGKILL)

    def _refuse(self, question, budget, task):
        raise InvalidParameter("size", question["text"], "two numbers")

    def _crash(self, question, budget, task):
        raise ZeroDivisionError("secret detail")

    def settle(self):
        pass

    def open_services(self):
        return 1

    def block_cache(self):
        return 42, 0, 0
