"""What the server counts, for Prometheus.

Counted in plain numbers on the event loop (a labelled client metric costs more than the look-up of a
cached tile) and turned into metric families when asked for. Labels come from fixed sets and published
names, never from the text of a request.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from server.instances.job import Reply
    from server.instances.pool import PoolState

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


@dataclass(slots=True)
class _Latency:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    total_s: float = 0.0


@dataclass(slots=True)
class _Stage:
    count: int = 0
    total_ms: float = 0.0


@dataclass(slots=True)
class _Losses:
    skipped: int = 0
    no_terrain_px: int = 0
    last_skipped: float = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Numbers that others keep, read when metrics are asked for."""

    pool: PoolState
    cache_hits: int
    cache_misses: int
    cache_bytes: int
    joined: int
    services: int


class Metrics:
    """Counters of the front."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, str, int], int] = {}
        self._latencies: dict[tuple[str, str], _Latency] = {}
        self._stages: dict[str, _Stage] = {}
        self._losses: dict[str, _Losses] = {}
        self.open_requests = 0

    def observe(
        self, *, service: str, protocol: str, operation: str, status: int, seconds: float
    ) -> None:
        """Count one finished request."""
        key = (service, protocol, operation, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        latency = self._latencies.get((protocol, operation))
        if latency is None:
            latency = self._latencies[protocol, operation] = _Latency()
        latency.counts[bisect_left(BUCKETS_S, seconds)] += 1
        latency.total_s += seconds

    def observe_stages(self, stages: Mapping[str, float]) -> None:
        """Add the milliseconds of each stage of one rendered answer."""
        for name, milliseconds in stages.items():
            stage = self._stages.get(name)
            if stage is None:
                stage = self._stages[name] = _Stage()
            stage.count += 1
            stage.total_ms += milliseconds

    def observe_losses(self, service: str, reply: Reply) -> None:
        """Count what one rendered answer had to leave out."""
        if not reply.skipped and not reply.no_terrain_px:
            return
        losses = self._losses.setdefault(service, _Losses())
        losses.no_terrain_px += reply.no_terrain_px
        if reply.skipped:
            losses.skipped += reply.skipped
            losses.last_skipped = time.monotonic()

    def losing(self, within_s: float) -> tuple[str, ...]:
        """Return the services that left out rasters which cannot be read, by name."""
        since = time.monotonic() - within_s
        return tuple(sorted(n for n, each in self._losses.items() if each.last_skipped > since))

    def exposition(self, snapshot: Snapshot) -> bytes:
        """Return everything in Prometheus' text form; reads /proc, so not on the event loop."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(self, snapshot))
        return generate_latest(registry)

    def families(self) -> Iterator[Metric]:
        """Yield what is counted here."""
        requests = CounterMetricFamily(
            "swath_requests",
            "Finished requests",
            labels=["service", "protocol", "operation", "status"],
        )
        for (service, protocol, operation, status), count in self._requests.items():
            requests.add_metric([service, protocol, operation, str(status)], count)
        yield requests
        latencies = HistogramMetricFamily(
            "swath_request_seconds", "Time of requests", labels=["protocol", "operation"]
        )
        for (protocol, operation), latency in self._latencies.items():
            buckets = _cumulative(latency.counts)
            latencies.add_metric([protocol, operation], buckets, sum_value=latency.total_s)
        yield latencies
        seconds = CounterMetricFamily("swath_stage_seconds", "Time in stages", labels=["stage"])
        counts = CounterMetricFamily("swath_stage_runs", "Runs of stages", labels=["stage"])
        for name, stage in self._stages.items():
            seconds.add_metric([name], stage.total_ms / 1e3)
            counts.add_metric([name], stage.count)
        yield seconds
        yield counts
        yield from self._loss_families()
        yield GaugeMetricFamily(
            "swath_open_requests", "Requests not yet answered", value=self.open_requests
        )

    def _loss_families(self) -> Iterator[Metric]:
        skipped = CounterMetricFamily(
            "swath_sources_skipped", "Rasters left out of answers: not readable", labels=["service"]
        )
        pixels = CounterMetricFamily(
            "swath_no_terrain_pixels", "Pixels empty for want of terrain", labels=["service"]
        )
        for service, losses in self._losses.items():
            skipped.add_metric([service], losses.skipped)
            pixels.add_metric([service], losses.no_terrain_px)
        yield skipped
        yield pixels


class _Families(Collector):
    def __init__(self, metrics: Metrics, snapshot: Snapshot) -> None:
        self._metrics = metrics
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        """Yield all metric families."""
        yield from self._metrics.families()
        yield from _snapshot_families(self._snapshot)


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    total = 0
    buckets = []
    for bound, count in zip([*BUCKETS_S, float("inf")], counts, strict=True):
        total += count
        buckets.append((str(bound) if bound != float("inf") else "+Inf", float(total)))
    return buckets


def _snapshot_families(snapshot: Snapshot) -> Iterator[Metric]:
    pool = snapshot.pool
    gauges = [
        ("swath_services", "Published services", snapshot.services),
        ("swath_instances", "Seats of the pool", pool.instances),
        ("swath_instances_ready", "Instances that can take requests", pool.ready),
        ("swath_in_flight", "Requests at instances", pool.in_flight),
        ("swath_queue", "Requests that wait for an instance", pool.waiting),
        ("swath_response_cache_bytes", "Bytes in the response cache", snapshot.cache_bytes),
    ]
    for name, text, value in gauges:
        yield GaugeMetricFamily(name, text, value=value)
    counters = [
        ("swath_instance_restarts", "Instances replaced", pool.restarts),
        ("swath_response_cache_hits", "Answers from the response cache", snapshot.cache_hits),
        ("swath_response_cache_misses", "Answers not in the cache", snapshot.cache_misses),
        ("swath_coalesced", "Requests that joined one in flight", snapshot.joined),
    ]
    for name, text, value in counters:
        yield CounterMetricFamily(name, text, value=value)
    yield from _instance_families(pool)


def _instance_families(pool: PoolState) -> Iterator[Metric]:
    answered = CounterMetricFamily("swath_instance_answers", "Answers", labels=["instance"])
    busy = CounterMetricFamily("swath_instance_busy_seconds", "Time at work", labels=["instance"])
    blocks = GaugeMetricFamily(
        "swath_block_cache_bytes", "Decoded blocks held", labels=["instance"]
    )
    hits = CounterMetricFamily("swath_block_hits", "Blocks at hand", labels=["instance"])
    misses = CounterMetricFamily("swath_block_misses", "Blocks decoded", labels=["instance"])
    for number, counts in pool.counts.items():
        answered.add_metric([str(number)], counts.answered)
        busy.add_metric([str(number)], counts.busy_s)
        blocks.add_metric([str(number)], counts.block_cache_bytes)
        hits.add_metric([str(number)], counts.block_hits)
        misses.add_metric([str(number)], counts.block_misses)
    yield from (answered, busy, blocks, hits, misses)
    memory = GaugeMetricFamily(
        "swath_memory_pss_bytes", "Proportional set size", labels=["process"]
    )
    processes = {"front": "self", "fork_parent": pool.fork_parent_pid}
    processes.update({f"instance_{number}": pid for number, pid in pool.pids.items()})
    for name, pid in processes.items():
        size = proportional_bytes(pid) if pid else None
        if size is not None:
            memory.add_metric([name], size)
    yield memory


def proportional_bytes(pid: int | str) -> int | None:
    """Return the proportional set size of a process, or None when it cannot be known."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:  # the process has ended, or there is no such file system here
        return None
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None
