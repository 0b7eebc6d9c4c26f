"""What the system says of a process; files of /proc, so not for the event loop."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_S = os.sysconf("SC_CLK_TCK")
# Fields 14 and 15 of /proc/PID/stat, counted behind the name in brackets, which may hold spaces.
_USER, _SYSTEM = 11, 12


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


def cpu_seconds(pid: int | str) -> float | None:
    """Return the processor time a process has used, or None when it cannot be known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:  # as above
        return None
    fields = text.rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_S


def open_files(pid: int | str) -> int | None:
    """Return how many descriptors a process has open, or None when it cannot be known."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # as above, or the process is another user's
        return None
