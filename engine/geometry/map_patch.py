"""Projections over a square of the lattice, known at few points, by cubics between.

Rule: lattice and square alone decide, so that any cut of a view gives the same positions.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def between(points: Floats, step: int) -> Floats:
    """Return points `step` output pixels apart, a power of two of at most twice `FEW`.

    Parameters
    ----------
    points : float64 (n, rows, cols)
        `FEW` output pixels apart.
    """
    if step >= FEW:
        return np.ascontiguousarray(points[:, :: step // FEW, :: step // FEW])
    shares = cubic_shares((points.shape[1] - 1) * FEW // step + 1, FEW // step)
    return np.asarray(shares @ points @ shares.T)


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
    if apart > FEW:
        shares = cubic_shares(side // FEW + 1, apart // FEW)
        points = shares @ points @ shares.T
    return MapPatch(points, off_px)


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
    fourth = sum(float(np.abs(np.diff(v, 4, axis)).max()) for v in (x, y) for axis in (0, 1))
    along_x = float(np.hypot(np.diff(x, axis=1), np.diff(y, axis=1)).min())
    along_y = float(np.hypot(np.diff(x, axis=0), np.diff(y, axis=0)).min())
    error, least = fourth / 24, min(along_x / pixels[0], along_y / pixels[1])
    return error / least if least > 0 else math.inf


@lru_cache(maxsize=64)
def cubic_shares(count: int, step: int) -> Floats:
    """Return the weights (count, nodes) of nodes `step` apart for `count` points between them.

    They are those of the cubic through the four nearest nodes.
    """
    nodes = (count - 1) // step + 1
    position = np.arange(count) / step
    first = np.clip(position.astype(int) - 1, 0, nodes - 4)
    shares = np.zeros((count, nodes))
    for own in range(4):
        weight = np.ones(count)
        for other in range(4):
            if other != own:
                weight *= (position - first - other) / (own - other)
        shares[np.arange(count), first + own] = weight
    return shares
