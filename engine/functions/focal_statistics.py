"""What is typical of each pixel's neighbourhood, of one band: the step that Statistics and Focal share."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.functions.focal_kernels import (
    DEVIATION,
    MAJORITY,
    MEAN,
    MEDIAN,
    MINORITY,
    PERCENTILE,
    SUM,
    VARIETY,
    box_kernel,
    least_box_kernel,
    least_kernel,
    sorted_kernel,
    weighted_kernel,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.functions.neighbourhoods import Neighbourhood

    Bools = NDArray[np.bool_]

MOMENTS = {"sum": SUM, "mean": MEAN, "std": DEVIATION}
EXTREMES = ("min", "max", "range")
SORTED = {
    "median": MEDIAN,
    "majority": MAJORITY,
    "minority": MINORITY,
    "variety": VARIETY,
    "percentile": PERCENTILE,
}
STATISTICS = (*MOMENTS, *EXTREMES, *SORTED)
# Whose samples single precision holds.
_SINGLE = ("uint8", "int8", "uint16", "int16", "float32")
_NOTHING = np.zeros((0, 0), np.uint8)
# So much of sorted values stays near the processor.
_CHUNK_VALUES, _LEAST_CHUNK, _MOST_CHUNK = 6144, 16, 128


class Found(NamedTuple):
    """Values (float32 or float64), and where there are any."""

    values: NDArray[Any]
    valid: Bools


def focal(
    data: NDArray[Any], valid: Bools, shape: Neighbourhood, statistic: str, share: float = 0.5
) -> Found:
    """Return a statistic of the valid neighbours of each pixel, valid where there is one.

    Parameters
    ----------
    data, valid : (rows, cols)
    statistic : str
        Of `STATISTICS`.
    share : float
        Of percentiles, 0 to 1; between two values it is linear.
    """
    if statistic in MOMENTS:
        return _moments(data, valid, shape, MOMENTS[statistic])
    if statistic == "range":
        low, high = (focal(data, valid, shape, each) for each in ("min", "max"))
        with np.errstate(invalid="ignore"):
            return Found(high.values - low.values, low.valid)
    if statistic in EXTREMES:
        return _extreme(data, valid, shape, 1 if statistic == "min" else -1)
    return _sorted(data, valid, shape, (SORTED[statistic], share))


def _moments(data: NDArray[Any], valid: Bools, shape: Neighbourhood, code: int) -> Found:
    framed = _framed(data, valid, shape, 0)
    out, good = np.empty(data.shape, framed.dtype), np.empty(data.shape, np.bool_)
    if shape.is_rectangle:
        there = _NOTHING if valid.all() else _frame(valid, shape.window, 0, "uint8")
        room = np.empty((5, framed.shape[1]))
        box_kernel(framed, there, shape.window, code, room, out, good)
        return Found(out, good)
    there = _frame(valid, shape.window, 0, "uint8")
    offsets = shape.offsets
    weights = shape.weights[offsets[:, 0], offsets[:, 1]]
    places = np.ascontiguousarray(np.column_stack([offsets, weights]))
    weighted_kernel(framed, there, places, code, np.empty((3, data.shape[1])), out, good)
    return Found(out, good)


def _extreme(data: NDArray[Any], valid: Bools, shape: Neighbourhood, sign: int) -> Found:
    framed = _framed(data, valid, shape, np.inf, sign)
    out = np.empty(data.shape, framed.dtype)
    if shape.is_rectangle:
        columns = np.empty(framed.shape[1], framed.dtype)
        least_box_kernel(framed, shape.window, columns, out)
    else:
        least_kernel(framed, shape.offsets, out)
    good = np.ones(data.shape, np.bool_) if valid.all() else np.isfinite(out)
    if sign < 0:
        np.negative(out, out=out)
    return Found(out, good & np.isfinite(out))


def _sorted(
    data: NDArray[Any], valid: Bools, shape: Neighbourhood, rule: tuple[int, float]
) -> Found:
    framed = _framed(data, valid, shape, np.inf)
    there = _frame(valid, shape.window, 0, "uint8")
    offsets = shape.offsets
    count = len(offsets)
    chunk = min(max(_CHUNK_VALUES // count // 16 * 16, _LEAST_CHUNK), _MOST_CHUNK)
    out, good = np.empty(data.shape, framed.dtype), np.empty(data.shape, np.bool_)
    middle = ((count - 1) // 2, count // 2) if rule[0] == MEDIAN else tuple(range(count))
    exchanges = (exchanges_for(count, middle), exchanges_for(count, tuple(range(count))))
    rooms = (np.empty((count, chunk), framed.dtype), np.empty(chunk, np.uint32))
    sorted_kernel(framed, there, offsets, exchanges, rule, rooms, (out, good))
    return Found(out, good)


def _framed(
    data: NDArray[Any], valid: Bools, shape: Neighbourhood, nothing: float, sign: int = 1
) -> NDArray[Any]:
    """Return samples with a frame around, in single precision where that holds them."""
    dtype = "float32" if data.dtype.name in _SINGLE else "float64"
    samples = data.astype(dtype, copy=False)
    if sign < 0:
        samples = -samples
    if not valid.all():
        samples = np.where(valid, samples, np.asarray(nothing, dtype))
    return _frame(samples, shape.window, nothing, dtype)


def _frame(
    plane: NDArray[Any], window: tuple[int, int], nothing: float, dtype: str
) -> NDArray[Any]:
    (high, wide), (rows, cols) = window, plane.shape
    up, left = high // 2, wide // 2
    framed = np.empty((rows + high - 1, cols + wide - 1), dtype)
    framed[:up], framed[up + rows :] = nothing, nothing
    framed[up : up + rows, :left], framed[up : up + rows, left + cols :] = nothing, nothing
    framed[up : up + rows, left : left + cols] = plane
    return framed


@lru_cache(maxsize=32)
def exchanges_for(count: int, wanted: tuple[int, ...]) -> NDArray[np.int32]:
    """Return the exchanges that bring some places of so many values into sorted order: (m, 2).

    Batcher's odd-even merge sort, without what the wanted places do not depend on.
    """
    found: list[tuple[int, int]] = []
    merged = 1
    while merged < count:
        step = merged
        while step >= 1:
            for first in range(step % merged, count - step, 2 * step):
                found += [
                    (at, at + step)
                    for at in range(first, min(first + step, count - step))
                    if at // (2 * merged) == (at + step) // (2 * merged)
                ]
            step //= 2
        merged *= 2
    needed = set(wanted)
    kept = []
    for low, high in reversed(found):
        if low in needed or high in needed:
            needed |= {low, high}
            kept.append((low, high))
    return np.array(kept[::-1] or np.zeros((0, 2)), np.int32).reshape(-1, 2)
