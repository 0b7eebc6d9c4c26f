"""Warming up loads and compiles, and leaves nothing behind that a fork must not inherit."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import pathlib, threading
import rasterio
from engine import process_memory
from engine.warmup import preload
fds = pathlib.Path("/proc/self/fd")
before = len(list(fds.iterdir()))
preload()
after = len(list(fds.iterdir()))
print(threading.active_count(), process_memory._Shared.memory is None, after - before)
"""


def test_a_warm_process_has_no_thread_no_memory_and_no_open_file() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False
    )
    assert (ran.stdout.split(), ran.stderr) == (["1", "True", "0"], "")
