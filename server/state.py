"""What the handlers of one server process share: services, pools, caches, counts."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from engine.answer_size import check_request_size
from engine.budget import InstanceMemory
from engine.errors import ConfigError, ServiceNotFound
from engine.readers.source_access import SourceAccess
from engine.request import ImageRequest, PictureInfoRequest
from server.access.access import Access
from server.access.form_tokens import FormTokens
from server.access.sessions import Sessions
from server.answers.answers import Answers
from server.answers.cache_folder import folder_of
from server.answers.cache_orders import CacheOrders
from server.answers.coalesce import Coalescer
from server.answers.disk_cache import DiskCache
from server.answers.output_pictures import OutputPictures
from server.answers.response_cache import ResponseCache
from server.http.proxy import PublicAddress
from server.instances.fork_parents import ForkParentOptions
from server.instances.instance import InstanceOrder
from server.instances.pool_options import PoolsOptions, QueueOptions
from server.instances.pools import Pools
from server.instances.recycling import RecyclingLimits
from server.instances.scaling import Scale
from server.metrics.counts import Metrics
from server.metrics.loop_lag import watch_loop
from server.oidc.configured import provider_of
from server.python_functions.folder import functions_folder
from server.python_functions.limits import FunctionLimits
from server.site.connection_store import connections_folder
from server.site.data_folder import DataFolder
from server.site.live_settings import LiveSettings
from server.site.service_registry import ServiceRegistry
from server.site.serving_note import ServingNote
from server.telemetry.journal import Journal
from server.visitor import visitor_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Scope

    from config.layers import Layers
    from config.settings import Settings
    from server.answers.answered import Answered
    from server.instances.job import Job, Reply
    from server.site.service_registry import PublishedService
    from server.telemetry.tracing import Tracing

_log = logging.getLogger("swath.server")

_POLL_S = 0.5
_MB = 1024 * 1024


class ServerState:
    """Open services, pools and caches of one front process.

    Attributes
    ----------
    connections : callable
        Returns how many clients are connected; whoever listens puts it here.
    followers : list of callable
        Told the settings when others are in force than before.
    """

    def __init__(self, settings: Settings, layers: Layers | None = None) -> None:
        self.live = LiveSettings(settings, layers)
        self._note = ServingNote(Path(settings.data))
        self.access = Access(
            Path(settings.data), settings.access, lambda name: self.registry.get(name) is not None
        )
        # Services appear with what was said of them before.
        self.registry = ServiceRegistry(Path(settings.data), self.access.poll)
        self.pools = Pools(
            ForkParentOptions(log_format=settings.log_format), pools_options(settings)
        )
        self.coalescer = Coalescer(self.pools)
        self.sessions = Sessions(settings.timeouts.session_s)
        self.form_tokens = FormTokens()
        self.provider = provider_of(settings.oidc)
        self.outputs = OutputPictures(
            settings.timeouts.output_s, shared_with=self.access.shared_with
        )
        self.metrics = Metrics()
        memory = ResponseCache(settings.memory.response_cache_mb * _MB, settings.cache.fresh_s)
        self._orders = CacheOrders(Path(settings.data))
        self.answers = Answers(memory, _disk_cache(settings), self.coalescer, self.metrics)
        self.address = PublicAddress(settings)
        self.journal = Journal(settings, self.metrics, self.address)
        self.is_stopping = False
        self._tracing: Tracing | None = None
        self.connections: Callable[[], int] = lambda: 0
        self.followers: list[Callable[[Settings], None]] = [self.journal.follow]
        self._watchers: list[asyncio.Task[None]] = []
        self._scales: dict[str, Scale] = {}

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.live.current

    async def look(self) -> None:
        """Read the published services for the first time, before the server listens."""
        await asyncio.to_thread(self._note.warn_of_other)
        try:
            await asyncio.to_thread(self._read_site)
        except ConfigError:
            # `start` meets it again, and says what is to be done about it.
            _log.debug("the data folder cannot be read", exc_info=True)
        except Exception:
            _log.exception("the data folder cannot be read")
        await asyncio.to_thread(self._note.tell, self.live, self._instances())

    async def start(self) -> None:
        """Read the published services and start the instances.

        Raises
        ------
        ConfigError
        """
        await asyncio.to_thread(self._read_site)
        self._scales = _scales(self.registry)
        self.pools.place(self._scales)
        self._trace()
        await self.answers.start(self.registry, self._is_busy)
        await self.pools.start()
        self._watchers = [
            asyncio.create_task(self._follow()),
            asyncio.create_task(watch_loop(self.metrics.loop_lags)),
        ]

    def _trace(self) -> None:
        if not self.settings.tracing.endpoint:
            return
        # Not at the top: a server without traces does without the SDK.
        from server.telemetry.tracing import Tracing  # noqa: PLC0415 -- see above

        self._tracing = Tracing(self.settings.tracing)
        self.journal.listen(self._tracing.note)

    def _read_site(self) -> None:
        self.access.open()
        self.registry.poll()

    async def stop(self) -> None:
        """Stop following and end the instances."""
        self.is_stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        await self.pools.stop()
        await self.answers.stop()
        self.access.close()
        self._note.remove()
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.stop)

    @property
    def is_ready(self) -> bool:
        """Whether requests for pixels would be answered now."""
        return not self.is_stopping and self.pools.is_ready

    @property
    def can_sign_in(self) -> bool:
        """Whether there is anybody to sign in as."""
        return self.access.has_accounts or self.provider is not None

    def service(self, name: str) -> PublishedService:
        """Return a started service, whoever asks: protocols ask their `Visitor` instead.

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

    def client_of(self, scope: Scope) -> str:
        """Return whom a request is counted under where clients share the instances."""
        return visitor_of(self, scope).client

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
        self._check_size(job)
        return await self.answers.ask((job.service.version, job.service.name, question), job)

    def _check_size(self, job: Job) -> None:
        """Refuse a picture that no instance has room for."""
        asked = job.request
        image = asked.image if isinstance(asked, PictureInfoRequest) else asked
        if isinstance(image, ImageRequest):
            room = self.settings.memory.scratch_mb * _MB
            check_request_size(image, job.service.summary, room)

    def _is_busy(self) -> bool:
        """Tell whether askers wait for an instance."""
        return any(pool.waiting for pool in self.pools.state().pools)

    async def _follow(self) -> None:
        problem = ""
        while True:
            await asyncio.sleep(_POLL_S)
            try:
                await self._follow_folder()
                problem = ""
            except Exception as err:
                # What is known goes on; the next poll may find the folder mended. Said once.
                if str(err) != problem:
                    _log.exception("the data folder cannot be read")
                problem = str(err)

    async def _follow_folder(self) -> None:
        await asyncio.to_thread(self.access.poll)
        if await asyncio.to_thread(self.registry.poll):
            _log.info("services: %s", ", ".join(self.registry.names()) or "none")
            await self.answers.sweep()
        for name, order in await asyncio.to_thread(self._orders.new):
            report = self.answers.follow(order)
            await asyncio.to_thread(self._orders.tell, name, report)
        is_changed = await asyncio.to_thread(self.live.poll)
        await asyncio.to_thread(self.access.follow, self.settings.access)
        scales = _scales(self.registry)
        if is_changed or scales != self._scales:
            self._scales = scales
            has_room = await asyncio.to_thread(self.live.refit)
            self._configure()
            if has_room:
                self.pools.place(scales)
        await asyncio.to_thread(self._note.tell, self.live, self._instances())

    def _instances(self) -> dict[str, int]:
        return {pool.name: pool.ready for pool in self.pools.state().pools}

    def _configure(self) -> None:
        """Let the settings in force be followed by what is made of them."""
        self.pools.configure(pools_options(self.settings))
        self.answers.memory.resize(self.settings.memory.response_cache_mb * _MB)
        self.answers.memory.fresh_s = self.settings.cache.fresh_s
        for follow in self.followers:
            follow(self.settings)


