"""Workers that are stopped while they start, or killed, leave nothing on the console."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_JOBS = """
import multiprocessing, sys, time
from dataclasses import dataclass
from server.guarded_workers import GuardedWorkers

@dataclass
class Job:
    path: str

locks = []

def lock(job):
    # As compressors do when they are imported.
    locks.append(multiprocessing.Lock())
    return "done"

if __name__ == "__main__":
    with GuardedWorkers(2) as workers:
        print([answer for _, answer in workers.map(lock, [Job("a"), Job("b")])], flush=True)
"""


def _started(folder: Path) -> subprocess.Popen[str]:
    script = folder / "jobs.py"
    script.write_text(_JOBS)
    return subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_locks_of_workers_are_not_reported_as_leaked(tmp_path: Path) -> None:
    out, err = _started(tmp_path).communicate(timeout=120)
    assert out.strip() == "['done', 'done']"
    assert err == ""


def test_a_worker_that_starts_takes_no_interrupt(tmp_path: Path) -> None:
    process = _started(tmp_path)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    # The first is what clears up after all; the others are workers.
    while process.poll() is None and len(children.read_text().split()) < 2:
        time.sleep(0.01)
    for pid in children.read_text().split()[1:]:
        os.kill(int(pid), signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert out.strip() == "['done', 'done']"
    assert "KeyboardInterrupt" not in err
