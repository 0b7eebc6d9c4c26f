"""What the server's own instances do: ask the engine, then let the protocol's renderer speak.

Imported by the fork parent; the only module of `server` through which pixels are reached.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.answer import answer
from engine.process_memory import process_memory
from engine.python_functions.runner import use_runner
from engine.request import Request
from engine.service import ImageService, open_service
from engine.warmup import preload as preload_engine
from server.instances.answer_context import AnswerContext
from server.instances.frames import ReplyHead, Task
from server.python_functions.workers import PythonWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.answer import Answer
    from engine.budget import Budget, InstanceMemory
    from server.instances.instance import Body, InstanceOrder

_PROTOCOLS_WITH_RENDERERS = ("arcgis",)
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)


def _operations(protocol: str) -> Any:
    return import_module(f"server.protocols.{protocol}.operations").OPERATIONS


def preload() -> None:
    """Import the engine and all renderers and load the kernels; open nothing."""
    preload_engine()
    for protocol in _PROTOCOLS_WITH_RENDERERS:
        _operations(protocol)


def make(order: InstanceOrder) -> EngineWork:
    """Return the work of a new instance."""
    functions = None
    if order.functions:
        functions = PythonWorkers(Path(order.functions), order.function_limits)
    use_runner(functions)
    return EngineWork(order.memory, order.open_services, functions)


@dataclass(slots=True)
class _Opened:
    service: ImageService
    users: int = 0
    is_dropped: bool = False


class OpenServices:
    """The service versions this instance has open: the latest used, each closed after its last user."""

    def __init__(self, memory: InstanceMemory, limit: int) -> None:
        self._memory = memory
        self._limit = limit
        self._lock = threading.Lock()
        self._opened: OrderedDict[str, _Opened] = OrderedDict()

    def __len__(self) -> int:
        return len(self._opened)

    @contextmanager
    def use(self, path: str) -> Iterator[ImageService]:
        """Lend the service at `path`, opened if need be."""
        with self._lock:
            opened = self._opened.get(path)
            if opened is None:
                opened = self._opened[path] = _Opened(open_service(path, self._memory))
                self._drop_oldest()
            self._opened.move_to_end(path)
            opened.users += 1
        try:
            yield opened.service
        finally:
            with self._lock:
                opened.users -= 1
                if opened.is_dropped and not opened.users:
                    opened.service.close()

    def _drop_oldest(self) -> None:
        while len(self._opened) > self._limit:
            _, oldest = self._opened.popitem(last=False)
            oldest.is_dropped = True
            if not oldest.users:
                oldest.service.close()


class EngineWork:
    """Answers tasks with the engine."""

    def __init__(
        self,
        memory: InstanceMemory,
        open_services_limit: int,
        functions: PythonWorkers | None = None,
    ) -> None:
        self._functions = functions
        self._services = OpenServices(memory, open_services_limit)
        self._blocks = process_memory(memory).blocks

    def open_services(self) -> int:
        """Return how many services are open."""
        return len(self._services)

    def block_cache(self) -> tuple[int, int, int]:
        """Return how many bytes of the block cache are filled, its hits and its misses."""
        return self._blocks.nbytes, self._blocks.hits, self._blocks.misses

    def answer(self, task: Task, budget: Budget) -> tuple[ReplyHead, Body]:
        """Return the answer to one task.

        Raises
        ------
        ImageServerError
        """
        request = _request_decoder.decode(task.request)
        with self._services.use(task.path) as service, self._watched(budget):
            found = answer(service, request, budget)
            head = ReplyHead(
                media_type=found.media_type,
                headers=found.headers,
                stages=dict(found.stages),
                truncated=found.truncated,
                cacheable=found.cacheable,
                skipped=found.skipped,
                no_terrain_px=found.no_terrain_px,
            )
            if found.record is None:
                return head, found.body
            started = time.perf_counter()
            head.media_type, body = _format(task, request, service, found)
            head.stages["format"] = (time.perf_counter() - started) * 1e3
            return head, body

    def _watched(self, budget: Budget) -> AbstractContextManager[None]:
        return nullcontext() if self._functions is None else self._functions.watched_by(budget)


def _format(task: Task, request: Request, service: ImageService, found: Answer) -> tuple[str, Body]:
    if not task.renderer:
        return "application/json", msgspec.json.encode(found.record)
    protocol, _, operation = task.renderer.partition(":")
    context = AnswerContext(
        service=task.service, summary=service.summary, request=request, options=task.options
    )
    media_type, body = _operations(protocol)[operation].answer(found.record, context)
    return media_type, body
