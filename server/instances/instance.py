"""An instance: a process that answers tasks, one after the other on each of its render threads.

A render thread that is idle reads the next frame itself. (A receiver thread that hands frames over
costs a wake-up and an interpreter switch a request; nothing is gained, because cancellation and
deadlines come over the control page and not as messages.) What waits stands in the socket. Large work is
done by a second thread while the first waits for it: only a thread can be less urgent for a while, and
no tile of another instance shall wait for a core that makes a large picture.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Protocol

import msgspec

from engine.budget import InstanceMemory
from engine.errors import ImageServerError, InternalError
from engine.readers.source_access import SourceAccess
from server.http.request_id import REQUEST_ID, reference
from server.instances.control_page import ControlPage, Counts
from server.instances.frames import (
    GREETING,
    ReplyHead,
    RequestReader,
    decode_task,
    head_of_error,
    reply_frame,
    send_all,
)
from server.instances.heartbeat import BEAT_S
from server.instances.process import return_free_memory, yield_to_front, yield_to_small_work
from server.python_functions.limits import FunctionLimits

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from engine.budget import Budget
    from server.instances.frames import RequestFrame, Task

_log = logging.getLogger("swath.instance")

# More than a socket takes at once: the front fetches it piece by piece, between all else that it does, and
# the next request is not kept waiting for that.
_HANDED_OVER_BYTES = 128 * 1024
# A picture of this size or more leaves a heap behind that is worth giving back.
_LARGE_BODY_BYTES = 8 * 1024 * 1024

Body = bytes | bytearray | memoryview


class InstanceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the front tells a new instance.

    Attributes
    ----------
    number : int
        Its seat in the pool, from 0; a replacement gets the number of the lost one.
    functions : str
        Folder of the registered functions in Python; "" = none are run.
    silence_s : float
        The front kills an instance that gives no sign for so long.
    sources : SourceAccess
        What may be read.
    """

    number: int
    threads: int = 1
    open_services: int = 64
    memory: InstanceMemory = InstanceMemory()
    functions: str = ""
    function_limits: FunctionLimits = FunctionLimits()
    silence_s: float = 10.0
    sources: SourceAccess = SourceAccess()


class Work(Protocol):
    """What an instance does with tasks; made once per instance, after the fork."""

    def answer(self, task: Task, budget: Budget) -> tuple[ReplyHead, Body]:
        """Return the answer, or raise an ImageServerError."""
        ...

    def settle(self) -> None:
        """Do what the first answer would have to wait for; called when no request waits."""
        ...

    def open_services(self) -> int:
        """Return how many services are open."""
        ...

    def block_cache(self) -> tuple[int, int, int]:
        """Return how many bytes of the block cache are filled, its hits and its misses."""
        ...


class WorkFactory(Protocol):
    """A module that the fork parent preloads: `preload()` and `versions()` before any fork, `make(order)` after."""

    def preload(self) -> None:
        """Import and compile everything; open nothing and start no thread."""
        ...

    def versions(self) -> dict[str, str]:
        """Return versions of what it works with, for administrators."""
        ...

    def make(self, order: InstanceOrder) -> Work:
        """Return the work of a new instance."""
        ...


class _Instance:
    def __init__(self, sock: socket.socket, page: ControlPage, work: Work, threads: int) -> None:
        self._patient = ThreadPoolExecutor(threads, "patient", yield_to_small_work)
        self._sender = ThreadPoolExecutor(threads, "sender")
        self._sock = sock
        self._requests = RequestReader(sock)
        self._page = page
        self._work = work
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._answered = 0
        self._busy_s = 0.0

    def greet(self) -> None:
        self._send(GREETING, ReplyHead(), b"")

    def run(self) -> None:
        """Answer until the front closes its end."""
        sending: Future[None] | None = None
        while (frame := self._next_frame()) is not None:
            REQUEST_ID.set(frame.name.decode("latin-1"))
            started = time.monotonic()
            reply, body = self._answer(frame) if frame.is_small else self._answer_patiently(frame)
            reply.worked_ms = (time.monotonic() - started) * 1e3
            try:
                if sending is not None:
                    sending.result()
                    sending = None
                if _HANDED_OVER_BYTES <= len(body) < _LARGE_BODY_BYTES:
                    sending = self._sender.submit(self._send, frame.id, reply, body)
                else:
                    self._send(frame.id, reply, body)
            except (BrokenPipeError, ConnectionResetError):
                return
            self._count(started)
            if len(body) >= _LARGE_BODY_BYTES:
                return_free_memory()

    def _next_frame(self) -> RequestFrame | None:
        with self._reading:
            try:
                return self._requests.next()
            except ConnectionResetError:
                return None

    def _answer_patiently(self, frame: RequestFrame) -> tuple[ReplyHead, Body]:
        """Answer on a thread that lets small work have the cores first."""
        return self._patient.submit(copy_context().run, self._answer, frame).result()

    def _answer(self, frame: RequestFrame) -> tuple[ReplyHead, Body]:
        budget = self._page.work_on(frame.slot, frame.id)
        try:
            budget.check()
            reply, body = self._work.answer(decode_task(frame.head), budget)
        except ImageServerError as error:
            return head_of_error(error), b""
        except Exception:
            found = reference()
            _log.exception("request failed, reference %s", found)
            return head_of_error(InternalError(found)), b""
        return reply, body

    def _send(self, request_id: int, reply: ReplyHead, body: Body) -> None:
        with self._writing:
            send_all(self._sock, (reply_frame(reply, request_id, len(body)), body))

    def _count(self, started: float) -> None:
        self._answered += 1
        self._busy_s += time.monotonic() - started
        filled, hits, misses = self._work.block_cache()
        counts = Counts(
            answered=self._answered,
            busy_s=self._busy_s,
            open_services=self._work.open_services(),
            block_cache_bytes=filled,
            block_hits=hits,
            block_misses=misses,
        )
        self._page.tell(counts)


def _beat(page: ControlPage, sock: socket.socket, works: Sequence[Work]) -> None:
    """Tell again and again that this process runs; end it when the front has closed its end.

    Also in the midst of work: nobody would take the answer. A thread that gets no interpreter lock can do
    neither, and is killed for that. How many services are open is told here, too: they are closed while
    nobody asks.
    """
    watch = select.poll()
    watch.register(sock, select.POLLRDHUP)
    while True:
        page.beat(time.monotonic())
        for work in works:
            page.tell_open_services(work.open_services())
        if watch.poll(BEAT_S * 1e3):
            os._exit(0)


def _is_asked(sock: socket.socket) -> bool:
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


def run_instance(
    sock: socket.socket, page_descriptor: int, order: InstanceOrder, factory: WorkFactory
) -> None:
    """Serve tasks from `sock` until the front closes it."""
    page = ControlPage(page_descriptor)
    os.close(page_descriptor)
    # The heart beats before there is any.
    works: list[Work] = []
    threading.Thread(target=_beat, args=(page, sock, works), name="heartbeat", daemon=True).start()
    work = factory.make(order)
    works.append(work)
    instance = _Instance(sock, page, work, order.threads)
    instance.greet()
    # Not before: who waits for a new instance shall not wait for those at work, too.
    yield_to_front()
    others = [
        threading.Thread(target=instance.run, name=f"render-{n}", daemon=True)
        for n in range(1, order.threads)
    ]
    for thread in others:
        thread.start()
    if not _is_asked(sock):
        work.settle()
    instance.run()
