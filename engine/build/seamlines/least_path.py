"""The least-cost path through an overlap: along the cracks between pixels, from one end to the other.

An overlap is a connected area of pixels that either of two items may have. Around it lie pixels that
only one of them can have, or neither. Where the ring around it changes from one to the other, the path
begins and ends; it may slide along what neither has, and, at a cost, along the ring itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Runs of the ring shorter than this share of it, or so many pixels, are jags of a footprint's edge.
_JAG = 0.2
_JAG_PX = 4


@kernel
def _ring_kernel(area, sides, ring, counts):  # noqa: C901 -- one loop nest
    """Walk around `area` with it on the right hand; ring: row, col of the vertex and the side beyond."""
    rows, cols = area.shape
    start_row, start_col = -1, -1
    for row in range(rows):
        for col in range(cols):
            if area[row, col]:
                start_row, start_col = row, col
                break
        if start_row >= 0:
            break
    row, col, down, right, used = start_row, start_col, 0, 1, 0
    # (row, col) is the pixel on the right hand, (down, right) the heading: first along its top, eastwards.
    while True:
        if used >= ring.shape[0]:
            counts[0] = -1
            return
        ring[used, 0] = row + (down == -1 or right == -1)
        ring[used, 1] = col + (down == 1 or right == -1)
        beyond_row, beyond_col = row - right, col + down
        ring[used, 2] = 0
        if 0 <= beyond_row < rows and 0 <= beyond_col < cols:
            ring[used, 2] = sides[beyond_row, beyond_col]
        used += 1
        ahead_row, ahead_col = row + down, col + right
        ahead = 0 <= ahead_row < rows and 0 <= ahead_col < cols and area[ahead_row, ahead_col]
        left_row, left_col = ahead_row - right, ahead_col + down
        left = 0 <= left_row < rows and 0 <= left_col < cols and area[left_row, left_col]
        if ahead and left:
            row, col = left_row, left_col
            down, right = -right, down
        elif ahead:
            row, col = ahead_row, ahead_col
        else:
            down, right = right, -down
        if row == start_row and col == start_col and right == 1:
            break
    counts[0] = used


@kernel
def _sift_down(heap, keys, size, at):
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[at] <= keys[child]:
            return
        keys[at], keys[child] = keys[child], keys[at]
        heap[at], heap[child] = heap[child], heap[at]
        at = child


@kernel
def _sift_up(heap, keys, at):
    while at > 0:
        above = (at - 1) // 2
        if keys[above] <= keys[at]:
            return
        keys[at], keys[above] = keys[above], keys[at]
        heap[at], heap[above] = heap[above], heap[at]
        at = above


@kernel
def _path_kernel(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 -- one loop nest; takes no records
    area, cost, starts, ends, distance, before, heap, keys, path, counts
):
    """Dijkstra over vertices; an edge is a crack with the area on at least one hand."""
    rows, cols = area.shape
    across = cols + 1
    size = 0
    distance[:] = np.inf
    before[:] = -1
    for k in range(starts.shape[0]):
        if distance[starts[k]] > 0.0:
            distance[starts[k]] = 0.0
            heap[size], keys[size] = starts[k], 0.0
            _sift_up(heap, keys, size)
            size += 1
    found = -1
    while size > 0:
        vertex, key = heap[0], keys[0]
        size -= 1
        heap[0], keys[0] = heap[size], keys[size]
        _sift_down(heap, keys, size, 0)
        if key > distance[vertex]:
            continue
        if ends[vertex]:
            found = vertex
            break
        row, col = vertex // across, vertex % across
        for way in range(4):
            # East, south, west, north; the pixels on both hands of the crack.
            if way == 0:
                r0, c0, r1, c1, target = row - 1, col, row, col, vertex + 1
            elif way == 1:
                r0, c0, r1, c1, target = row, col - 1, row, col, vertex + across
            elif way == 2:
                r0, c0, r1, c1, target = row - 1, col - 1, row, col - 1, vertex - 1
            else:
                r0, c0, r1, c1, target = row - 1, col - 1, row - 1, col, vertex - across
            if r0 < 0 or c0 < 0 or r1 >= rows or c1 >= cols:
                continue
            if not area[r0, c0] and not area[r1, c1]:
                continue
            further = key + 0.5 * (cost[r0, c0] + cost[r1, c1])
            if further < distance[target]:
                if size >= heap.shape[0]:
                    counts[0] = -1
                    return
                distance[target] = further
                before[target] = vertex
                heap[size], keys[size] = target, further
                _sift_up(heap, keys, size)
                size += 1
    used = 0
    while found >= 0:
        path[used] = found
        used += 1
        found = before[found]
    counts[0] = used


@kernel
def _spread_kernel(area, walls, labels, stack, counts):
    """Spread labels over the area up to the walls; walls: 1 = on the north, 2 = on the west side."""
    rows, cols = area.shape
    top = counts[0]
    while top > 0:
        top -= 1
        row, col = stack[top, 0], stack[top, 1]
        for way in range(4):
            r, c = row + (way == 1) - (way == 3), col + (way == 0) - (way == 2)
            if r < 0 or c < 0 or r >= rows or c >= cols or not area[r, c] or labels[r, c] != 0:
                continue
            if way == 0 and walls[r, c] & 2:
                continue
            if way == 1 and walls[r, c] & 1:
                continue
            if way == 2 and walls[row, col] & 2:
                continue
            if way == 3 and walls[row, col] & 1:
                continue
            labels[r, c] = labels[row, col]
            stack[top, 0], stack[top, 1] = r, c
            top += 1


@kernel
def _crack_cost_kernel(area, labels, cost, out):
    rows, cols = area.shape
    total = 0.0
    for row in range(rows):
        for col in range(cols):
            if not area[row, col]:
                continue
            if col + 1 < cols and area[row, col + 1] and labels[row, col] != labels[row, col + 1]:
                total += 0.5 * (cost[row, col] + cost[row, col + 1])
            if row + 1 < rows and area[row + 1, col] and labels[row, col] != labels[row + 1, col]:
                total += 0.5 * (cost[row, col] + cost[row + 1, col])
    out[0] = total


def border_cost(area: Bools, labels: Bytes, cost: Floats) -> float:
    """Return the cost of the cracks inside `area` between pixels with different labels."""
    out = np.zeros(1)
    _crack_cost_kernel(area, labels, cost, out)
    return float(out[0])


def divide(area: Bools, sides: Bytes, cost: Floats) -> Bytes | None:
    """Divide a connected area between two items along the least-cost path.

    Parameters
    ----------
    area : bool (rows, cols)
        Connected by sides of pixels, without holes, away from the border of the array.
    sides : uint8 (rows, cols)
        Outside of the area: 1 and 2 = pixels of the first and the second item, 0 = of neither.
    cost : float64 (rows, cols)
        Of a path of the length of one pixel, around the area, too; more than 0.

    Returns
    -------
    uint8 (rows, cols) or None
        1 and 2 inside the area; None where it does not lie between two items.
    """
    ring = _ring(area, sides)
    gaps = _gaps(ring[:, 2])
    if gaps is None:
        return None
    vertices = ring[:, 0] * (area.shape[1] + 1) + ring[:, 1]
    (a_first, a_last), (b_first, b_last) = gaps
    ends = np.zeros((area.shape[0] + 1) * (area.shape[1] + 1), np.bool_)
    ends[_span(vertices, b_first, b_last)] = True
    path = _least_path(area, cost, _span(vertices, a_first, a_last), ends)
    if len(path) < 2:
        return None
    return _labelled(area, ring, _ring_sides(ring[:, 2], gaps), path)


def _ring(area: Bools, sides: Bytes) -> Integers:
    size = 4 * int(np.count_nonzero(area)) + 4
    ring, counts = np.empty((size, 3), np.int64), np.zeros(1, np.int64)
    _ring_kernel(area, sides, ring, counts)
    return ring[: counts[0]]


def _runs(sides: Integers) -> list[list[int]]:
    """Return the runs of a ring as [side, first, length over all steps], zeros and jags left out."""
    steps = np.flatnonzero(sides)
    runs: list[list[int]] = []
    for step in steps.tolist():
        side = int(sides[step])
        if runs and runs[-1][0] == side:
            runs[-1][2] += 1
            runs[-1][3] = step
        else:
            runs.append([side, step, 1, step])
    return _joined(runs)


def _joined(runs: list[list[int]]) -> list[list[int]]:
    """Join runs of one side that follow each other around the ring."""
    joined: list[list[int]] = []
    for run in runs:
        if joined and joined[-1][0] == run[0]:
            joined[-1][2] += run[2]
            joined[-1][3] = run[3]
        else:
            joined.append(list(run))
    if len(joined) > 1 and joined[0][0] == joined[-1][0]:
        last = joined.pop()
        joined[0][1] = last[1]
        joined[0][2] += last[2]
    return joined


def _gaps(sides: Integers) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return the two gaps between the two runs of a ring, as steps (last of one, first of the next)."""
    runs = _runs(sides)
    most = max(_JAG_PX, _JAG * len(sides))
    while len(runs) > 2:
        shortest = min(range(len(runs)), key=lambda n: (runs[n][2], n))
        if runs[shortest][2] > most:
            return None
        del runs[shortest]
        runs = _joined(runs)
    if len(runs) != 2 or runs[0][0] == runs[1][0]:
        return None
    one, two = runs
    return (one[3], two[1]), (two[3], one[1])


