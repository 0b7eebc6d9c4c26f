"""Count samples: how often each value stands there, moments, and counts in equal bins.

Kernels take samples and validity apart and look at each pixel once; nothing as large as the block is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


@kernel
def _count_kernel(data: NDArray[Any], valid: Bools, least: int, counts: Counts) -> None:
    rows, cols = data.shape
    for row in range(rows):
        for col in range(cols):
            if valid[row, col]:
                counts[np.int64(data[row, col]) - least] += 1


@kernel
def _moments_kernel(data: NDArray[Any], valid: Bools, found: Floats) -> None:
    rows, cols = data.shape
    for row in range(rows):
        count = 0
        total = 0.0
        for col in range(cols):
            value = np.float64(data[row, col])
            if valid[row, col] and np.isfinite(value):
                count += 1
                total += value
        if count == 0:
            continue
        mean = total / count
        squares = 0.0
        low, high = np.inf, -np.inf
        for col in range(cols):
            value = np.float64(data[row, col])
            if valid[row, col] and np.isfinite(value):
                squares += (value - mean) * (value - mean)
                low = min(low, value)
                high = max(high, value)
        # Two sets of samples become one (Chan, Golub and LeVeque 1983).
        before = found[0]
        both = before + count
        delta = mean - found[3]
        found[4] += squares + delta * delta * before * count / both
        found[3] += delta * count / both
        found[0] = both
        found[1] = min(found[1], low)
        found[2] = max(found[2], high)


@kernel
def _bins_kernel(data: NDArray[Any], valid: Bools, edges: Floats, counts: Counts) -> None:
    rows, cols = data.shape
    bins = counts.size
    low, high = edges[0], edges[bins]
    scale = bins / (high - low)
    for row in range(rows):
        for col in range(cols):
            value = np.float64(data[row, col])
            if not valid[row, col] or not np.isfinite(value):
                continue
            value = min(max(value, low), high)
            place = min(int((value - low) * scale), bins - 1)
            # The edges themselves decide, not the rounding of the product.
            if value < edges[place]:
                place -= 1
            elif place < bins - 1 and value >= edges[place + 1]:
                place += 1
            counts[place] += 1


def new_moments() -> Floats:
    """Return the moments of no samples: count, least, largest, mean, sum of squared differences."""
    return np.array([0.0, np.inf, -np.inf, 0.0, 0.0])


def add_counts(data: NDArray[Any], valid: Bools, least: int, counts: Counts) -> None:
    """Add how often each value stands in a block.

    Parameters
    ----------
    data, valid : (rows, cols)
        Whole numbers.
    counts : int64 (n,)
        From the value `least` on; changed in place.
    """
    _count_kernel(data, valid, least, counts)


def add_moments(data: NDArray[Any], valid: Bools, moments: Floats) -> None:
    """Add the finite samples of a block to moments as `new_moments` has them, in place."""
    _moments_kernel(data, valid, moments)


def add_bins(data: NDArray[Any], valid: Bools, edges: Floats, counts: Counts) -> None:
    """Add the samples of a block to bins: from each edge up to the next, the last one included.

    Parameters
    ----------
    edges : float64 (n + 1,)
        Equally far from one another, rising.
    counts : int64 (n,)
        Changed in place.
    """
    _bins_kernel(data, valid, edges, counts)


def warm_up(dtypes: tuple[str, ...]) -> None:
    """Compile the kernels for sample types."""
    valid = np.ones((1, 1), np.bool_)
    for dtype in dtypes:
        data = np.zeros((1, 1), dtype)
        if data.dtype.kind in "iu" and data.itemsize <= 2:
            add_counts(data, valid, 0, np.zeros(1, np.int64))
        else:
            add_moments(data, valid, new_moments())
            add_bins(data, valid, np.array([0.0, 1.0]), np.zeros(1, np.int64))
