"""What a figure was measured on: without it, it means nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.reference_loop import reference_loop_ms


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine, the code and the moment of a run."""

    started: str
    commit: str
    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    reference_loop_ms: float


def this_machine() -> Machine:
    """Describe this machine and time the reference loop."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=_commit(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(pages * page / 1e9, 1),
        system=platform.platform(),
        python=platform.python_version(),
        reference_loop_ms=round(reference_loop_ms(), 2),
    )


def _commit() -> str:
    """Return the commit; with '+changes' where tracked files differ from it."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        changes = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a git checkout)"
    return f"{commit}+changes" if changes else commit


def _git(*arguments: str) -> str:
    folder = Path(__file__).parent
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
