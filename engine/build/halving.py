"""Halve a square of pixels: the mean of the valid ones of each 2 × 2, or for classes the commonest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel

Array = NDArray[Any]
Bools = NDArray[np.bool_]
_SHORT_BYTES = 2


@kernel
def _mean_kernel(data: Array, valid: Bools, half: float, out: Array, out_valid: Bools) -> None:
    bands, rows, cols = data.shape
    for band in range(bands):
        own = band if valid.shape[0] > 1 else 0
        for row in range(out.shape[1]):
            for col in range(out.shape[2]):
                total, count = 0.0, 0
                for y in range(2 * row, min(2 * row + 2, rows)):
                    for x in range(2 * col, min(2 * col + 2, cols)):
                        if valid[own, y, x]:
                            total += data[band, y, x]
                            count += 1
                out_valid[own, row, col] = count > 0
                if count:
                    mean = total / count
                    out[band, row, col] = np.floor(mean + half) if half > 0.0 else mean


@kernel
def _whole_mean_kernel(data: Array, out: Array) -> None:
    # All valid, whole numbers of at most two bytes, even sides: nearly all of an overview.
    bands, rows, cols = out.shape
    for band in range(bands):
        for row in range(rows):
            above, below, line = data[band, 2 * row], data[band, 2 * row + 1], out[band, row]
            for col in range(cols):
                at = 2 * col
                total = np.int32(above[at]) + np.int32(above[at + 1])
                total += np.int32(below[at]) + np.int32(below[at + 1])
                line[col] = (total + 2) >> 2


@kernel
def _majority_kernel(data: Array, valid: Bools, out: Array, out_valid: Bools) -> None:  # noqa: C901 -- one loop nest
    bands, rows, cols = data.shape
    for band in range(bands):
        own = band if valid.shape[0] > 1 else 0
        for row in range(out.shape[1]):
            for col in range(out.shape[2]):
                best = 0
                for y in range(2 * row, min(2 * row + 2, rows)):
                    for x in range(2 * col, min(2 * col + 2, cols)):
                        if not valid[own, y, x]:
                            continue
                        votes = 0
                        for v in range(2 * row, min(2 * row + 2, rows)):
                            for u in range(2 * col, min(2 * col + 2, cols)):
                                if valid[own, v, u] and data[band, v, u] == data[band, y, x]:
                                    votes += 1
                        if votes > best:
                            best = votes
                            out[band, row, col] = data[band, y, x]
                out_valid[own, row, col] = best > 0


@kernel
def _words_kernel(words: Array, out: Array) -> None:
    # Lanes R and B, and G and V, are summed side by side; V is 255 where a pixel is valid.
    rows, cols = words.shape
    lanes, rounding, two, eight = (
        np.uint32(0x00FF00FF),
        np.uint32(0x00020002),
        np.uint32(2),
        np.uint32(8),
    )
    full = np.uint32(0xFF000000)
    for row in range(out.shape[0]):
        above, below = words[2 * row], words[min(2 * row + 1, rows - 1)]
        has_below = 2 * row + 1 < rows
        line = out[row]
        gap = np.uint32(0)
        for col in range(cols // 2 if has_below else 0):
            a, b, c, d = above[2 * col], above[2 * col + 1], below[2 * col], below[2 * col + 1]
            even = (a & lanes) + (b & lanes) + (c & lanes) + (d & lanes) + rounding
            odd = ((a >> eight) & lanes) + ((b >> eight) & lanes)
            odd += ((c >> eight) & lanes) + ((d >> eight) & lanes) + rounding
            line[col] = ((even >> two) & lanes) | (((odd >> two) & lanes) << eight)
            gap |= ~(a & b & c & d) & full
        if gap == 0 and has_below and cols % 2 == 0:
            continue
        for col in range(line.size):
            red = green = blue = count = np.int64(0)
            for y in range(2 * row, min(2 * row + 2, rows)):
                for x in range(2 * col, min(2 * col + 2, cols)):
                    word = np.int64(words[y, x])
                    if word >> 24:
                        red += word & 255
                        green += (word >> 8) & 255
                        blue += (word >> 16) & 255
                        count += 1
            if count:
                twice = 2 * count
                lanes_of_mean = (
                    (2 * red + count) // twice
                    | (2 * green + count) // twice << 8
                    | (2 * blue + count) // twice << 16
                )
                line[col] = np.uint32(lanes_of_mean | 0xFF000000)
            else:
                line[col] = 0


def halved_words(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return what `halved_mean` gives, for RGBV words (rows, cols)."""
    rows, cols = words.shape
    out = np.empty(((rows + 1) // 2, (cols + 1) // 2), np.uint32)
    _words_kernel(np.ascontiguousarray(words), out)
    return out


def halved_mean(data: Array, valid: Bools) -> tuple[Array, Bools]:
    """Return means of 2 × 2 pixels, whole numbers rounded, and where any of them is valid.

    Parameters
    ----------
    data : (bands, rows, cols)
        An odd last row or column stands alone.
    valid : bool (1 or bands, rows, cols)
    """
    out, out_valid = _empty(data, valid)
    is_even = not (data.shape[1] % 2 or data.shape[2] % 2)
    if is_even and data.dtype.kind in "ui" and data.dtype.itemsize <= _SHORT_BYTES and valid.all():
        _whole_mean_kernel(np.ascontiguousarray(data), out)
        out_valid[:] = True
        return out, out_valid
    # Whole numbers are rounded, half up.
    half = 0.0 if data.dtype.kind == "f" else 0.5
    _mean_kernel(np.ascontiguousarray(data), np.ascontiguousarray(valid), half, out, out_valid)
    return out, out_valid


def halved_majority(data: Array, valid: Bools) -> tuple[Array, Bools]:
    """Return the commonest of 2 × 2 pixels, of equally common ones the first; see `halved_mean`."""
    out, out_valid = _empty(data, valid)
    _majority_kernel(np.ascontiguousarray(data), np.ascontiguousarray(valid), out, out_valid)
    return out, out_valid


def _empty(data: Array, valid: Bools) -> tuple[Array, Bools]:
    rows, cols = ((side + 1) // 2 for side in data.shape[1:])
    return (
        np.zeros((data.shape[0], rows, cols), data.dtype),
        np.zeros((valid.shape[0], rows, cols), np.bool_),
    )
