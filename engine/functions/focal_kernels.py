"""Statistics of neighbourhoods, compiled: each pixel's from its own neighbours in a fixed order.

So a pixel is the same to the last bit in any tile, which running sums would not give. What can be taken
first along columns and then along rows is.
"""

from __future__ import annotations

import numpy as np

from engine.kernel import kernel, unaliased_kernel


@unaliased_kernel
def _add_row(row, valid, sums, squares, counts):
    for j in range(row.size):
        weight = 1.0 if valid[j] else 0.0
        value = row[j] if valid[j] else 0.0
        sums[j] += value
        squares[j] += value * value
        counts[j] += weight


@unaliased_kernel
def _sum_window(columns, shift, out):
    for j in range(out.size):
        out[j] += columns[j + shift]


@unaliased_kernel
def moments_kernel(data, valid, window, buffers, sums, squares, counts):
    """Write sums, sums of squares and counts of the valid neighbours of each pixel.

    Parameters
    ----------
    data : float64 (rows, cols)
        Less a number near its mean, so that squares lose nothing.
    window : (rows, columns)
    buffers : float64 (3, cols + columns)
        Room for the sums of columns.
    """
    rows, cols = data.shape
    high, wide = window
    up, left = high // 2, wide // 2
    for i in range(rows):
        buffers[:] = 0.0
        at = buffers[:, left : left + cols]
        for y in range(max(0, i - up), min(rows, i - up + high)):
            _add_row(data[y], valid[y], at[0], at[1], at[2])
        sums[i] = 0.0
        squares[i] = 0.0
        counts[i] = 0.0
        for shift in range(wide):
            _sum_window(buffers[0], shift, sums[i])
            _sum_window(buffers[1], shift, squares[i])
            _sum_window(buffers[2], shift, counts[i])


@unaliased_kernel
def _least_row(row, valid, found):
    for j in range(row.size):
        value = row[j] if valid[j] else np.inf
        found[j] = value if value < found[j] else found[j]


@unaliased_kernel
def _least_window(columns, shift, out):
    for j in range(out.size):
        value = columns[j + shift]
        out[j] = value if value < out[j] else out[j]


@unaliased_kernel
def least_kernel(data, valid, window, buffer, out):
    """Write the least valid neighbour of each pixel; infinite where there is none.

    Parameters
    ----------
    buffer : float64 (cols + columns,)
        Room for the least of columns.
    """
    rows, cols = data.shape
    high, wide = window
    up, left = high // 2, wide // 2
    for i in range(rows):
        buffer[:] = np.inf
        for y in range(max(0, i - up), min(rows, i - up + high)):
            _least_row(data[y], valid[y], buffer[left : left + cols])
        out[i] = np.inf
        for shift in range(wide):
            _least_window(buffer, shift, out[i])


@kernel
def _place(values, count, value):
    """Put a value into its place among sorted ones."""
    place = count
    while place > 0 and values[place - 1] > value:
        values[place] = values[place - 1]
        place -= 1
    values[place] = value


@kernel
def _frequent(values, count, wants_most):
    """Return the most (least) frequent of sorted values, the least of several."""
    best, best_count = values[0], 0
    at = 0
    while at < count:
        end = at + 1
        while end < count and values[end] == values[at]:
            end += 1
        own = end - at
        if best_count == 0 or (own > best_count if wants_most else own < best_count):
            best, best_count = values[at], own
        at = end
    return best


@kernel
def ranked_kernel(data, valid, window, code, values, out, good):
    """Write the median (0), the most (1) or the least frequent (2) of the valid neighbours of each pixel.

    Parameters
    ----------
    values : float64 (rows · columns of the window,)
        Room to sort in.
    """
    rows, cols = data.shape
    high, wide = window
    up, left = high // 2, wide // 2
    for i in range(rows):
        for j in range(cols):
            count = 0
            for y in range(max(0, i - up), min(rows, i - up + high)):
                for x in range(max(0, j - left), min(cols, j - left + wide)):
                    if valid[y, x]:
                        _place(values, count, data[y, x])
                        count += 1
            good[i, j] = count > 0
            if count == 0:
                out[i, j] = 0.0
            elif code == 0:
                out[i, j] = (values[(count - 1) // 2] + values[count // 2]) / 2
            else:
                out[i, j] = _frequent(values, count, code == 1)
