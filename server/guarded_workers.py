"""Processes that read files for crawl and build: killed when they hang, replaced when they crash.

One job at a time each. A worker that does not answer within its time, dies, or runs out of its memory
costs the job it had; the sentence says what happened. A job's time begins when its worker says that it
begins: starting a process and importing libraries takes seconds on a busy machine, and is no fault of
the file. Workers know no catalog and write nothing but what their job says.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.build.workers import Job
from engine.errors import ImageServerError, SourceCorrupt, SourceError, from_record, to_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.context import SpawnProcess

_NOT_YET = object()

J = TypeVar("J", bound=Job)
R = TypeVar("R")

# Above what libraries take at start; a whole worker stays below half of the 1 GB allowed to crawl.
_MEMORY_BYTES = 400 << 20
_GDAL_CACHE_MB = 32
_AHEAD_PER_WORKER = 16
# For a process to start and to import what its job needs.
_START_S = 300.0


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: int | None = None
    work: object = None
    has_begun: bool = False
    has_answered: bool = False
    deadline: float = 0.0


class GuardedWorkers:
    """Run jobs in `count` processes; answers come in the order of the jobs.

    Parameters
    ----------
    count : int
        Processes; default one per core, at most 8.
    timeout_s : float
        Longest time of one job, counted from when a worker begins it.
    """

    def __init__(self, count: int | None = None, timeout_s: float = 60.0) -> None:
        self._count = count or min(8, len(os.sched_getaffinity(0)))
        self._timeout_s = timeout_s
        self._workers: list[_Worker] = []

    def __enter__(self) -> GuardedWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._end(worker)

    def map(self, task: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | SourceError]]:
        """See engine.build.workers.Workers.map."""
        coming = enumerate(jobs)
        under_way: dict[int, J] = {}
        answers: dict[int, R | SourceError] = {}
        order: deque[int] = deque()
        more = True
        while more or order:
            while more and len(order) < self._count * _AHEAD_PER_WORKER and self._has_idle():
                following = next(coming, None)
                if following is None:
                    more = False
                    break
                index, job = following
                under_way[index] = job
                order.append(index)
                self._give(index, (task, job))
            self._collect(under_way, answers)
            while order and order[0] in answers:
                index = order.popleft()
                yield under_way.pop(index), answers.pop(index)

    def _has_idle(self) -> bool:
        return len(self._workers) < self._count or any(w.job is None for w in self._workers)

    def _give(self, index: int, work: object) -> None:
        worker = next((w for w in self._workers if w.job is None), None) or self._start()
        worker.job, worker.work, worker.has_begun = index, work, False
        worker.deadline = time.monotonic() + _START_S
        with contextlib.suppress(ConnectionError):
            # Where it is dead already, waiting for its answer says so.
            worker.pipe.send(work)

    def _collect(self, under_way: dict[int, J], answers: dict[int, R | SourceError]) -> None:
        """Wait for at least one word, death or deadline, and note the answers."""
        busy = {w.pipe: w for w in self._workers if w.job is not None}
        if not busy:
            return
        first = min(worker.deadline for worker in busy.values())
        ready = wait(list(busy), max(0.0, first - time.monotonic()))
        for pipe, worker in busy.items():
            index = worker.job
            if index is None:
                continue
            if pipe in ready:
                answer = self._receive(worker, index, under_way[index].path)
                if answer is not _NOT_YET:
                    answers[index] = answer
            elif worker.deadline <= time.monotonic():
                self._end(worker)
                why = f"reading it took longer than {self._timeout_s:g} s"
                answers[index] = SourceCorrupt(under_way[index].path, why)

    def _receive(self, worker: _Worker, index: int, path: str) -> Any:
        """Return the answer, `_NOT_YET` where the worker says that it begins, or never began."""
        try:
            word = worker.pipe.recv()
        except (EOFError, OSError):
            self._end(worker)
            if worker.has_answered and not worker.has_begun:
                # It died of the job before, after its answer: that is nothing to this one.
                self._give(index, worker.work)
                return _NOT_YET
            return SourceCorrupt(path, "reading it made the reader crash")
        if word is None:
            worker.deadline = time.monotonic() + self._timeout_s
            worker.has_begun = True
            return _NOT_YET
        good, answer = word
        worker.job, worker.has_answered = None, True
        if good:
            return answer
        error = from_record(*answer)
        if isinstance(error, SourceError):
            return error
        raise error

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        # One run of work ends with its process, even where the parent is killed.
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        worker.job = None


def _serve(pipe: Connection) -> None:
    """Do jobs until the other side goes."""
    # Imported here: the parent may not need a raster library at all.
    from engine.readers.drivers import configure_gdal  # noqa: PLC0415 -- as said above

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_gdal(_GDAL_CACHE_MB)
    # What the raster library prints about a bad file is in its status, not between progress bars.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _limit_memory()
    # A file that makes the library crash leaves no core file in the folder of whoever adds it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            task, job = pipe.recv()
        except (EOFError, OSError):
            return
        with contextlib.suppress(BrokenPipeError):
            # Only now: what the task needs was imported while it was received.
            pipe.send(None)
            pipe.send(_run(task, job))


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
