"""The processes that run registered functions for one instance: at most a few, one for each function.

A function that takes longer than it may, or whose process dies, costs the request that asked: its process is
killed and the next request gets a new one. One that was stopped again and again rests for a while, so that it
does not keep the instance from its other work. What a user's code raises is told in one sentence to the
caller, and with its traceback to the log.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from collections import OrderedDict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from cachetools import LRUCache, TTLCache

from engine.errors import ConfigError, FunctionFailed, Overloaded
from engine.python_functions.messages import Answer, Bind, Bound, Compute, Computed, Failed
from server.python_functions.channel import (
    ChannelClosed,
    check_answer,
    receive,
    receive_blocks,
    send,
    shape_of,
)
from server.python_functions.limits import FunctionLimits
from server.python_functions.manifest import read_manifest
from server.python_functions.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.budget import Budget
    from engine.function_rules import PythonRule
    from engine.pixels import PixelBlock
    from engine.python_functions.messages import Question, RasterFacts, RasterPlace

_log = logging.getLogger("swath.functions")

# How often a waiting request looks whether its client has left.
_LOOK_S = 0.1
_MOST_STOPS = 3
_REST_S = 60.0
_MOST_KNOWN = 256
_NEWS_S = 300.0

_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class PythonWorkers:
    """Runs registered functions; an `engine.python_functions.runner.PythonRunner`.

    Parameters
    ----------
    folder
        Holds <name>/<version>/ of each function.
    """

    def __init__(self, folder: Path, limits: FunctionLimits | None = None) -> None:
        self._folder = folder
        self._limits = limits or FunctionLimits()
        self._lock = threading.Lock()
        self._workers: OrderedDict[tuple[str, str], WorkerProcess] = OrderedDict()
        self._paddings: LRUCache[tuple[str, ...], int] = LRUCache(_MOST_KNOWN)
        self._stops: dict[tuple[str, str], deque[float]] = {}
        self._told: TTLCache[tuple[str, str], bool] = TTLCache(_MOST_KNOWN, _NEWS_S)
        self._current = threading.local()

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            for worker in self._workers.values():
                worker.kill()
            self._workers.clear()

    @contextmanager
    def watched_by(self, budget: Budget) -> Iterator[None]:
        """Let what this thread asks end with a request's deadline, or when its client leaves."""
        self._current.budget = budget
        try:
            yield
        finally:
            self._current.budget = None

    def padding(self, rule: PythonRule) -> int:
        """Return how many neighbours a function needs on each side.

        Raises
        ------
        FunctionFailed
        """
        key = (rule.name, rule.version, rule.scalars)
        found = self._paddings.get(key)
        if found is None:
            found = self._bound(rule, Bind(scalars=rule.scalars)).padding
            self._paddings[key] = found
        return found

    def bind(self, rule: PythonRule, facts: Sequence[RasterFacts]) -> RasterFacts:
        """Return what a function makes of rasters, without their pixels.

        Raises
        ------
        FunctionFailed
        """
        output = self._bound(rule, _binding(rule, facts)).output
        if output is None:
            raise FunctionFailed(rule.name, 0, "it did not say what it makes")
        return output

    def compute(
        self,
        rule: PythonRule,
        facts: Sequence[RasterFacts],
        blocks: Sequence[PixelBlock],
        place: RasterPlace,
    ) -> PixelBlock:
        """Return the pixels at a place, of blocks with the padding around it.

        Raises
        ------
        FunctionFailed, Overloaded, DeadlineExceeded, Cancelled
        """
        bound = _binding(rule, facts)
        asked = Compute(bound=bound, place=place, blocks=tuple(map(shape_of, blocks)))
        answer, made = self._ask(rule, asked, blocks)
        if not isinstance(answer, Computed):
            raise FunctionFailed(rule.name, 0, "it gave no pixels")
        return made[0]

    def _bound(self, rule: PythonRule, asked: Bind) -> Bound:
        answer, _ = self._ask(rule, asked)
        if not isinstance(answer, Bound):
            raise FunctionFailed(rule.name, 0, "it did not say what it makes")
        return answer

    def _ask(
        self, rule: PythonRule, question: Question, blocks: Sequence[PixelBlock] = ()
    ) -> tuple[Answer, list[PixelBlock]]:
        key = (rule.name, rule.version)
        self._check_rest(key)
        worker = self._worker(key)
        self._take(worker)
        try:
            answer, made = self._answer(worker, question, blocks)
        except TimeoutError:
            limit = self._limit(worker)
            self._stop(key, worker)
            why = f"it took longer than the limit of {limit:g} s"
            raise FunctionFailed(rule.name, 0, why) from None
        except (ChannelClosed, ConnectionError, ValueError, msgspec.MsgspecError) as err:
            why = worker.end()
            self._stop(key, worker)
            raise FunctionFailed(rule.name, 0, why) from err
        except BaseException:
            # The client left or the deadline has come: what runs for it need not end by itself.
            self._drop(key, worker)
            raise
        finally:
            worker.lock.release()
        worker.is_loaded = True
        if isinstance(answer, Failed):
            if answer.is_spent:
                self._stop(key, worker)
            raise self._failure(rule, answer)
        return answer, made

    def _answer(
        self, worker: WorkerProcess, question: Question, blocks: Sequence[PixelBlock]
    ) -> tuple[Answer, list[PixelBlock]]:
        limit = self._limit(worker)
        worker.sock.settimeout(limit)
        send(worker.sock, question, blocks)
        self._wait(worker, limit)
        answer = _decoder.decode(receive(worker.sock))
        if not isinstance(answer, Computed):
            return answer, []
        assert isinstance(question, Compute)
        check_answer(answer, question.blocks[0])
        return answer, receive_blocks(worker.sock, [answer.block])

    def _wait(self, worker: WorkerProcess, limit_s: float) -> None:
        """Wait until an answer begins; raises TimeoutError, DeadlineExceeded, Cancelled."""
        poll = select.poll()
        poll.register(worker.sock, select.POLLIN)
        end = time.monotonic() + limit_s
        while not poll.poll(_LOOK_S * 1000):
            if time.monotonic() > end:
                raise TimeoutError
            self._check_budget()

    def _take(self, worker: WorkerProcess) -> None:
        """Wait for a process that works for another request."""
        end = time.monotonic() + self._limit(worker)
        while not worker.lock.acquire(timeout=_LOOK_S):
            if time.monotonic() > end:
                raise Overloaded
            self._check_budget()

    def _check_budget(self) -> None:
        budget: Budget | None = getattr(self._current, "budget", None)
        if budget is not None:
            budget.check()

    def _limit(self, worker: WorkerProcess) -> float:
        limits = self._limits
        return limits.time_s if worker.is_loaded else max(limits.start_s, limits.time_s)

    def _worker(self, key: tuple[str, str]) -> WorkerProcess:
        """Return the process of a function, started if need be."""
        name, version = key
        with self._lock:
            worker = self._workers.get(key)
            if worker is not None and not worker.is_running:
                del self._workers[key]
                worker = None
            if worker is None:
                try:
                    manifest = read_manifest(self._folder / name / version)
                except ConfigError as err:
                    raise FunctionFailed(name, 0, "it is not registered any more") from err
                self._make_room()
                file = self._folder / name / version / manifest.file
                worker = self._workers[key] = WorkerProcess(file, self._limits)
            self._workers.move_to_end(key)
            return worker

    def _make_room(self) -> None:
        """End the process that was not used for longest, if there are as many as there may be."""
        while len(self._workers) >= self._limits.workers:
            idle = next((k for k, w in self._workers.items() if not w.lock.locked()), None)
            if idle is None:
                raise Overloaded
            self._workers.pop(idle).kill()

    def _stop(self, key: tuple[str, str], worker: WorkerProcess) -> None:
        self._drop(key, worker)
        stops = self._stops.setdefault(key, deque(maxlen=_MOST_STOPS))
        stops.append(time.monotonic())

    def _drop(self, key: tuple[str, str], worker: WorkerProcess) -> None:
        worker.kill()
        with self._lock:
            if self._workers.get(key) is worker:
                del self._workers[key]

    def _check_rest(self, key: tuple[str, str]) -> None:
        stops = self._stops.get(key)
        if stops and len(stops) == _MOST_STOPS and time.monotonic() - stops[0] < _REST_S:
            why = f"it was stopped {_MOST_STOPS} times within a minute; try again later"
            raise FunctionFailed(key[0], 0, why)

    def _failure(self, rule: PythonRule, answer: Failed) -> FunctionFailed:
        failure = FunctionFailed(rule.name, answer.line, answer.why)
        told = (rule.name, answer.why)
        if told not in self._told:
            self._told[told] = True
            _log.error("%s\n%s", failure, answer.traceback or "(its own answer, no exception)")
        return failure


def _binding(rule: PythonRule, facts: Sequence[RasterFacts]) -> Bind:
    return Bind(scalars=rule.scalars, rasters=rule.rasters, facts=tuple(facts))
