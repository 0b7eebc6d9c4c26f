"""Every metric: its kind, its help and its labels. What is not listed here is not exposed.

Names follow Prometheus: base units (seconds, bytes), `_total` behind counters. Labels come from fixed sets
and published names, never from the text of a request. `swath metrics` prints this list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What is said of a metric."""

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


def _counter(help_text: str, *labels: str) -> MetricInfo:
    return MetricInfo("counter", help_text, labels)


def _gauge(help_text: str, *labels: str) -> MetricInfo:
    return MetricInfo("gauge", help_text, labels)


def _histogram(help_text: str, *labels: str) -> MetricInfo:
    return MetricInfo("histogram", help_text, labels)


_SERIES = ("service", "protocol", "operation")

METRICS: dict[str, MetricInfo] = {
    # Traffic.
    "swath_requests_total": _counter("Answered requests.", *_SERIES, "status"),
    "swath_request_duration_seconds": _histogram("From request to answer.", *_SERIES),
    "swath_response_body_bytes_total": _counter("Bytes of bodies as sent.", *_SERIES),
    "swath_open_requests": _gauge("Requests not yet answered."),
    "swath_open_connections": _gauge("Connections of clients."),
    "swath_slow_requests_total": _counter("Requests slower than slow_request_s."),
    # Errors.
    "swath_errors_total": _counter(
        "Answers that are errors, by class; refused before a service was known: service is empty.",
        "service",
        "error",
    ),
    "swath_rejected_total": _counter(
        "Requests turned away: too_large, overload, bad_input, no_access, too_slow, connections.",
        "reason",
    ),
    # Rendering.
    "swath_stage_seconds_total": _counter(
        "Time of rendered answers by stage; queue and dispatch are the way to the instance.",
        *_SERIES,
        "stage",
    ),
    "swath_stage_runs_total": _counter("Rendered answers by stage.", *_SERIES, "stage"),
    "swath_source_bytes_total": _counter(
        "Bytes read from files and from storage behind connections.", "service"
    ),
    "swath_blocks_decoded_total": _counter("Source blocks decoded.", "service"),
    "swath_sources_skipped_total": _counter("Rasters left out: not readable.", "service"),
    "swath_no_terrain_pixels_total": _counter("Pixels empty for want of terrain.", "service"),
    "swath_truncated_total": _counter("Answers that left something out by a limit.", "service"),
    # Instances.
    "swath_instances": _gauge("Seats of all pools."),
    "swath_instances_ready": _gauge("Instances that can take requests."),
    "swath_pool_seats": _gauge("Seats of a pool.", "pool"),
    "swath_pool_ready": _gauge("Seats whose instance can take requests.", "pool"),
    "swath_pool_busy": _gauge("Seats with requests under way.", "pool"),
    "swath_pool_draining": _gauge("Seats that go once they are empty.", "pool"),
    "swath_pool_waiting": _gauge("Requests that wait for a seat of a pool.", "pool"),
    "swath_pool_restarts_total": _counter("Instances of a pool replaced.", "pool"),
    "swath_in_flight": _gauge("Requests at instances."),
    "swath_instance_restarts_total": _counter("Instances replaced that were lost."),
    "swath_instances_renewed_total": _counter("Instances replaced with nothing wrong."),
    "swath_quarantined_total": _counter("Requests found to take instances down."),
    "swath_quarantine_refusals_total": _counter("Refusals of such requests."),
    "swath_instance_answers_total": _counter("Answers of the instance on a seat.", "instance"),
    "swath_instance_busy_seconds_total": _counter("Time at work.", "instance"),
    "swath_instance_open_services": _gauge("Services open in an instance.", "instance"),
    "swath_block_cache_bytes": _gauge("Decoded blocks held.", "instance"),
    "swath_block_hits_total": _counter("Blocks at hand.", "instance"),
    "swath_block_misses_total": _counter("Blocks decoded.", "instance"),
    # Queue.
    "swath_queue": _gauge("Requests that wait for an instance."),
    "swath_wait_for_instance_seconds": _histogram("Wait for an instance of answered requests."),
    # Caches.
    "swath_response_cache_bytes": _gauge("Bytes of finished answers in memory."),
    "swath_response_cache_hits_total": _counter("Answers from memory."),
    "swath_response_cache_misses_total": _counter("Answers not in memory."),
    "swath_disk_cache_bytes": _gauge("Bytes of pictures on disk."),
    "swath_disk_cache_hits_total": _counter("Pictures from disk."),
    "swath_disk_cache_misses_total": _counter("Pictures neither in memory nor on disk."),
    "swath_disk_cache_written_total": _counter("Pictures written to disk."),
    "swath_disk_cache_dropped_total": _counter("Pictures not written: too many waited to be."),
    "swath_disk_cache_damaged_total": _counter("Files on disk that were not whole; removed."),
    "swath_disk_cache_in_trouble": _gauge(
        "Whether nothing can be written to the disk cache now: 1 or 0."
    ),
    "swath_stale_while_revalidate_total": _counter("Older answers given while new ones are made."),
    "swath_stale_if_error_total": _counter(
        "Older answers given because new ones could not be made."
    ),
    "swath_refreshes_total": _counter("Answers made anew in the background."),
    "swath_refreshes_failed_total": _counter("Answers that could not be made anew."),
    "swath_coalesced_total": _counter("Requests that joined an equal one in flight."),
    # Accounts.
    "swath_sign_ins_failed_total": _counter("Sign-ins with a wrong name or password."),
    # The process and its machine.
    "swath_services": _gauge("Published and started services."),
    "swath_service_problems": _gauge("Services whose published version cannot be read."),
    "swath_memory_pss_bytes": _gauge("Proportional set size of a process.", "process"),
    "swath_process_cpu_seconds_total": _counter("Processor time of a process.", "process"),
    "swath_process_open_files": _gauge("Open file descriptors of a process.", "process"),
    "swath_event_loop_lag_seconds": _histogram("How late the front's event loop runs a timer."),
    "swath_data_free_bytes": _gauge("Free bytes on the disk of the data folder."),
    "swath_build_info": _gauge("Always 1; the version is a label.", "version"),
}
