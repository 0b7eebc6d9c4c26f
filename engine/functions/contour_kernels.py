"""What contours are made of, compiled: surfaces smoothed by Gaussian weights, and where lines cross pixels.

Each pixel is summed from its own neighbours in a fixed order, so it is the same in any tile.
"""

from __future__ import annotations

import numpy as np

from engine.kernel import kernel, unaliased_kernel


@unaliased_kernel
def _add_weighted(row, valid, weight, sums, weights):
    for j in range(row.size):
        own = weight if valid[j] else 0.0
        sums[j] += own * (row[j] if valid[j] else 0.0)
        weights[j] += own


@unaliased_kernel
def _add_shifted(columns, shift, weight, out):
    for j in range(out.size):
        out[j] += weight * columns[j + shift]


@unaliased_kernel
def smooth_kernel(data, valid, bell, buffers, out):
    """Write the weighted mean of the valid neighbours of each pixel.

    Parameters
    ----------
    data : float64 (rows, cols)
    bell : float64 (2 · radius + 1,)
        Weights along a column and along a row.
    buffers : float64 (3, cols + 2 · radius)
        Room for the sums of columns and their weights, and for the weights of a row.
    """
    rows, cols = data.shape
    radius = bell.size // 2
    for i in range(rows):
        buffers[:] = 0.0
        at = buffers[:, radius : radius + cols]
        for y in range(max(0, i - radius), min(rows, i + radius + 1)):
            _add_weighted(data[y], valid[y], bell[y - i + radius], at[0], at[1])
        out[i] = 0.0
        weights = buffers[2, :cols]
        for shift in range(bell.size):
            _add_shifted(buffers[0], shift, bell[shift], out[i])
            _add_shifted(buffers[1], shift, bell[shift], weights)
        for j in range(cols):
            out[i, j] /= weights[j]


@kernel
def _bold(low, high, nth):
    """Return the highest line above `low` and up to `high` that is bold, else one below all."""
    line = np.floor(high / nth) * nth
    return line if line > low else low - 1.0


@kernel
def lines_kernel(steps, valid, nth, out, good):
    """Write the number of the line at each pixel that has one.

    A line runs through the pixels above it that touch one below; a bold one through those below, too.

    Parameters
    ----------
    steps : float64 (rows, cols)
        Intervals above the base, rounded down.
    nth : int
        Every so many lines are bold; 0 = none.
    """
    rows, cols = steps.shape
    for i in range(rows):
        for j in range(cols):
            good[i, j] = False
            out[i, j] = 0.0
            if not valid[i, j]:
                continue
            own = steps[i, j]
            low, high = own, own
            for way in range(4):
                y = i + (way == 0) - (way == 1)
                x = j + (way == 2) - (way == 3)
                if 0 <= y < rows and 0 <= x < cols and valid[y, x]:
                    low, high = min(low, steps[y, x]), max(high, steps[y, x])
            if low < own:
                line = _bold(low, own, nth) if nth > 0 else low
                out[i, j] = line if line > low else own
                good[i, j] = True
            elif nth > 0 and high > own:
                line = _bold(own, high, nth)
                good[i, j] = line > own
                out[i, j] = line
