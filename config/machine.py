"""What the machine, or the container around this process, offers."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP_FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")
_MB = 1024 * 1024


def core_count() -> int:
    """Return how many cores this process may use, at least 1.

    Counts the affinity mask and a container's CPU quota: a pool sized by the machine's cores inside a
    container of two would render with most instances waiting.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _cpu_quota(_CGROUP_CPU)
    return max(1, min(cores or 1, quota or cores or 1))


def _cpu_quota(path: Path) -> int | None:
    try:
        quota, _, period = path.read_text("ascii").strip().partition(" ")
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):  # no cgroup v2 here, or its quota is "max"
        return None


def memory_limit_mb() -> int:
    """Return the memory this process may use, in MB: the machine's, or the container's if smaller."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _CGROUP_FILES:
        try:
            limit = int(path.read_text("ascii"))
        except (OSError, ValueError):  # not this cgroup version, or the limit is "max"
            continue
        total = min(total, limit)
    return total // _MB
