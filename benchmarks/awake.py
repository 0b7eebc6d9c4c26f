"""Cores that do not sleep while a latency is measured.

A core with nothing to do is halted, and on a virtual machine it takes from a tenth of a millisecond to
several to be woken: as much as what is measured, and as the host likes. Under load no core sleeps. So
a process spins on each, in the class that runs only where nobody else wants the core (SCHED_IDLE) and
leaves it at once.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SPIN = """
import os, sys
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = int(sys.argv[1])
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def awake_cores() -> Iterator[list[int]]:
    """Keep all cores awake while the block runs; yields the processes that do it."""
    words = [sys.executable, "-c", _SPIN, str(os.getpid())]
    spinning = [subprocess.Popen(words) for _ in os.sched_getaffinity(0)]
    try:
        yield [process.pid for process in spinning]
    finally:
        for process in spinning:
            process.kill()
            process.wait()
