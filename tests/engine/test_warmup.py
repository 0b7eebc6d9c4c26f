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


_FORMATS = """
import numpy as np
from numba.core.dispatcher import Dispatcher
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions
from engine.pixels import Rgbv
from engine.warmup import preload
preload()
compiled = []
plain = Dispatcher.compile
Dispatcher.compile = lambda self, types: compiled.append(self.py_func.__name__) or plain(self, types)
words = np.full((256, 256), 0xFF102030, np.uint32)
words[:9] = 0
for name in ("jpg", "png", "png32", "webp"):
    FORMATS[name].encode(Rgbv(words), EncodeOptions())
print(compiled)
"""


def test_tiles_with_empty_pixels_find_all_kernels_loaded() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FORMATS], capture_output=True, text=True, check=False
    )
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


_SETTLED = """
from engine.geometry.projection import _crs
from engine.warmup import preload, settle
preload()
before = _crs.cache_info().currsize
settle()
print(before, _crs.cache_info().currsize)
"""


def test_a_settled_process_has_projections_at_hand_that_a_warm_one_has_not() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _SETTLED], capture_output=True, text=True, check=False
    )
    assert (ran.stdout.split(), ran.stderr) == (["0", "2"], "")
