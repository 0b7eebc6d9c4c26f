"""Statistics of neighbourhoods, compiled: each pixel's from its own neighbours in a fixed order.

So a pixel is the same to the last bit in any tile, which running sums would not give. What can be taken first along
columns and then along rows is; values are sorted for many pixels at once by a fixed list of exchanges. Samples come
with a frame around them, so that nothing is asked of edges: what is not there holds a value that does not count.

References
----------
Batcher, K. E. (1968), Sorting networks and their applications, Proceedings AFIPS 32, 307-314.
"""

from __future__ import annotations

import numpy as np

from engine.kernel import kernel, unaliased_kernel

SUM, MEAN, DEVIATION = range(3)
MEDIAN, MAJORITY, MINORITY, VARIETY, PERCENTILE = range(5)


@unaliased_kernel
def _add(row, out):
    for j in range(out.size):
        out[j] += row[j]


@unaliased_kernel
def _add_three(one, two, three, out):
    for j in range(out.size):
        out[j] += (np.float64(one[j]) + np.float64(two[j])) + np.float64(three[j])


@unaliased_kernel
def _add_squares(row, out):
    for j in range(out.size):
        value = np.float64(row[j])
        out[j] += value * value


@unaliased_kernel
def _box_row(framed, first, window, columns, out):
    """Write the sums of the windows of a row; rows are added by threes, whatever the window."""
    high, wide = window
    columns[:] = 0.0
    y = 0
    while y + 3 <= high:
        at = first + y
        _add_three(framed[at], framed[at + 1], framed[at + 2], columns)
        y += 3
    while y < high:
        _add(framed[first + y], columns)
        y += 1
    _box_columns(columns, wide, out)


@unaliased_kernel
def _box_columns(columns, wide, out):
    out[:] = 0.0
    cols, x = out.size, 0
    while x + 3 <= wide:
        _add_three(columns[x : x + cols], columns[x + 1 : x + 1 + cols], columns[x + 2 :], out)
        x += 3
    while x < wide:
        _add(columns[x : x + cols], out)
        x += 1


@unaliased_kernel
def _finish(sums, squares, counts, code, out, good):
    for j in range(out.size):
        count = counts[j]
        good[j] = count > 0.0
        scale = 1.0 / count if count > 0.0 else 0.0
        mean = sums[j] * scale
        if code == SUM:
            out[j] = sums[j]
        elif code == MEAN:
            out[j] = mean
        else:
            out[j] = np.sqrt(max(squares[j] * scale - mean * mean, 0.0))


@unaliased_kernel
def box_kernel(framed, there, window, code, room, out, good):
    """Write the sum, the mean or the standard deviation of rectangles.

    Parameters
    ----------
    framed : (rows + high - 1, cols + wide - 1)
        0 where there is no sample.
    there : uint8, as `framed`, or (0, 0)
        Whether there is one; empty: everywhere inside the frame.
    room : float64 (5, cols + wide - 1)
    """
    rows, cols = out.shape
    high, wide = window
    up, left = high // 2, wide // 2
    columns = room[0]
    sums, squares, counts = room[1, :cols], room[2, :cols], room[3, :cols]
    across = room[4, :cols]
    for j in range(cols):
        across[j] = min(cols, j - left + wide) - max(0, j - left)
    for i in range(rows):
        _box_row(framed, i, window, columns, sums)
        if code == DEVIATION:
            columns[:] = 0.0
            for y in range(high):
                _add_squares(framed[i + y], columns)
            _box_columns(columns, wide, squares)
        if there.size > 0:
            _box_row(there, i, window, columns, counts)
        else:
            along = min(rows, i - up + high) - max(0, i - up)
            for j in range(cols):
                counts[j] = along * across[j]
        _finish(sums, squares, counts, code, out[i], good[i])


@unaliased_kernel
def _add_weighted(row, weight, out):
    for j in range(out.size):
        out[j] += weight * np.float64(row[j])


@unaliased_kernel
def _add_weighted_squares(row, weight, out):
    for j in range(out.size):
        value = np.float64(row[j])
        out[j] += weight * (value * value)


@unaliased_kernel
def weighted_kernel(framed, there, places, code, room, out, good):
    """Write the weighted sum, mean or standard deviation of any neighbourhood.

    Parameters
    ----------
    framed, there
        As of `box_kernel`; `there` is not empty.
    places : float64 (n, 3)
        Rows and columns from the neighbourhood's first corner, and weights.
    room : float64 (3, cols)
    """
    rows, cols = out.shape
    sums, squares, counts = room[0], room[1], room[2]
    for i in range(rows):
        room[:] = 0.0
        for n in range(places.shape[0]):
            y, x, weight = int(places[n, 0]), int(places[n, 1]), places[n, 2]
            row = framed[i + y, x : x + cols]
            _add_weighted(row, weight, sums)
            if code == DEVIATION:
                _add_weighted_squares(row, weight, squares)
            _add_weighted(there[i + y, x : x + cols], weight, counts)
        _finish(sums, squares, counts, code, out[i], good[i])


