"""What the front counts itself, bounded in size whatever is asked.

A label set of its own for each (service, protocol, operation) that was asked, up to a limit; services
beyond it are counted together as "other".
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import (
    AccessError,
    ImageServerError,
    Overloaded,
    RequestError,
    RequestTooLarge,
)
from server.metrics.histogram import Histogram
from server.metrics.sample import Sample
from server.metrics.series import Series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.instances.job import Job, Reply

OTHER = "other"
MAX_SERIES = 2000

# The first that an error belongs to; an error of none was not turned away, it failed.
_REASONS: tuple[tuple[type[ImageServerError], str], ...] = (
    (RequestTooLarge, "too_large"),
    (Overloaded, "overload"),
    (RequestError, "bad_input"),
    (AccessError, "no_access"),
)


@dataclass(slots=True)
class _Work:
    """What rendering took of one service, and what it had to leave out."""

    source_bytes: int = 0
    blocks: int = 0
    skipped: int = 0
    no_terrain_px: int = 0
    truncated: int = 0
    last_skipped: float = float("-inf")


class Metrics:
    """Counters of the front.

    Parameters
    ----------
    max_series
        Label sets of requests; what is beyond is "other".
    """

    def __init__(self, max_series: int = MAX_SERIES) -> None:
        self._max_series = max_series
        self._series: dict[tuple[str, str, str], Series] = {}
        self._work: dict[str, _Work] = {}
        self._errors: dict[tuple[str, str], int] = {}
        self._rejected: dict[str, int] = {}
        self._queue_waits = Histogram()
        self.loop_lags = Histogram()
        self.open_requests = 0
        self.slow_requests = 0

    def series(self, service: str, protocol: str, operation: str) -> Series:
        """Return where the requests of an operation are counted.

        Parameters
        ----------
        service, protocol, operation
            A published name or "", and names from fixed sets; never text of the client's.
        """
        found = self._series.get((service, protocol, operation))
        return self._new_series(service, protocol, operation) if found is None else found

    def _new_series(self, service: str, protocol: str, operation: str) -> Series:
        if service and len(self._series) >= self._max_series:
            service = OTHER
        key = (service, protocol, operation)
        return self._series.setdefault(key, Series(key))

    def observe_reply(self, job: Job, reply: Reply) -> None:
        """Count what one rendered answer took and what it had to leave out."""
        series = self.series(job.service.name, job.protocol, job.operation)
        series.observe_stages(reply.stages)
        self._queue_waits.observe(reply.stages.get("queue", 0.0) / 1e3)
        work = self._work_of(series.labels[0])
        work.source_bytes += reply.bytes_read
        work.blocks += reply.blocks_decoded
        work.truncated += reply.truncated
        work.no_terrain_px += reply.no_terrain_px
        if reply.skipped:
            work.skipped += reply.skipped
            work.last_skipped = time.monotonic()

    def _work_of(self, service: str) -> _Work:
        found = self._work.get(service)
        if found is None:
            found = self._work[service] = _Work()
        return found

    def observe_error(self, service: str, error: ImageServerError) -> None:
        """Count an answer that is an error; `service` is a published name or ""."""
        key = (service, type(error).__name__)
        if key not in self._errors and len(self._errors) >= self._max_series:
            key = (OTHER, key[1])
        self._errors[key] = self._errors.get(key, 0) + 1
        reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), None)
        if reason is not None:
            self.reject(reason)

    def reject(self, reason: str) -> None:
        """Count a request that was turned away before anybody looked at what it asks."""
        self._rejected[reason] = self._rejected.get(reason, 0) + 1

    def losing(self, within_s: float) -> tuple[str, ...]:
        """Return the services that left out rasters which cannot be read, by name."""
        since = time.monotonic() - within_s
        return tuple(sorted(n for n, each in self._work.items() if each.last_skipped > since))

    def samples(self) -> Iterator[Sample]:
        """Yield what is counted here; on another thread than the one that counts."""
        for series in list(self._series.values()):
            yield from _series_samples(series)
        for name, work in list(self._work.items()):
            yield from _work_samples(name, work)
        for key, count in list(self._errors.items()):
            yield Sample("swath_errors_total", count, key)
        for reason, count in list(self._rejected.items()):
            yield Sample("swath_rejected_total", count, (reason,))
        yield Sample("swath_wait_for_instance_seconds", self._queue_waits)
        yield Sample("swath_event_loop_lag_seconds", self.loop_lags)
        yield Sample("swath_open_requests", self.open_requests)
        yield Sample("swath_slow_requests_total", self.slow_requests)


def _series_samples(series: Series) -> Iterator[Sample]:
    labels = series.labels
    for status, count in list(series.statuses.items()):
        yield Sample("swath_requests_total", count, (*labels, str(status)))
    if series.statuses:
        yield Sample("swath_request_duration_seconds", series.durations, labels)
        yield Sample("swath_response_body_bytes_total", series.body_bytes, labels)
    for stage, (runs, milliseconds) in list(series.stages.items()):
        yield Sample("swath_stage_seconds_total", milliseconds / 1e3, (*labels, stage))
        yield Sample("swath_stage_runs_total", runs, (*labels, stage))


def _work_samples(service: str, work: _Work) -> Iterator[Sample]:
    labels = (service,)
    yield Sample("swath_source_bytes_total", work.source_bytes, labels)
    yield Sample("swath_blocks_decoded_total", work.blocks, labels)
    for name, count in (
        ("swath_sources_skipped_total", work.skipped),
        ("swath_no_terrain_pixels_total", work.no_terrain_px),
        ("swath_truncated_total", work.truncated),
    ):
        if count:
            yield Sample(name, count, labels)
