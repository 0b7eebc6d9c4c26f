"""What administrators want to know first: pools and seats, queue, caches, services in trouble, versions, disk.

`told` is taken on the event loop, without asking an instance: it answers while all of them are at work.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

import msgspec

from server.metrics.process_stats import cpu_seconds, open_files, proportional_bytes
from server.telemetry.masks import masked_fields
from server.version import PROGRAM_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from server.instances.pool_state import PoolState, SeatState
    from server.state import ServerState

_PACKAGES = ("rasterio", "pyproj", "numpy", "numba", "shapely", "starlette", "uvicorn")
# Variables that change how rasters and coordinates are read.
_VARIABLES = ("GDAL_", "CPL_", "PROJ_", "OGR_", "VSI_")
_RECENT_S = 300.0


def told(state: ServerState) -> dict[str, Any]:
    """Return what the parts of a server say of themselves; on the event loop."""
    pools = state.pools.state()
    caches = state.answers.counts()
    return {
        "status": "ready" if state.is_ready else "not ready",
        "is_stopping": state.is_stopping,
        "open_requests": state.metrics.open_requests,
        "connections": state.connections(),
        "fork_parent": pools.fork_parent_pid,
        "spare_fork_parent": pools.spare_pid,
        "instances": {"seats": pools.instances, "ready": pools.ready, "replaced": pools.restarts},
        "queue": {"waiting": pools.waiting, "at_instances": pools.in_flight},
        "pools": [_pool(pool) for pool in pools.pools],
        "versions": pools.versions,
        "coalesced": state.coalescer.joined,
        "caches": msgspec.to_builtins(caches),
        "services": {
            "started": len(state.registry.names()),
            "problems": dict(state.registry.problems),
            "skipping_sources": state.metrics.losing(_RECENT_S),
        },
    }


def _pool(pool: PoolState) -> dict[str, Any]:
    return {
        "name": pool.name or "shared",
        "seats": [_seat(seat, pool) for seat in pool.places],
        "waiting": pool.waiting,
        "replaced": pool.restarts,
    }


def _seat(seat: SeatState, pool: PoolState) -> dict[str, Any]:
    counts = pool.counts.get(seat.number)
    return {
        "number": seat.number,
        "state": seat.state,
        "process": pool.pids.get(seat.number),
        "age_s": round(time.monotonic() - seat.started, 3) if seat.started else None,
        "requests": seat.in_flight,
        "answered": counts and int(counts.answered),
        "busy_s": counts and round(counts.busy_s, 3),
        "open_services": counts and int(counts.open_services),
        "block_cache_bytes": counts and int(counts.block_cache_bytes),
    }


def measured(document: dict[str, Any], data: Path) -> dict[str, Any]:
    """Return a document of `told` with what the system says beside it; not on the event loop."""
    front = _process("self")
    for pool in document["pools"]:
        for seat in pool["seats"]:
            if seat["process"]:
                seat.update(_process(seat["process"]))
    disk = shutil.disk_usage(data) if data.exists() else None
    return {
        **document,
        "front": {"process": os.getpid(), **front},
        "data": {
            "folder": str(data.absolute()),
            "free_bytes": disk and disk.free,
            "total_bytes": disk and disk.total,
        },
        "versions": {**_versions(), **document["versions"]},
        "environment": masked_fields(
            {name: value for name, value in os.environ.items() if name.startswith(_VARIABLES)}
        ),
    }


def _process(pid: int | str) -> dict[str, Any]:
    return {
        "memory_bytes": proportional_bytes(pid),
        "cpu_s": cpu_seconds(pid),
        "open_files": open_files(pid),
    }


def _versions() -> dict[str, str]:
    found = {
        "swath": PROGRAM_VERSION,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    found.update({name: metadata.version(name) for name in _PACKAGES})
    return found