def _scales(registry: ServiceRegistry) -> dict[str, Scale]:
    """Return between how many instances of its own each service that has some moves."""
    return {
        service.name: Scale(
            minimum=service.placement.minimum,
            maximum=service.placement.maximum,
            idle_s=service.summary.properties.idle_timeout_s,
        )
        for service in map(registry.get, registry.names())
        if service is not None and service.placement.is_dedicated
    }


def pools_options(settings: Settings) -> PoolsOptions:
    """Return what the settings say about instances and queues."""
    timeouts = settings.timeouts
    queueing = QueueOptions(
        max_queue=settings.limits.max_queue,
        usage_timeout_s=timeouts.request_s,
        wait_timeout_s=timeouts.wait_s,
        hang_s=timeouts.hang_s,
        quarantine_s=timeouts.quarantine_s,
    )
    recycling = settings.recycling
    return PoolsOptions(
        instances=settings.instance_count,
        template=_template(settings),
        queueing=queueing,
        recycling=RecyclingLimits(
            requests=recycling.requests,
            age_s=recycling.age_s,
            memory_bytes=settings.instance_share_mb * _MB * recycling.memory_percent // 100,
        ),
    )


def _template(settings: Settings) -> InstanceOrder:
    memory = InstanceMemory(
        block_cache_bytes=settings.block_cache_mb * _MB,
        gdal_cache_bytes=settings.memory.gdal_mb * _MB,
        scratch_bytes=settings.memory.scratch_mb * _MB,
        terrain_bytes=settings.memory.terrain_mb * _MB,
        remote_bytes=settings.memory.remote_mb * _MB,
    )
    return InstanceOrder(
        number=0,
        memory=memory,
        open_services=settings.limits.open_services,
        silence_s=settings.timeouts.heartbeat_s,
        sources=SourceAccess(
            connections=str(connections_folder(Path(settings.data)).absolute()),
            roots=settings.roots,
        ),
        functions=str(functions_folder(Path(settings.data)).absolute()),
        function_limits=FunctionLimits(
            time_s=settings.functions.time_s,
            start_s=settings.functions.start_s,
            memory_mb=settings.functions.memory_mb,
            workers=settings.functions.workers,
        ),
    )


def _disk_cache(settings: Settings) -> DiskCache | None:
    cache = settings.cache
    if not cache.disk_mb:
        return None
    return DiskCache(
        folder_of(settings),
        cache.disk_mb * _MB,
        cache.index_mb * _MB,
        DataFolder(Path(settings.data)).holds,
    )
