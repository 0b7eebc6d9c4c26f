"""How fine a position grid over terrain must be, before any of its nodes is known.

The image of a sensor model bends smoothly over a cell of the lattice: a few points at three heights say
by how much. What is rough is the terrain, and its posts say how rough. Together they bound what linear
interpolation between nodes misses at every step, so nodes are worked out once, at the step that serves.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel

if TYPE_CHECKING:
    from engine.geometry.post_surface import NodeCell, PostSurface

Floats = NDArray[np.float64]

# What is measured at few points may be a little larger between them.
_MARGIN = 1.3
# Heights apart by less would measure rounding instead of slant.
_LEAST_HALF_M = 10.0
# Of the distance of nodes: what bends more, as ground in front of a level camera, bends unevenly, and
# what is measured between far points bounds nothing between nearer ones.
_MOST_BENT = 0.02


class Bends(NamedTuple):
    """How the image of a sensor model bends over a cell, in level-0 pixels.

    Attributes
    ----------
    spacing : int
        Output pixels between the points measured.
    smooth : float
        Error of linear interpolation, at one height, between nodes two spacings apart.
    slant : float
        Per metre of height, at most.
    slant_change : float
        Of the slant, per metre of height and output pixel.
    height_bend : float
        Second derivative by height, per square metre.
    unit : float
        Level-0 pixels of one output pixel, at least.
    """

    spacing: int
    smooth: float
    slant: float
    slant_change: float
    height_bend: float
    unit: float

    def error_px(self, step: int, surface: PostSurface, cell: NodeCell) -> float:
        """Return a bound of the interpolation error between nodes `step` apart, in output pixels.

        Parameters
        ----------
        cell
            The edges of a quad of the grid on the map of the posts.
        """
        most = surface.high - surface.low
        across = min(surface.rise_along(cell.col_dx, cell.col_dy), most)
        down = min(surface.rise_along(cell.row_dx, cell.row_dy), most)
        # A product of two linear functions, and the square of one, leave the chord by a quarter of the
        # product of their changes; what is bilinear is kept by the interpolation.
        turned = self.slant_change * step * (across + down) / 2
        bent = self.height_bend * (across * across + down * down) / 8
        smooth = self.smooth * (step / (2 * self.spacing)) ** 2
        rough = surface.error_between(cell) * (self.slant + self.height_bend * most)
        return (_MARGIN * (smooth + turned + bent) + rough) / self.unit


def half_height(surface: PostSurface) -> float:
    """Return how far above and below the middle of a surface its heights are measured."""
    return max((surface.high - surface.low) / 2, _LEAST_HALF_M)


@kernel
def _bends_kernel(col, row, spacing, half, found):
    smooth, slant, change, bend, unit = 0.0, 0.0, 0.0, 0.0, np.inf
    rows, cols = col.shape[1], col.shape[2]
    for level in range(3):
        for r in range(0, rows - 2, 2):
            for c in range(0, cols - 2, 2):
                for image in (col, row):
                    v = image[level]
                    nw, ne, sw, se = v[r, c], v[r, c + 2], v[r + 2, c], v[r + 2, c + 2]
                    north, south = v[r, c + 1] - (nw + ne) / 2, v[r + 2, c + 1] - (sw + se) / 2
                    west, east = v[r + 1, c] - (nw + sw) / 2, v[r + 1, c + 2] - (ne + se) / 2
                    middle = v[r + 1, c + 1] - (nw + ne + sw + se) / 4
                    sides = max(abs(north), abs(south), abs(west), abs(east))
                    smooth = max(smooth, sides, abs(middle))
    for r in range(rows):
        for c in range(cols):
            s_col = (col[2, r, c] - col[0, r, c]) / (2 * half)
            s_row = (row[2, r, c] - row[0, r, c]) / (2 * half)
            slant = max(slant, s_col * s_col + s_row * s_row)
            b_col = col[2, r, c] - 2 * col[1, r, c] + col[0, r, c]
            b_row = row[2, r, c] - 2 * row[1, r, c] + row[0, r, c]
            bend = max(bend, b_col * b_col + b_row * b_row)
            for dr, dc in ((0, 1), (1, 0)):
                if r + dr < rows and c + dc < cols:
                    n_col = (col[2, r + dr, c + dc] - col[0, r + dr, c + dc]) / (2 * half)
                    n_row = (row[2, r + dr, c + dc] - row[0, r + dr, c + dc]) / (2 * half)
                    change = max(change, (n_col - s_col) ** 2 + (n_row - s_row) ** 2)
                    for level in range(3):
                        d_col = col[level, r + dr, c + dc] - col[level, r, c]
                        d_row = row[level, r + dr, c + dc] - row[level, r, c]
                        unit = min(unit, d_col * d_col + d_row * d_row)
    # Both coordinates may err at once.
    found[0], found[1], found[2] = smooth * 1.4143, np.sqrt(slant), np.sqrt(change) / spacing
    found[3], found[4] = np.sqrt(bend) / (half * half), np.sqrt(unit) / spacing


def measure_bends(col: Floats, row: Floats, spacing: int, half_m: float) -> Bends | None:
    """Return how an image bends, None where it is not seen everywhere or bends too much to tell.

    Parameters
    ----------
    col, row : float64 (3, rows, cols)
        Level-0 pixels of points `spacing` output pixels apart (an odd count each way), `half_m` below a
        height, at it, and above it.
    """
    if not (np.isfinite(col).all() and np.isfinite(row).all()):
        return None
    found = np.empty(5)
    _bends_kernel(col, row, spacing, half_m, found)
    smooth, slant, change, bend, unit = found.tolist()
    if not 0 < unit < math.inf or smooth > _MOST_BENT * 2 * spacing * unit:
        return None
    return Bends(spacing, smooth, slant, change, bend, unit)
