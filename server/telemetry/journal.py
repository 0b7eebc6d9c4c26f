"""What is told of single requests: their ids, lines of the access log, lines about slow ones.

Who wants to hear of every request (tracing) is a listener. With none and without access log a request
costs two comparisons here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from server.http.request_id import new_request_id, sent_request_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope

    from config.settings import Settings
    from server.http.proxy import PublicAddress
    from server.metrics.counts import Metrics

_access = logging.getLogger("swath.access")
_slow = logging.getLogger("swath.slow")

_MAX_PATH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One request when it is over.

    Attributes
    ----------
    status : int
        What happened, where a protocol answers errors with 200.
    cache : str
        "hit" or "miss"; "" = nothing that is kept was asked for.
    stages : mapping of str to float
        Milliseconds of a rendered answer.
    error : str
        Class of the error, "" for none.
    """

    scope: Scope
    request_id: bytes
    service: str
    protocol: str
    operation: str
    status: int
    seconds: float
    body_bytes: int
    cache: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


class Journal:
    """Tells of requests.

    Attributes
    ----------
    is_wanted : bool
        Every request is to be noted, not the slow ones alone.
    slow_s : float
        A request that took longer gets a line.
    """

    def __init__(self, settings: Settings, metrics: Metrics, address: PublicAddress) -> None:
        self.metrics = metrics
        self._address = address
        self._has_proxies = bool(settings.trusted_proxies)
        self._listeners: list[Callable[[Finished], None]] = []
        self.follow(settings)

    def follow(self, settings: Settings) -> None:
        """Tell from now on what these settings ask for."""
        self.slow_s = settings.slow_request_s
        self._is_logging = settings.access_log
        self.is_wanted = settings.access_log or bool(self._listeners)

    def listen(self, listener: Callable[[Finished], None]) -> None:
        """Let somebody hear of every request."""
        self._listeners.append(listener)
        self.is_wanted = True

    def request_id(self, scope: Scope) -> bytes:
        """Return the id of a request that begins."""
        if self._has_proxies and self._address.is_from_proxy(scope):
            return sent_request_id(scope["headers"]) or new_request_id()
        return new_request_id()

    def note(self, finished: Finished) -> None:
        """Tell of a request; call it where `is_wanted` or it took longer than `slow_s`."""
        if self._is_logging:
            self._log_access(finished)
        if finished.seconds > self.slow_s:
            self.metrics.slow_requests += 1
            self._log_slow(finished)
        for listener in self._listeners:
            listener(finished)

    def _log_access(self, finished: Finished) -> None:
        fields = self._fields(finished)
        _access.info(
            "%(method)s %(path)s %(status)d %(ms).1f ms %(bytes)d bytes "
            "%(protocol)s:%(operation)s %(cache)s %(client)s",
            {**fields, "cache": finished.cache or "-", "client": fields["client"] or "-"},
            extra=fields,
        )

    def _log_slow(self, finished: Finished) -> None:
        stages = {name: round(ms, 1) for name, ms in finished.stages.items()}
        told = ", ".join(f"{name} {ms:g}" for name, ms in stages.items()) or "none was rendered"
        fields = self._fields(finished)
        _slow.warning(
            "slow: %s %s %d took %.0f ms; stages: %s",
            fields["method"],
            fields["path"],
            finished.status,
            fields["ms"],
            told,
            extra={**fields, "stages": stages},
        )

    def _fields(self, finished: Finished) -> dict[str, Any]:
        scope = finished.scope
        return {
            "method": scope["method"],
            # The query may hold tokens: the path alone is logged, without what would break a line.
            "path": _printable(scope["path"]),
            "service": finished.service,
            "protocol": finished.protocol,
            "operation": finished.operation,
            "status": finished.status,
            "ms": round(finished.seconds * 1e3, 2),
            "bytes": finished.body_bytes,
            "cache": finished.cache,
            "client": self._address.client(scope),
            "error": finished.error,
            "request_id": finished.request_id.decode(),
        }


def _printable(path: str) -> str:
    shown = path[:_MAX_PATH]
    return shown if shown.isprintable() else ascii(shown)[1:-1]
