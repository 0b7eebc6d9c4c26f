"""The only place that compiles: `@kernel` wraps numba's njit with the house's settings.

Rules for kernels: no parallel=True, no fastmath, no allocation in loops, outputs last, return nothing;
a kernel calls helpers of its own file only, because the disk cache does not see other files change, or
says whose it calls (`using`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def _choose_target() -> None:
    """Compile for every processor with AVX2 alike, where this one has it.

    One cache of compiled kernels then serves all machines of the last ten years, and the sampling
    kernels run a third faster than compiled for the processor at hand: for newer ones LLVM emits
    gather instructions, which are slower than single loads. Must be set before numba is imported.
    """
    if "NUMBA_CPU_NAME" in os.environ:
        return
    try:
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return
    if {"avx2", "bmi1", "bmi2", "fma", "f16c", "movbe"} <= set(flags):
        os.environ["NUMBA_CPU_NAME"] = "haswell"
        os.environ.setdefault("NUMBA_CPU_FEATURES", "+avx2")


_choose_target()

import numba  # noqa: E402 -- reads the environment when imported
from llvmlite import binding, ir  # noqa: E402 -- as above
from numba import types  # noqa: E402 -- as above
from numba.core import cgutils, options  # noqa: E402 -- as above
from numba.core.cpu import CPUTargetOptions  # noqa: E402 -- as above
from numba.extending import intrinsic  # noqa: E402 -- as above

# For kernels with instructions that the vectoriser does not find: never import numba before this file.
__all__ = [
    "HAS_FMA",
    "IS_COMPILING",
    "TARGET",
    "cgutils",
    "intrinsic",
    "ir",
    "kernel",
    "types",
    "unaliased_kernel",
    "using",
]

# False where kernels run as plain Python, for debugging.
IS_COMPILING = not os.environ.get("NUMBA_DISABLE_JIT", "").strip("0")
# True where kernels are compiled for processors that multiply and add in one instruction.
HAS_FMA = IS_COMPILING and os.environ.get("NUMBA_CPU_NAME") == "haswell"


class Target(NamedTuple):
    """The processor that code is made for, in LLVM's names."""

    cpu: str
    features: str


TARGET = Target(
    os.environ.get("NUMBA_CPU_NAME") or str(binding.get_host_cpu_name()),
    os.environ.get("NUMBA_CPU_FEATURES") or str(binding.get_host_cpu_features().flatten()),
)

# numba has the flag but no option for it; without it no loop that loads from one array and stores to
# another through computed indices is ever vectorised.
_noalias: Any = options._mapping  # noqa: SLF001 -- see above
CPUTargetOptions.noalias = _noalias("noalias")
_SETTINGS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}


def kernel(function: F) -> F:
    """Compile `function` lazily: no interpreter lock, cached on disk, C-like divisions."""
    return cast("F", numba.njit(**_SETTINGS)(function))


def unaliased_kernel(function: F) -> F:
    """Compile like `kernel` a function whose array arguments never overlap in memory."""
    settings = {**_SETTINGS, "noalias": True}
    return cast("F", numba.njit(**settings)(function))


def using(*modules: str) -> Callable[[F], F]:
    """Have a kernel's cache on disk notice changes of other files whose code is compiled into it.

    Parameters
    ----------
    modules
        Names of modules, already imported.
    """
    stamps = []
    for module in modules:
        file = Path(str(sys.modules[module].__file__)).stat()
        stamps.append((file.st_mtime, file.st_size))

    def stamped(function: F) -> F:
        if IS_COMPILING:
            # numba has no door for this: it compares one stamp, that of the kernel's own file.
            cache: Any = function._cache._cache_file  # type: ignore[attr-defined]  # noqa: SLF001 -- see above, and numba has no stubs for it
            cache._source_stamp = (cache._source_stamp, *stamps)  # noqa: SLF001 -- see above
        return function

    return stamped
