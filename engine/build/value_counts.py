"""Count how often each value of 8 bits stands in an array, at the pace of memory.

NumPy's bincount first makes 64-bit integers of all samples, which takes several times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def _count_values_kernel(samples: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    # Equal neighbours are common: with a row of counts each they need not wait for one another.
    fours = samples.size // 4 * 4
    for at in range(0, fours, 4):
        counts[0, samples[at]] += 1
        counts[1, samples[at + 1]] += 1
        counts[2, samples[at + 2]] += 1
        counts[3, samples[at + 3]] += 1
    for at in range(fours, samples.size):
        counts[0, samples[at]] += 1


def count_values(samples: NDArray[Any]) -> NDArray[np.int64]:
    """Count how often each value stands in an array.

    Parameters
    ----------
    samples : (n,)
        Integers of 8 bits.

    Returns
    -------
    int64 (256,)
        From the least value that the type can hold on.
    """
    if samples.ndim != 1 or samples.dtype.kind not in "iu" or samples.dtype.itemsize != 1:
        raise ValueError(f"cannot count {samples.dtype} of shape {samples.shape} by value")
    counts = np.zeros((4, 256), np.int64)
    _count_values_kernel(np.ascontiguousarray(samples).view(np.uint8), counts)
    total = np.asarray(counts.sum(axis=0), np.int64)
    # Seen as unsigned, negative values stand behind the others.
    return np.roll(total, 128) if samples.dtype.kind == "i" else total
