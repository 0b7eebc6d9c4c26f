"""Compiled functions release the lock, divide as C does, and are kept on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from engine.kernel import kernel, unaliased_kernel

DECORATORS = [kernel, unaliased_kernel]
_IS_COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


def _divide(above: Any, below: Any, out: Any) -> None:
    for n in range(out.size):
        out[n] = above[n] / below[n]


@pytest.mark.skipif(not _IS_COMPILED, reason="NUMBA_DISABLE_JIT leaves Python's own division")
@pytest.mark.parametrize("decorate", DECORATORS)
def test_division_by_zero_gives_infinity_and_no_exception(decorate: Any) -> None:
    out = np.zeros(3)
    decorate(_divide)(np.array([1.0, -1.0, 0.0]), np.zeros(3), out)
    assert out[0] == np.inf
    assert out[1] == -np.inf
    assert np.isnan(out[2])


@pytest.mark.skipif(not _IS_COMPILED, reason="NUMBA_DISABLE_JIT compiles nothing")
@pytest.mark.parametrize("decorate", DECORATORS)
def test_no_kernel_holds_the_lock_or_assumes_that_there_is_no_nan(decorate: Any) -> None:
    options = decorate(_divide).targetoptions
    assert options["nogil"]
    assert options["error_model"] == "numpy"
    assert not options.get("fastmath")
    assert not options.get("parallel")


def test_a_processor_named_by_the_operator_is_left_alone() -> None:
    code = "import os, engine.kernel; print(os.environ['NUMBA_CPU_NAME'])"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_CPU_NAME": "generic"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "generic"
