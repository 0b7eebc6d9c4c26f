"""Which samples of a band count, by its no-data value and valid range, and what stands for those that do not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SampleRule:
    """What is said of a band; samples that are not a number never count."""

    no_data: float | None = None
    valid_range: tuple[float, float] | None = None

    def valid(self, samples: Array) -> Bools | None:
        """Return which samples are data, or None when all are by their kind."""
        valid: Bools | None = None
        if samples.dtype.kind == "f":
            valid = ~np.isnan(samples)
        value = self._value(samples.dtype)
        if value is not None and not math.isnan(value):
            other = samples != samples.dtype.type(value)
            valid = other if valid is None else valid & other
        if self.valid_range is not None:
            low, high = self.valid_range
            inside = (samples >= low) & (samples <= high)
            valid = inside if valid is None else valid & inside
        return valid

    def fill(self, dtype: np.dtype[Any]) -> float | None:
        """Return what stands for no data in samples of a type; None = nothing does."""
        value = self._value(dtype)
        if value is not None:
            return value
        if dtype.kind == "f":
            return math.nan
        if self.valid_range is None:
            return None
        info, (low, high) = np.iinfo(dtype), self.valid_range
        outside = [float(end) for end in (info.min, info.max) if not low <= end <= high]
        return outside[0] if outside else None

    def filled(self, samples: Array, valid: Bools) -> Array:
        """Return samples that say which of them are valid, as far as their type can say it.

        A valid one that happens to be what stands for no data becomes its neighbour.
        """
        value = self.fill(samples.dtype)
        if value is None:
            return samples
        fill = samples.dtype.type(value)
        if not math.isnan(value):
            hit = valid & (samples == fill)
            if hit.any():
                samples = np.where(hit, _beside(fill, samples.dtype), samples)
        return np.where(valid, samples, fill)

    def _value(self, dtype: np.dtype[Any]) -> float | None:
        """Return the no-data value if samples of a type can be it."""
        value = self.no_data
        if value is None or dtype.kind == "f":
            return value
        if not float(value).is_integer():
            return None
        info = np.iinfo(dtype)
        return value if info.min <= value <= info.max else None


NO_RULE = SampleRule()


def _beside(fill: Any, dtype: np.dtype[Any]) -> Any:
    """Return the next larger value, of the largest the next smaller."""
    if dtype.kind == "f":
        return np.nextafter(fill, dtype.type(np.inf if fill < 0 else -np.inf))
    return dtype.type(int(fill) + (1 if int(fill) < np.iinfo(dtype).max else -1))
