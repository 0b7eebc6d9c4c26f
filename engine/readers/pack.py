"""Pack three uint8 planes and their validity into RGBV words, once per decoded block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def _pack_rgbv_kernel(data, valid, words, counts):
    bands = valid.shape[0]
    rows, cols = words.shape
    good, mixed = 0, 0
    for row in range(rows):
        for col in range(cols):
            usable = valid[0, row, col]
            if bands > 1 and (valid[1, row, col] != usable or valid[2, row, col] != usable):
                mixed += 1
            word = (
                np.uint32(data[0, row, col])
                | (np.uint32(data[1, row, col]) << np.uint32(8))
                | (np.uint32(data[2, row, col]) << np.uint32(16))
                | np.uint32(0xFF000000)
            )
            words[row, col] = word if usable else np.uint32(0)
            good += usable
    counts[0] = good
    counts[1] = mixed


def pack_rgbv(data: NDArray[Any], valid: NDArray[np.bool_]) -> tuple[NDArray[np.uint32], int, int]:
    """Pack planes as words.

    Parameters
    ----------
    data : uint8 (3, rows, cols)
    valid : bool (1 or 3, rows, cols)

    Returns
    -------
    words : uint32 (rows, cols)
        Invalid pixels are 0.
    valid_count, mixed_count : int
        Valid pixels, and pixels whose bands disagree about validity.
    """
    if data.dtype != np.uint8 or data.shape[0] != 3:
        raise ValueError(f"cannot pack {data.shape[0]} × {data.dtype}")
    words = np.empty(data.shape[1:], np.uint32)
    counts = np.zeros(2, np.int64)
    _pack_rgbv_kernel(np.ascontiguousarray(data), valid, words, counts)
    return words, int(counts[0]), int(counts[1])
