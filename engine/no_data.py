"""No-data values as samples of a type hold them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def representable(value: float | None, dtype: DTypeLike) -> float | None:
    """Return the value as samples of this type hold it, or None where they cannot.

    Floats round to their precision (a no-data value written as -3.40282347e+38 is the lowest float32);
    integers must be hit exactly.
    """
    if value is None:
        return None
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind.kind == "f":
        with np.errstate(over="ignore"):
            held = float(kind.type(value))
        return None if math.isinf(held) and not math.isinf(value) else held
    if not math.isfinite(value) or value != round(value):
        return None
    limits = np.iinfo(kind)
    return value if limits.min <= value <= limits.max else None