def _span(vertices: Integers, last: int, first: int) -> Integers:
    """Return the vertices from the end of step `last` to the start of step `first`, around the ring."""
    count = len(vertices)
    steps = (first - last - 1) % count
    return vertices[(last + 1 + np.arange(steps + 1)) % count]


def _ring_sides(
    sides: Integers, gaps: tuple[tuple[int, int], tuple[int, int]]
) -> list[tuple[int, Integers]]:
    """Return the steps of both runs, jags included, with their sides."""
    (end_one, start_two), (end_two, start_one) = gaps
    count = len(sides)
    found = []
    for side, first, last in (
        (int(sides[end_one]), start_one, end_one),
        (int(sides[end_two]), start_two, end_two),
    ):
        steps = (last - first) % count
        found.append((side, (first + np.arange(steps + 1)) % count))
    return found


def _least_path(area: Bools, cost: Floats, starts: Integers, ends: Bools) -> Integers:
    count = len(ends)
    path, counts = np.empty(count, np.int64), np.zeros(1, np.int64)
    size = 8 * count
    _path_kernel(
        area,
        cost,
        starts,
        ends,
        np.empty(count),
        np.empty(count, np.int64),
        np.empty(size, np.int64),
        np.empty(size),
        path,
        counts,
    )
    return path[: max(0, int(counts[0]))]


