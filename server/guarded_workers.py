"""Processes that read files for crawl and build: killed when they hang, replaced when they crash.

One job at a time each. A worker that does not answer within its time, dies, or runs out of its memory
costs the job it had; the sentence says what happened. A job's time begins when its worker says that it
begins: starting a process and importing libraries takes seconds on a busy machine, and is no fault of
the file. Workers know no catalog and write nothing but what their job says.

Quick jobs lie ready in a worker's pipe before it is done with those before them, so that it goes on
while answers are written to a catalog. They are so few and small that the pipe holds them unread:
giving them never waits for a worker that waits for us. Where a worker ends, the jobs behind the one
that it was at go to others.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.build.workers import Job
from engine.errors import ImageServerError, SourceCorrupt, SourceError, from_record, to_record
from engine.readers.source_access import source_access, use_source_access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from multiprocessing.context import ForkProcess, SpawnContext, SpawnProcess

    from engine.readers.source_access import SourceAccess

J = TypeVar("J", bound=Job)
R = TypeVar("R")

# Above what libraries take at start; a whole worker stays below half of the 1 GB allowed to crawl.
_MEMORY_BYTES = 400 << 20
_GDAL_CACHE_MB = 32
# Answers that wait for one before them, as a worker's share; of quick jobs they are small.
_AHEAD_PER_WORKER = 64
# What lies ready in a pipe: some tenths of a second of work, at most so many jobs and bytes. A pipe
# holds 200 kB, of which messages of a few hundred bytes take several times their size.
_READY_S = 0.25
_READY_JOBS = 24
_READY_BYTES = 40_000
# For a process to start and to import what its job needs.
_START_S = 300.0


@dataclass(frozen=True, slots=True)
class _Given:
    """A job on its way to a worker: its number, and what is sent."""

    index: int
    message: bytes


@dataclass(slots=True)
class _Worker:
    """A process and what it was given: the first is what it is at, the others lie ready."""

    process: ForkProcess | SpawnProcess
    pipe: Connection
    given: deque[_Given] = field(default_factory=deque)
    has_begun: bool = False
    has_answered: bool = False
    deadline: float = 0.0

    def has_room(self, ready: int, message: bytes) -> bool:
        """Tell whether it may be given one more job, where so many may lie ready."""
        if not self.given:
            return True
        size = len(message) + sum(len(each.message) for each in self.given)
        return len(self.given) <= ready and size <= _READY_BYTES


class GuardedWorkers:
    """Run jobs in `count` processes; answers come in the order of the jobs.

    Parameters
    ----------
    count : int
        Processes; default one per core, at most 8.
    timeout_s : float
        Longest time of one job, counted from when a worker begins it.
    forked : bool
        Start them on entering as copies of this process, with all that it has imported: that takes
        milliseconds, not a second. Only where no thread runs that could hold a lock; replacements, and
        all others, are new processes.
    """

    def __init__(
        self, count: int | None = None, timeout_s: float = 60.0, *, forked: bool = False
    ) -> None:
        self._forked = forked
        self._count = count or min(8, len(os.sched_getaffinity(0)))
        self._timeout_s = timeout_s
        self._workers: list[_Worker] = []
        # No worker has room for them yet, or theirs ended.
        self._waiting: deque[_Given] = deque()
        # Seconds a job takes, lately; 0 = not known yet.
        self._pace_s = 0.0

    def __enter__(self) -> GuardedWorkers:
        if self._forked and threading.active_count() == 1:
            for _ in range(self._count):
                self._start(multiprocessing.get_context("fork"))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._end(worker)

    def map(self, task: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | SourceError]]:
        """See engine.build.workers.Workers.map."""
        self._pace_s = 0.0
        coming = enumerate(jobs)
        under_way: dict[int, J] = {}
        answers: dict[int, R | SourceError] = {}
        order: deque[int] = deque()
        more, most = True, self._count * _AHEAD_PER_WORKER
        try:
            while more or order:
                self._give_waiting()
                while more and not self._waiting and len(order) < most:
                    following = next(coming, None)
                    if following is None:
                        more = False
                        break
                    index, job = following
                    under_way[index] = job
                    order.append(index)
                    self._waiting.append(_Given(index, bytes(ForkingPickler.dumps((task, job)))))
                    self._give_waiting()
                self._collect(under_way, answers)
                while order and order[0] in answers:
                    index = order.popleft()
                    yield under_way.pop(index), answers.pop(index)
        finally:
            # Where nobody wants the rest, its answers must not come to who asks next.
            for worker in [worker for worker in self._workers if worker.given]:
                self._end(worker)
            self._waiting.clear()

    def _ready(self) -> int:
        """Return how many jobs may lie ready in a pipe behind the one under way."""
        if not self._pace_s:
            return 0
        return min(_READY_JOBS, int(_READY_S / self._pace_s))

    def _give_waiting(self) -> None:
        """Send jobs to the workers that have the least to do, as far as there is room."""
        while self._waiting:
            worker = self._least_busy(self._waiting[0].message)
            if worker is None:
                return
            if not worker.given:
                worker.has_begun, worker.deadline = False, time.monotonic() + _START_S
            worker.given.append(self._waiting.popleft())
            with contextlib.suppress(ConnectionError):
                # Where it is dead already, waiting for its answer says so.
                worker.pipe.send_bytes(worker.given[-1].message)

    def _least_busy(self, message: bytes) -> _Worker | None:
        ready = self._ready()
        free = [worker for worker in self._workers if worker.has_room(ready, message)]
        worker = min(free, key=lambda each: len(each.given), default=None)
        if (worker is None or worker.given) and len(self._workers) < self._count:
            return self._start()
        return worker

    def _collect(self, under_way: dict[int, J], answers: dict[int, R | SourceError]) -> None:
        """Wait for at least one word, death or deadline, and note the answers."""
        busy = {w.pipe: w for w in self._workers if w.given}
        if not busy:
            return
        first = min(worker.deadline for worker in busy.values())
        ready = wait(list(busy), max(0.0, first - time.monotonic()))
        for pipe, worker in busy.items():
            if pipe in ready:
                self._receive(worker, under_way, answers)
            elif worker.deadline <= time.monotonic():
                index = worker.given.popleft().index
                self._end(worker)
                why = f"reading it took longer than {self._timeout_s:g} s"
                answers[index] = SourceCorrupt(under_way[index].path, why)

    def _receive(
        self, worker: _Worker, under_way: dict[int, J], answers: dict[int, R | SourceError]
    ) -> None:
        """Note all that a worker has said, or that it died."""
        try:
            while worker.given and worker.pipe.poll():
                word = worker.pipe.recv()
                if word is None:
                    worker.has_begun = True
                    worker.deadline = time.monotonic() + self._timeout_s
                    continue
                index = worker.given.popleft().index
                worker.has_begun, worker.has_answered = False, True
                worker.deadline = time.monotonic() + _START_S
                answers[index] = self._answer(word)
        except (EOFError, OSError):
            if worker.has_begun or not worker.has_answered:
                index = worker.given.popleft().index
                why = "reading it made the reader crash"
                answers[index] = SourceCorrupt(under_way[index].path, why)
            # Else it died of the job before, after its answer: that is nothing to the next one.
            self._end(worker)

    def _answer(self, word: tuple[bool, Any, float]) -> Any:
        is_good, answer, seconds = word
        self._pace_s = 0.9 * self._pace_s + 0.1 * seconds if self._pace_s else seconds
        if is_good:
            return answer
        error = from_record(*answer)
        if isinstance(error, SourceError):
            return error
        raise error

    def _start(self, context: ForkContext | SpawnContext | None = None) -> _Worker:
        is_copy = isinstance(context, ForkContext)
        context = context or multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        # A copy has our ends of all pipes: where it kept them, none would end with us.
        kept = [ours, *(worker.pipe for worker in self._workers)] if is_copy else []
        # One run of work ends with its process, even where the parent is killed.
        process = context.Process(target=_serve, args=(theirs, kept, source_access()), daemon=True)
        # Ctrl-C reaches all processes of a terminal: one that still imports would print a traceback.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        self._waiting.extend(worker.given)
        worker.given.clear()


def _serve(pipe: Connection, not_ours: Sequence[Connection], access: SourceAccess) -> None:
    """Do jobs until the other side goes."""
    for other in not_ours:
        other.close()
    # Locks that libraries make go to no other process: as those of one that forks they are nobody's to
    # clear away, and none is missed where this process is killed.
    multiprocessing.set_start_method("fork", force=True)
    # Imported here: the parent may not need a raster library at all.
    from engine.readers.drivers import (  # noqa: PLC0415 -- as said above
        configure_gdal,
        one_environment,
    )

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_gdal(_GDAL_CACHE_MB)
    use_source_access(access)
    # What the raster library prints about a bad file is in its status, not between progress bars.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _limit_memory()
    # A file that makes the library crash leaves no core file in the folder of whoever adds it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with one_environment(), contextlib.suppress(EOFError, OSError):
        while True:
            task, job = pipe.recv()
            # Only now: what the task needs was imported while it was received.
            pipe.send(None)
            begun = time.monotonic()
            answer = _run(task, job)
            pipe.send((*answer, time.monotonic() - begun))


def _run(task: Callable[[Any], Any], job: Job) -> tuple[bool, Any]:
    try:
        return True, task(job)
    except ImageServerError as err:
        return False, to_record(err)
    except MemoryError:
        why = f"reading it takes more than the {_MEMORY_BYTES >> 20} MB that are allowed"
        return False, to_record(SourceCorrupt(job.path, why))
    except Exception as err:
        why = f"reading it failed: {type(err).__name__}: {err}"
        return False, to_record(SourceCorrupt(job.path, why))


def _limit_memory() -> None:
    """Let allocations fail beyond the allowance, counted from what is in use now."""
    table = Path("/proc/self/statm")
    if not table.exists():
        return
    data_pages = int(table.read_text(encoding="ascii").split()[5])
    now = data_pages * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (now + _MEMORY_BYTES, hard))
