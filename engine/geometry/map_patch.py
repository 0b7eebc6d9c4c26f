"""Projections over a square of the lattice, known at few points, by cubics between.

Rule: lattice and square alone decide, so that any cut of a view gives the same positions.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.geometry.post_surface import NodeCell
from engine.kernel import kernel, unaliased_kernel
from engine.target_grid import CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.geometry.locator import MapLocator
    from engine.target_grid import Lattice

Floats = NDArray[np.float64]

# Intervals a side between the points that are transformed.
_INTERVALS = 8
# Output pixels between the points that a patch holds.
FEW = 32
# Maps that bend more are not interpolated.
_MOST_OFF_PX = 1e-6


class Square(NamedTuple):
    """A square of cells of the lattice: world numbers of the first one, and how many a side (1 or 4)."""

    col: int
    row: int
    cells: int


class MapPatch(NamedTuple):
    """Smooth maps over a square of the lattice.

    Attributes
    ----------
    points : float64 (2 * maps, rows, cols)
        x and y of each map, `FEW` output pixels apart, from edge to edge.
    off_px : float
        Bound of the error of cubics between them, in output pixels.
    """

    points: Floats
    off_px: float


def between(points: Floats, step: int) -> Floats:
    """Return points `step` output pixels apart, a power of two of at most twice `FEW`.

    Parameters
    ----------
    points : float64 (n, rows, cols)
        `FEW` output pixels apart.
    """
    if step >= FEW:
        return np.ascontiguousarray(points[:, :: step // FEW, :: step // FEW])
    return finer(points, (FEW // step, FEW // step))


def finer(points: Floats, times: tuple[int, int]) -> Floats:
    """Return points so many times as near, by cubics through the four nearest along rows and columns.

    Parameters
    ----------
    points : float64 (n, rows, cols)
        4 × 4 or more.
    times : (rows, cols)

    By a kernel and not as a product of matrices: numpy's library for those would wake threads that
    spin for a while on every core.
    """
    maps, rows, cols = points.shape
    out = np.empty((maps, (rows - 1) * times[0] + 1, (cols - 1) * times[1] + 1))
    down, across = _cubic_weights(times[0]), _cubic_weights(times[1])
    _finer_kernel(points, down, across, np.empty((rows, out.shape[2])), out)
    return out


@unaliased_kernel
def _finer_kernel(points, down, across, half, out):
    maps, rows, cols = points.shape
    by_row, by_col = down.shape[1], across.shape[1]
    for m in range(maps):
        for c in range(cols):
            first = min(max(c - 1, 0), cols - 4)
            # The last point has no interval to its right.
            for k in range(by_col if c < cols - 1 else 1):
                w = across[c - first, k]
                w0, w1, w2, w3 = w[0], w[1], w[2], w[3]
                right = np.uint64(c * by_col + k)
                for row in range(rows):
                    i = np.uint64(row)
                    half[i, right] = (
                        w0 * points[m, i, first]
                        + w1 * points[m, i, first + 1]
                        + w2 * points[m, i, first + 2]
                        + w3 * points[m, i, first + 3]
                    )
        for r in range(rows):
            above = min(max(r - 1, 0), rows - 4)
            for k in range(by_row if r < rows - 1 else 1):
                w = down[r - above, k]
                w0, w1, w2, w3 = w[0], w[1], w[2], w[3]
                place, n = np.uint64(r * by_row + k), np.uint64(above)
                for col in range(out.shape[2]):
                    j = np.uint64(col)
                    out[m, place, j] = (
                        w0 * half[n, j]
                        + w1 * half[n + np.uint64(1), j]
                        + w2 * half[n + np.uint64(2), j]
                        + w3 * half[n + np.uint64(3), j]
                    )


@lru_cache(maxsize=16)
def _cubic_weights(times: int) -> Floats:
    """Return the weights (4, times, 4) of four points.

    The first index is the point left of the place sought (3 only at the end), the second how far right
    of it in parts of an interval.
    """
    position = np.arange(4)[:, np.newaxis] + np.arange(times) / times
    weights = np.ones((4, times, 4))
    for own in range(4):
        for other in range(4):
            if other != own:
                weights[:, :, own] *= (position - other) / (own - other)
    return weights


def map_patch(locators: Sequence[MapLocator], lattice: Lattice, square: Square) -> MapPatch | None:
    """Return maps over a square, None where one is not defined everywhere or bends too much."""
    side = square.cells * CELL
    apart = side // _INTERVALS
    x, y = _points(lattice, square)
    found, off_px = [], 0.0
    for locator in locators:
        there_x, there_y, good = locator.locate(x, y, lattice)
        if not good.all():
            return None
        # Once from the points transformed, once from those between them.
        off_px += 2 * cubic_error_px(there_x, there_y, (apart, apart))
        found += [there_x, there_y]
    if not off_px <= _MOST_OFF_PX:
        return None
    points = np.array(found)
    return MapPatch(points if apart == FEW else finer(points, (apart // FEW, apart // FEW)), off_px)


def _points(lattice: Lattice, square: Square) -> tuple[Floats, Floats]:
    """Return 9 × 9 map points over a square."""
    side = square.cells * CELL
    along = np.arange(_INTERVALS + 1) * (side // _INTERVALS) + 0.5
    cols = square.col * CELL + along + lattice.phase_x
    rows = square.row * CELL + along + lattice.phase_y
    x, y = np.empty((2, _INTERVALS + 1, _INTERVALS + 1))
    x[:] = lattice.origin_x + cols * lattice.pixel_x
    y[:] = (lattice.origin_y - rows * lattice.pixel_y)[:, np.newaxis]
    return x, y


def cubic_error_px(x: Floats, y: Floats, pixels: tuple[float, float]) -> float:
    """Return how far cubics through nodes miss a smooth map, at most, in output pixels.

    The error is a 24th of a fourth difference in the outermost intervals and less elsewhere.

    Parameters
    ----------
    x, y : float64 (rows, cols)
        At the nodes.
    pixels : (float, float)
        Output pixels from node to node, along columns and rows.
    """
    facts = np.empty(7)
    _fourth_kernel(x, y, facts)
    _steps_kernel(x, y, facts)
    fourth, along_x, along_y = facts[:3].tolist()
    error, least = fourth / 24, min(along_x / pixels[0], along_y / pixels[1])
    return error / least if least > 0 else math.inf


def longest_steps(x: Floats, y: Floats) -> NodeCell:
    """Return the longest steps from point to point, along columns and rows.

    Parameters
    ----------
    x, y : float64 (rows, cols)
        Finite.
    """
    facts = np.empty(7)
    _steps_kernel(x, y, facts)
    return NodeCell(*facts[3:].tolist())


@kernel
def _fourth_kernel(x, y, facts):
    """Find the sum of the largest fourth differences."""
    rows, cols = x.shape
    facts[0] = 0.0
    for v in (x, y):
        across, down = 0.0, 0.0
        for r in range(rows):
            for c in range(cols - 4):
                d = v[r, c] - 4 * v[r, c + 1] + 6 * v[r, c + 2] - 4 * v[r, c + 3] + v[r, c + 4]
                across = max(across, abs(d))
        for r in range(rows - 4):
            for c in range(cols):
                d = v[r, c] - 4 * v[r + 1, c] + 6 * v[r + 2, c] - 4 * v[r + 3, c] + v[r + 4, c]
                down = max(down, abs(d))
        facts[0] += across + down


@kernel
def _steps_kernel(x, y, facts):
    """Find the shortest steps along columns and rows (1, 2), and the longest (3, 4 and 5, 6)."""
    rows, cols = x.shape
    for axis, (dr, dc) in enumerate(((0, 1), (1, 0))):
        least, most = np.inf, -1.0
        for r in range(rows - dr):
            for c in range(cols - dc):
                dx, dy = x[r + dr, c + dc] - x[r, c], y[r + dr, c + dc] - y[r, c]
                length = dx * dx + dy * dy
                least = min(least, length)
                if length > most:
                    most = length
                    facts[3 + 2 * axis], facts[4 + 2 * axis] = dx, dy
        facts[1 + axis] = np.sqrt(least)
