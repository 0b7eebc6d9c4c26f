"""What a process of Swath does about its own place in the system, and what the system tells of another."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

# The front does little for each request, but stands before all of them: where cores are short it goes
# first. What renders then loses nothing, and who asks little waits half as long beside a flood.
_RENDER_NICE = 5
# Beyond that: a tile beside a large picture gets nine tenths of a core that both want.
_LARGE_NICE = 10
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MAPPED_BYTES = 4 * 1024 * 1024
_KEPT_BYTES = 32 * 1024 * 1024
_LOOK_S = 0.01
_ENDED = (b"Z", b"X")
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


def wake_with_parents_end() -> None:
    """Let the kernel wake this process, if it was stopped, when its parent ends, so that it can end, too."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGCONT, 0, 0, 0)


def name_process(name: str) -> None:
    """Set the name that `top` shows (at most 15 characters)."""
    _libc().prctl(_PR_SET_NAME, name.encode("ascii")[:15], 0, 0, 0)


def yield_to_front() -> None:
    """Let the front have a core before this process."""
    os.nice(_RENDER_NICE)


def yield_to_small_work() -> None:
    """Let other instances' small work have a core before the calling thread; there is no way back.

    References
    ----------
    nice(2): on Linux each thread has a value of its own; without privileges it can only be raised.
    """
    os.nice(_LARGE_NICE)


def leave_signals_to_front() -> None:
    """Ignore what a terminal or supervisor sends to the whole group: the front stops its children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def keep_free_memory() -> None:
    """Keep what is freed, up to some answers' worth, for the next allocation (where libc is glibc).

    By default glibc gives memory above the heap's last use back at once, and what comes next is zeroed by
    the kernel page by page: under a flood of pictures of two megabytes that was a third of the front's time.

    References
    ----------
    mallopt(3); stating either value also ends that both adapt themselves.
    """
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def return_free_memory() -> None:
    """Give free heap pages back to the system (after an unusually large answer)."""
    _libc().malloc_trim(0)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another process, not to be mistaken for a later one of the same number.

    Attributes
    ----------
    started : bytes
        Ticks since the machine was started; b"" = it has gone already.
    """

    pid: int
    started: bytes

    @classmethod
    def of(cls, pid: int) -> Neighbour:
        """Return the process that has a number now."""
        return cls(pid, _stat(pid)[1])

    @property
    def is_gone(self) -> bool:
        """Whether it has ended; its parent may not have noticed yet."""
        state, started = _stat(self.pid)
        return not self.started or started != self.started or state in _ENDED

    def wait(self, within_s: float) -> None:
        """Wait until it has ended, for so long at most; blocks."""
        ends = time.monotonic() + within_s
        while not self.is_gone and time.monotonic() < ends:
            time.sleep(_LOOK_S)

    def kill(self) -> None:
        """Kill it, whoever its parent is; nothing happens when it has gone."""
        self._signal(signal.SIGKILL)

    def go_on(self) -> None:
        """Let it go on if it was stopped."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if not self.is_gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def is_stopped(pid: int) -> bool:
    """Tell whether a process was stopped by a signal (one under a debugger's hand was not)."""
    return _stat(pid)[0] == b"T"


def _stat(pid: int) -> tuple[bytes, bytes]:
    """Return state and start of a process, empty when it has gone.

    References
    ----------
    proc(5), /proc/pid/stat, fields 3 and 22.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b"", b""
    # The name before them is in brackets, and may hold any.
    fields = stat.rpartition(b")")[2].split()
    return fields[0], fields[19]


def proportional_bytes(pid: int) -> int:
    """Return the memory of a process, pages shared with others in proportion; 0 = it has gone.

    Takes milliseconds, since the kernel walks over all pages: not on the event loop.

    References
    ----------
    proc(5), /proc/pid/smaps_rollup: Pss.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    sizes = (int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:"))
    return next(sizes, 0)
