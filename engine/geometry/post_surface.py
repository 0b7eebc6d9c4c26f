"""What is known of a surface of posts within a box, and how far straight lines between nodes miss it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NodeCell:
    """The two edges of a cell of a position grid, on the map of the posts.

    Attributes
    ----------
    col_dx, col_dy : float
        From one node to the next along columns, CRS units.
    row_dx, row_dy : float
        The same along rows.
    """

    col_dx: float
    col_dy: float
    row_dx: float
    row_dy: float

    def scaled(self, by: float) -> NodeCell:
        """Return the cell of a finer or coarser grid."""
        return NodeCell(self.col_dx * by, self.col_dy * by, self.row_dx * by, self.row_dy * by)


@dataclass(frozen=True, slots=True)
class PostSurface:
    """Bounds of a surface of posts within a box.

    Attributes
    ----------
    low, high : float
        Metres; NaN where all is void.
    bend_x, bend_y : float
        Largest second difference of neighbouring posts along columns and rows, metres; infinite where
        the surface ends beside a void.
    twist : float
        Largest difference between the two diagonals' sums of a cell of four posts, metres.
    has_voids : bool
    step_x, step_y : float
        Largest difference of neighbouring posts along columns and rows, metres.
    posts_per_unit : (a, b, d, e)
        A step of (dx, dy) is a·dx + b·dy columns and d·dx + e·dy rows.
    """

    low: float
    high: float
    bend_x: float
    bend_y: float
    twist: float
    has_voids: bool
    step_x: float
    step_y: float
    posts_per_unit: tuple[float, float, float, float]

    def error_between(self, cell: NodeCell) -> float:
        """Return how far at most the surface is from the bilinear one through a cell's nodes.

        True for all cells of this size and orientation in the box, as far as the map from the grid to
        the posts is straight within a cell. Metres; NaN where all is void.

        Along a line over p columns and q rows the slope changes at most by p·bend_x at each of the
        columns crossed (one a post) and by q·bend_y at each row, and by 2·p·q·twist in between. A
        change of slope J at t moves the line away from its chord by J·t·(1 - t) at most: by J/4
        where only one column is crossed. At one place, what all changes of equidistant t add to is
        the integral, J·p/8, and the most that the middle one can stand above its part of it, J/8p.
        """
        if math.isnan(self.low):
            return math.nan
        along = self._line_error(cell.col_dx, cell.col_dy)
        return min(self.high - self.low, along + self._line_error(cell.row_dx, cell.row_dy))

    def rise_along(self, dx: float, dy: float) -> float:
        """Return how much at most the surface changes along a step of CRS units, metres."""
        a, b, d, e = self.posts_per_unit
        return self.step_x * abs(a * dx + b * dy) + self.step_y * abs(d * dx + e * dy)

    def slope_along(self, dx: Floats, dy: Floats) -> Floats:
        """Return how much at most the surface changes along steps (n,) of CRS units, metres."""
        a, b, d, e = self.posts_per_unit
        cols, rows = np.abs(a * dx + b * dy), np.abs(d * dx + e * dy)
        return self.step_x * cols + self.step_y * rows

    def posts_along(self, dx: Floats, dy: Floats) -> Floats:
        """Return how many posts steps (n,) of CRS units go over."""
        a, b, d, e = self.posts_per_unit
        return np.maximum(np.abs(a * dx + b * dy), np.abs(d * dx + e * dy))

    def _line_error(self, dx: float, dy: float) -> float:
        a, b, d, e = self.posts_per_unit
        cols, rows = abs(a * dx + b * dy), abs(d * dx + e * dy)
        if math.isinf(self.bend_x):
            return math.inf
        return (
            self.bend_x * _kinks(cols) + self.bend_y * _kinks(rows) + self.twist * cols * rows / 4
        )


def _kinks(posts: float) -> float:
    """Return how far a line over posts may leave its chord, for second differences of 1."""
    return posts / 4 if posts <= 1 else (posts * posts + 1) / 8


def plain_surface(low: float, high: float) -> PostSurface:
    """Return what is known of a surface of which bounds alone are known; equal ones: it is level."""
    bend = 0.0 if low == high else math.inf
    return PostSurface(
        low=low,
        high=high,
        bend_x=bend,
        bend_y=bend,
        twist=bend,
        has_voids=False,
        step_x=0.0,
        step_y=0.0,
        posts_per_unit=(0.0, 0.0, 0.0, 0.0),
    )