def _edge_keys(path: Integers, count: int) -> Integers:
    return _keys(path[1:], path[:-1], count)


def _keys(one: Integers, other: Integers, count: int) -> Integers:
    """Return a number for each edge between two vertices, the same in both directions."""
    return np.minimum(one, other) * count + np.maximum(one, other)


def _labelled(
    area: Bools, ring: Integers, runs: list[tuple[int, Integers]], path: Integers
) -> Bytes:
    across = area.shape[1] + 1
    walls = np.zeros((area.shape[0] + 1, across), np.uint8)
    rows, cols = path // across, path % across
    level = rows[1:] == rows[:-1]
    # A level step runs along the north side of a pixel, an upright one along the west side.
    np.bitwise_or.at(walls, (rows[1:][level], np.minimum(cols[1:], cols[:-1])[level]), 1)
    np.bitwise_or.at(walls, (np.minimum(rows[1:], rows[:-1])[~level], cols[1:][~level]), 2)
    labels = np.zeros(area.shape, np.uint8)
    stack = np.empty((int(np.count_nonzero(area)) + len(ring) + 1, 2), np.int64)
    used = 0
    count = len(ring)
    taken = _edge_keys(path, len(walls) * across)
    for side, run in runs:
        # Where the path runs along the ring, the pixels inside are the other's.
        ends = ring[run], ring[(run + 1) % count]
        keys = [vertices[:, 0] * across + vertices[:, 1] for vertices in ends]
        steps = run[~np.isin(_keys(keys[0], keys[1], len(walls) * across), taken)]
        here, following = ring[steps], ring[(steps + 1) % count]
        down, right = following[:, 0] - here[:, 0], following[:, 1] - here[:, 1]
        # The pixel on the right hand of each step.
        pixel_rows = here[:, 0] - (down == -1) - (right == -1)
        pixel_cols = here[:, 1] - (down == 1) - (right == -1)
        for row, col in zip(pixel_rows.tolist(), pixel_cols.tolist(), strict=True):
            if labels[row, col] == 0:
                labels[row, col] = side
                stack[used] = row, col
                used += 1
    _spread_kernel(area, walls, labels, stack, np.array([used], np.int64))
    return labels
