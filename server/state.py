"""What the handlers of one server process share: services, pool, caches, counts."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.budget import InstanceMemory
from engine.errors import ServiceNotFound
from server.coalesce import Coalescer
from server.instances.keeper import KeeperOptions
from server.instances.pool import Pool, QueueOptions
from server.metrics import Metrics, Snapshot
from server.proxy import PublicAddress
from server.python_functions.folder import functions_folder
from server.python_functions.limits import FunctionLimits
from server.response_cache import ResponseCache
from server.service_registry import ServiceRegistry

if TYPE_CHECKING:
    from starlette.requests import Request

    from config.settings import Settings
    from server.instances.job import Job, Reply
    from server.response_cache import Key
    from server.service_registry import PublishedService

_log = logging.getLogger("swath.server")

_POLL_S = 0.5
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, and whether it was kept from before."""

    reply: Reply
    is_kept: bool


class ServerState:
    """Open services, pool and caches of one front process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = ServiceRegistry(Path(settings.data))
        self.pool = Pool(_keeping(settings), _queueing(settings))
        self.cache = ResponseCache(settings.memory.response_cache_mb * _MB)
        self.coalescer = Coalescer(self.pool)
        self.metrics = Metrics()
        self.address = PublicAddress(settings)
        self.is_stopping = False
        self._poller: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Read the published services for the first time, before the server listens."""
        try:
            await asyncio.to_thread(self.registry.poll)
        except Exception:
            # `start` meets it again, and says what is to be done about it.
            _log.exception("the data folder cannot be read")

    async def start(self) -> None:
        """Read the published services and start the instances.

        Raises
        ------
        ConfigError
        """
        await asyncio.to_thread(self.registry.poll)
        await self.pool.start()
        self._poller = asyncio.create_task(self._follow_registry())

    async def stop(self) -> None:
        """Stop following and end the instances."""
        self.is_stopping = True
        if self._poller is not None:
            self._poller.cancel()
        await self.pool.stop()

    @property
    def is_ready(self) -> bool:
        """Whether requests for pixels would be answered now."""
        return not self.is_stopping and self.pool.is_ready

    def service(self, name: str) -> PublishedService:
        """Return a started service.

        Raises
        ------
        ServiceNotFound
        """
        found = self.registry.get(name)
        if found is None:
            raise ServiceNotFound(name)
        return found

    def public_base(self, request: Request) -> str:
        """Return "https://host/prefix" as seen from outside, without a slash at its end."""
        return self.address.base(request.scope)

    async def ask(self, job: Job) -> Reply:
        """Return the answer to a job: kept, joined to one in flight, or made now.

        Raises
        ------
        ImageServerError
        """
        return (await self.answer(job, job.question())).reply

    async def answer(self, job: Job, question: bytes) -> Answered:
        """Do as `ask`; the caller has the canonical question already.

        Raises
        ------
        ImageServerError
        """
        key = (job.service.version, job.service.name, question)
        kept = self.cache.get(key)
        if kept is not None:
            return Answered(kept, is_kept=True)
        reply = await self.coalescer.ask(key, job)
        self.keep(key, reply, f"{job.operation} of {job.service.name}")
        return Answered(reply, is_kept=False)

    def keep(self, key: Key, reply: Reply, what: str) -> None:
        """Take note of a new answer: cache, times of its stages, log."""
        self.cache.put(key, reply)
        self.metrics.observe_stages(reply.stages)
        self.metrics.observe_losses(key[1], reply)
        if reply.truncated:
            _log.warning("%s was truncated", what)

    def exposition(self) -> bytes:
        """Return the metrics in Prometheus' text form; not on the event loop."""
        snapshot = Snapshot(
            pool=self.pool.state(),
            cache_hits=self.cache.hits,
            cache_misses=self.cache.misses,
            cache_bytes=self.cache.filled_bytes,
            joined=self.coalescer.joined,
            services=len(self.registry.names()),
        )
        return self.metrics.exposition(snapshot)

    async def _follow_registry(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            try:
                if await asyncio.to_thread(self.registry.poll):
                    _log.info("services: %s", ", ".join(self.registry.names()) or "none")
            except Exception:
                # The services that are known go on; the next poll may find the folder mended.
                _log.exception("the data folder cannot be read")


def _keeping(settings: Settings) -> KeeperOptions:
    memory = InstanceMemory(
        block_cache_bytes=settings.block_cache_mb * _MB,
        gdal_cache_bytes=settings.memory.gdal_mb * _MB,
        scratch_bytes=settings.memory.scratch_mb * _MB,
        terrain_bytes=settings.memory.terrain_mb * _MB,
    )
    return KeeperOptions(
        instances=settings.instance_count,
        memory=memory,
        open_services=settings.limits.open_services,
        log_format=settings.log_format,
        functions=str(functions_folder(Path(settings.data)).absolute()),
        function_limits=FunctionLimits(
            time_s=settings.functions.time_s,
            start_s=settings.functions.start_s,
            memory_mb=settings.functions.memory_mb,
            workers=settings.functions.workers,
        ),
    )


def _queueing(settings: Settings) -> QueueOptions:
    timeouts = settings.timeouts
    return QueueOptions(
        max_queue=settings.limits.max_queue,
        usage_timeout_s=timeouts.request_s,
        wait_timeout_s=timeouts.wait_s,
        hang_s=timeouts.hang_s,
    )
