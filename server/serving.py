"""Run the front: one uvicorn server with our limits, and a stop that loses no request."""

from __future__ import annotations

import logging
import resource
import signal
from typing import TYPE_CHECKING, Any

import uvicorn

from server.app import create_app
from server.http.http_guard import Guard
from server.http.listening import check_address
from server.instances.process import keep_free_memory
from server.telemetry.logs import configure_logging

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from config.layers import Layers
    from config.settings import Settings
    from server.state import ServerState

_log = logging.getLogger("swath.server")

# Time in which load balancers see that the server is no longer ready, before it stops listening.
_DRAIN_S = 0.5
_BACKLOG = 2048
_SPARE_DESCRIPTORS = 256


class _Server(uvicorn.Server):
    """uvicorn's server with a stop in three steps: not ready, not listening, gone with code 0."""

    def __init__(self, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config)
        self._state = state
        self._asked = 0
        self._drain_ticks = round(_DRAIN_S / 0.1)
        self.exit_code = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; asked twice, stop at once."""
        del frame
        self._asked += 1
        self._state.is_stopping = True
        if self._asked > 1:
            self.should_exit = True
            self.force_exit = sig == signal.SIGINT

    def fail(self) -> None:
        """Stop because the instances cannot be started."""
        self.exit_code = 1
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Count the time to drain; called every 0.1 s."""
        if self._asked and not self.should_exit:
            self._drain_ticks -= 1
            self.should_exit = self._drain_ticks <= 0
        return await super().on_tick(counter)


def run_server(
    settings: Settings,
    on_listening: Callable[[int], None] | None = None,
    layers: Layers | None = None,
) -> int:
    """Serve until told to stop, and return the exit code of the process.

    Parameters
    ----------
    on_listening
        Called with the port once the server listens.
    layers
        See `create_app`.

    Raises
    ------
    ConfigError
        The address cannot be listened on, or a setting cannot be.
    """
    check_address(settings.host, settings.port)
    configure_logging(settings.log_format)
    _allow_descriptors(settings.limits.max_connections)
    keep_free_memory()
    app = create_app(settings, layers)
    guard = Guard(settings, app.shortcut.begin, app.state.metrics.reject)
    app.state.connections = lambda: len(guard.connections)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=guard.protocol(),  # type: ignore[arg-type]  # -- uvicorn's annotation wants a class; it only ever calls it
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=round(settings.timeouts.keep_alive_s),
        timeout_graceful_shutdown=round(settings.timeouts.shutdown_s),
    )
    server = _Server(config, app.state)
    app.on_failure = server.fail
    if on_listening is not None:
        _tell_when_listening(server, on_listening)
    server.run()
    return server.exit_code


def _tell_when_listening(server: _Server, tell: Callable[[int], None]) -> None:
    log_started = server._log_started_message  # noqa: SLF001 -- the one place where uvicorn knows its sockets and listens

    def told(listeners: Any) -> None:
        log_started(listeners)
        tell(listeners[0].getsockname()[1])

    server._log_started_message = told  # type: ignore[method-assign]  # noqa: SLF001 -- see above


def _allow_descriptors(connections: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        if limit < wanted:
            _log.warning(
                "only %d open files are allowed: limits.max_connections is too high", limit
            )
