"""What the server's own instances do: ask the engine, then let the protocol's renderer speak.

Imported by the fork parent; the only module of `server` through which pixels are reached.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.answer import answer
from engine.process_memory import process_memory
from engine.python_functions.runner import use_runner
from engine.readers.drivers import gdal_version
from engine.readers.remote.breaker import share_breakers
from engine.readers.remote.connections import pages
from engine.readers.remote.patience import reading_for
from engine.readers.remote.range_client import received_bytes
from engine.readers.source_access import use_source_access
from engine.request import Request
from engine.warmup import preload as preload_engine
from engine.warmup import settle
from server.instances.answer_context import AnswerContext
from server.instances.frames import ReplyHead, Task
from server.instances.open_services import OpenServices
from server.instances.reading import FileBytes
from server.python_functions.workers import PythonWorkers

if TYPE_CHECKING:
    from engine.answer import Answer
    from engine.budget import Budget, InstanceMemory
    from engine.service import ImageService
    from server.instances.instance import Body, InstanceOrder

_PROTOCOLS_WITH_RENDERERS = ("arcgis", "wms")
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)


def _operations(protocol: str) -> Any:
    return import_module(f"server.protocols.{protocol}.operations").OPERATIONS


def preload() -> None:
    """Import the engine and all renderers and load the kernels; open nothing."""
    preload_engine()
    share_breakers()
    for protocol in _PROTOCOLS_WITH_RENDERERS:
        _operations(protocol)


def versions() -> dict[str, str]:
    """Return versions of what the front does not load."""
    return {"gdal": gdal_version()}


def make(order: InstanceOrder) -> EngineWork:
    """Return the work of a new instance."""
    use_source_access(order.sources)
    pages().max_bytes = order.memory.remote_bytes
    functions = None
    if order.functions:
        functions = PythonWorkers(Path(order.functions), order.function_limits)
    use_runner(functions)
    work = EngineWork(order.memory, order.open_services, functions)
    work.close_idle_services()
    return work


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
        self._file_bytes = FileBytes()

    def close_idle_services(self) -> None:
        """Close services that are not asked for, from now on."""
        self._services.watch()

    def settle(self) -> None:
        """Open what the first request would have to."""
        settle()

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
        decoded_before, received_before = self._blocks.misses, received_bytes()
        head, body = self._answer(task, budget)
        head.blocks_decoded = self._blocks.misses - decoded_before
        if head.blocks_decoded:
            head.bytes_read = self._file_bytes.since_last() + received_bytes() - received_before
        return head, body

    def _answer(self, task: Task, budget: Budget) -> tuple[ReplyHead, Body]:
        request = _request_decoder.decode(task.request)
        with (
            self._services.use(task.path) as service,
            self._watched(budget),
            reading_for(budget),
        ):
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
