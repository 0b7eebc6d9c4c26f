"""What a process of Swath does about its own place in the system, before it works."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

# Read by libraries when they load, so set before the fork parent starts.
ENVIRONMENT = {
    # One thread each: instances are the parallelism, and a fork parent with threads cannot fork safely.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "GDAL_NUM_THREADS": "1",
    # Each malloc arena keeps what it once had: two (receiving and rendering) instead of eight a core.
    "MALLOC_ARENA_MAX": "2",
    # Fixed, because the adaptive thresholds grow to 32 MB and keep the memory of one large picture.
    "MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 1024 * 1024),
}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when process `parent` ends, whatever this one is doing.

    Raises
    ------
    SystemExit
        The parent has gone already.
    """
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)


def name_process(name: str) -> None:
    """Set the name that `top` shows (at most 15 characters)."""
    _libc().prctl(_PR_SET_NAME, name.encode("ascii")[:15], 0, 0, 0)


def leave_signals_to_front() -> None:
    """Ignore what a terminal or supervisor sends to the whole group: the front stops its children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def return_free_memory() -> None:
    """Give free heap pages back to the system (after an unusually large answer)."""
    _libc().malloc_trim(0)
