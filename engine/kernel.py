"""The only place that compiles: `@kernel` wraps numba's njit with the house's settings.

Rules for kernels: no parallel=True, no fastmath, no allocation in loops, outputs last, return nothing;
a kernel calls helpers of its own file only, because the disk cache does not see other files change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` lazily: no interpreter lock, cached on disk, C-like divisions."""
    return cast("F", numba.njit(nogil=True, cache=True, error_model="numpy")(function))