@unaliased_kernel
def _lesser(row, out):
    for j in range(out.size):
        out[j] = row[j] if row[j] < out[j] else out[j]


@unaliased_kernel
def least_box_kernel(framed, window, columns, out):
    """Write the least sample of rectangles; infinite where there is none.

    Parameters
    ----------
    framed : float (rows + high - 1, cols + wide - 1)
        Infinite where there is no sample.
    columns : (cols + wide - 1,)
        Room, of the same type as all.
    """
    rows, cols = out.shape
    high, wide = window
    for i in range(rows):
        columns[:] = framed[i]
        for y in range(1, high):
            _lesser(framed[i + y], columns)
        out[i] = columns[:cols]
        for x in range(1, wide):
            _lesser(columns[x : x + cols], out[i])


@unaliased_kernel
def least_kernel(framed, places, out):
    """Write the least sample of any neighbourhood; as `least_box_kernel`."""
    rows, cols = out.shape
    for i in range(rows):
        out[i] = np.inf
        for n in range(places.shape[0]):
            y, x = places[n, 0], places[n, 1]
            _lesser(framed[i + y, x : x + cols], out[i])


@unaliased_kernel
def _exchange(low, high):
    for j in range(low.size):
        one, other = low[j], high[j]
        low[j] = one if one < other else other
        high[j] = other if one < other else one


@kernel
def _frequent(values, j, count, wants_most):
    """Return the most (least) frequent of the sorted values of a pixel, the least of several."""
    best, best_count = values[0, j], 0
    at = 0
    while at < count:
        end = at + 1
        while end < count and values[end, j] == values[at, j]:
            end += 1
        own = end - at
        if best_count == 0 or (own > best_count if wants_most else own < best_count):
            best, best_count = values[at, j], own
        at = end
    return best


@kernel
def _of_sorted(values, j, count, code, share):
    if code == MEDIAN:
        return (np.float64(values[(count - 1) // 2, j]) + np.float64(values[count // 2, j])) / 2
    if code == PERCENTILE:
        place = share * (count - 1)
        low = int(place)
        high = min(low + 1, count - 1)
        one, other = np.float64(values[low, j]), np.float64(values[high, j])
        return one + (place - low) * (other - one)
    if code == VARIETY:
        found = 1
        for n in range(1, count):
            found += values[n, j] != values[n - 1, j]
        return np.float64(found)
    return np.float64(_frequent(values, j, count, code == MAJORITY))


@unaliased_kernel
def _copy(row, out):
    for j in range(out.size):
        out[j] = row[j]


@unaliased_kernel
def _count(row, out):
    for j in range(out.size):
        out[j] += row[j]


@unaliased_kernel
def _middle(one, other, out, good):
    for j in range(out.size):
        out[j] = (np.float64(one[j]) + np.float64(other[j])) / 2
        good[j] = True


@kernel
def sorted_kernel(framed, there, places, exchanges, rule, rooms, found):
    """Write what is found among the sorted samples of neighbourhoods.

    Parameters
    ----------
    framed : float (rows + …, cols + …)
        Infinite where there is no sample.
    there : uint8, as `framed`
    places : int64 (n, 2)
    exchanges : (few, all), int32 (m, 2) each
        That bring the middle values of full neighbourhoods, and all values, into their order.
    rule : (code, share)
    rooms : (n, chunk) as `framed`, uint32 (chunk,)
        So many pixels are sorted at once.
    found : (results, whether there are any)
    """
    out, good = found
    rows, cols = out.shape
    values, counts = rooms
    count, chunk = values.shape
    few, every = exchanges
    code, share = rule
    for i in range(rows):
        for first in range(0, cols, chunk):
            some = min(chunk, cols - first)
            counts[:some] = 0
            for n in range(count):
                y, x = i + places[n, 0], first + places[n, 1]
                _copy(framed[y, x : x + some], values[n, :some])
                _count(there[y, x : x + some], counts[:some])
            is_full = counts[:some].min() == count
            order = few if is_full else every
            for k in range(order.shape[0]):
                _exchange(values[order[k, 0], :some], values[order[k, 1], :some])
            last = first + some
            if is_full and code == MEDIAN:
                low, high = values[(count - 1) // 2, :some], values[count // 2, :some]
                _middle(low, high, out[i, first:last], good[i, first:last])
                continue
            for j in range(some):
                own = np.int64(counts[j])
                good[i, first + j] = own > 0
                out[i, first + j] = _of_sorted(values, j, own, code, share) if own > 0 else 0.0
