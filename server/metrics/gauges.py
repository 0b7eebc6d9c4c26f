"""What others keep and is read when metrics are asked for: pool, caches, services, processes.

`samples_of` is called on the event loop, where those numbers change; `process_samples` reads files and is not.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from server.metrics.process_stats import cpu_seconds, open_files, proportional_bytes
from server.metrics.sample import Sample
from server.version import PROGRAM_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from server.answers.answers import CacheCounts
    from server.instances.pool_state import PoolsState, PoolState
    from server.state import ServerState

# What the pool that belongs to no service is called; no service can be, names have no spaces.
SHARED = "shared pool"


def samples_of(state: ServerState) -> list[Sample]:
    """Return what the parts of a server say of themselves."""
    pool = state.pools.state()
    found = {
        "swath_services": len(state.registry.names()),
        "swath_service_problems": len(state.registry.problems),
        "swath_open_connections": state.connections(),
        "swath_instances": pool.instances,
        "swath_instances_ready": pool.ready,
        "swath_in_flight": pool.in_flight,
        "swath_queue": pool.waiting,
        "swath_instance_restarts_total": pool.restarts,
        "swath_instances_renewed_total": pool.renewed,
        "swath_quarantined_total": pool.quarantined,
        "swath_quarantine_refusals_total": pool.refused,
        "swath_coalesced_total": state.coalescer.joined,
        "swath_sign_ins_failed_total": state.access.sign_ins_failed,
        **_cache_values(state.answers.counts()),
    }
    samples = [Sample(name, value) for name, value in found.items()]
    samples.append(Sample("swath_build_info", 1, (PROGRAM_VERSION,)))
    for each in pool.pools:
        samples.extend(_pool_samples(each))
    samples.extend(_instance_samples(pool))
    return samples


def _cache_values(counts: CacheCounts) -> dict[str, float]:
    memory, disk = counts.memory, counts.disk
    found: dict[str, float] = {
        "swath_response_cache_bytes": memory.bytes,
        "swath_response_cache_hits_total": memory.hits,
        "swath_response_cache_misses_total": memory.misses,
        "swath_stale_while_revalidate_total": counts.stale_while_revalidate,
        "swath_stale_if_error_total": counts.stale_if_error,
        "swath_refreshes_total": counts.refreshes,
        "swath_refreshes_failed_total": counts.refreshes_failed,
    }
    if disk is not None:
        found |= {
            "swath_disk_cache_bytes": disk.bytes,
            "swath_disk_cache_hits_total": disk.hits,
            "swath_disk_cache_misses_total": disk.misses,
            "swath_disk_cache_written_total": disk.written,
            "swath_disk_cache_dropped_total": disk.dropped,
            "swath_disk_cache_damaged_total": disk.damaged,
            "swath_disk_cache_in_trouble": bool(disk.trouble),
        }
    return found


def _pool_samples(pool: PoolState) -> Iterator[Sample]:
    for name, value in (
        ("swath_pool_seats", pool.seats),
        ("swath_pool_ready", pool.ready),
        ("swath_pool_busy", pool.busy),
        ("swath_pool_draining", pool.draining),
        ("swath_pool_waiting", pool.waiting),
        ("swath_pool_restarts_total", pool.restarts),
    ):
        yield Sample(name, value, (pool.name or SHARED,))


def _instance_samples(pool: PoolsState) -> Iterator[Sample]:
    for number, counts in pool.counts.items():
        for name, value in (
            ("swath_instance_answers_total", counts.answered),
            ("swath_instance_busy_seconds_total", counts.busy_s),
            ("swath_instance_open_services", counts.open_services),
            ("swath_block_cache_bytes", counts.block_cache_bytes),
            ("swath_block_hits_total", counts.block_hits),
            ("swath_block_misses_total", counts.block_misses),
        ):
            yield Sample(name, value, (str(number),))


def processes_of(pool: PoolsState) -> dict[str, int | str]:
    """Return the processes of a server by what they do."""
    found: dict[str, int | str] = {"front": "self"}
    if pool.fork_parent_pid:
        found["fork_parent"] = pool.fork_parent_pid
    if pool.spare_pid:
        found["spare_fork_parent"] = pool.spare_pid
    found.update({f"instance_{number}": pid for number, pid in pool.pids.items() if pid})
    return found


def process_samples(processes: Mapping[str, int | str], data: Path) -> Iterator[Sample]:
    """Yield what the system says of processes and of the disk of the data folder."""
    for name, pid in processes.items():
        for metric, value in (
            ("swath_memory_pss_bytes", proportional_bytes(pid)),
            ("swath_process_cpu_seconds_total", cpu_seconds(pid)),
            ("swath_process_open_files", open_files(pid)),
        ):
            if value is not None:
                yield Sample(metric, value, (name,))
    if data.exists():
        yield Sample("swath_data_free_bytes", shutil.disk_usage(data).free)
