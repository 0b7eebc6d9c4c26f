"""What every geotransform does with positions and parameters before a kernel sees them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]

# An inverse by iteration counts within this of a source unit (see PlaneTransform.to_output).
INVERSE_TOLERANCE = 1e-6


def as_positions(*coordinates: Any) -> tuple[Floats, ...]:
    """Return coordinates as contiguous float64 arrays (n,) of one length.

    Raises
    ------
    ValueError
        Not one-dimensional, or of different lengths.
    """
    arrays = tuple(np.ascontiguousarray(each, dtype=np.float64) for each in coordinates)
    shapes = {each.shape for each in arrays}
    if len(shapes) != 1 or arrays[0].ndim != 1:
        raise ValueError(f"positions must be arrays (n,) of one length, not {sorted(shapes)}")
    return arrays


def checked_numbers(name: str, values: Sequence[float], counts: tuple[int, ...]) -> Floats:
    """Return a parameter of a record as float64 (n,).

    Raises
    ------
    InvalidParameter
        Another count, or a value that is not finite.
    """
    accepted = " or ".join(str(count) for count in counts)
    if len(values) not in counts:
        raise InvalidParameter(name, f"{len(values)} numbers", f"{accepted} numbers")
    for value in values:
        if not math.isfinite(value):
            raise InvalidParameter(name, value, f"{accepted} finite numbers")
    return np.array(values, np.float64)
