"""Photographs of invented ground by invented cameras: rays followed from each pixel to where they meet it.

Plain numpy, and nothing of the engine's sensor models, terrain or sampling: so what the engine makes of
such a photograph can be held against the ground itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = NDArray[np.float64]

_ROWS_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Rays:
    """Lines of sight: at height z each is at x + z · lean_x, y + z · lean_y.

    Attributes
    ----------
    x, y : float64 (n,)
        Where they pass height 0, metres east and north.
    lean_x, lean_y : float64 (n,)
        Metres east and north per metre up.
    """

    x: Floats
    y: Floats
    lean_x: Floats
    lean_y: Floats

    def at(self, z: Floats) -> tuple[Floats, Floats]:
        """Return x, y at heights."""
        return self.x + z * self.lean_x, self.y + z * self.lean_y

    def only(self, chosen: NDArray[np.bool_]) -> Rays:
        """Return those where `chosen` is True."""
        return Rays(self.x[chosen], self.y[chosen], self.lean_x[chosen], self.lean_y[chosen])


class Camera(Protocol):
    """Something that looks down."""

    def rays(self, col_pos: Floats, row_pos: Floats) -> Rays:
        """Return lines of sight of image positions (corner origin)."""
        ...


class Ground(Protocol):
    """What can be photographed.

    Attributes
    ----------
    lowest_m, highest_m : float
        Between them lie all heights.
    """

    @property
    def lowest_m(self) -> float:
        """No height is below."""
        ...

    @property
    def highest_m(self) -> float:
        """No height is above."""
        ...

    def heights(self, x: Floats, y: Floats) -> Floats:
        """Return heights in metres at points."""
        ...

    def colours(self, x: Floats, y: Floats) -> Floats:
        """Return samples (bands, n) at points."""
        ...


def photograph(
    camera: Camera, ground: Ground, size: tuple[int, int], *, step_m: float, close_m: float
) -> Floats:
    """Return a photograph: each sample is the ground's where the line of sight of its centre ends.

    Parameters
    ----------
    size : (columns, rows)
    step_m, close_m : float
        As of `meet`.

    Returns
    -------
    float64 (bands, rows, columns)
    """
    return np.concatenate(list(_strips(camera, ground, size, step_m, close_m)), axis=1)


def _strips(
    camera: Camera, ground: Ground, size: tuple[int, int], step_m: float, close_m: float
) -> Iterator[Floats]:
    cols, rows = size
    for first in range(0, rows, _ROWS_AT_ONCE):
        count = min(_ROWS_AT_ONCE, rows - first)
        row, col = np.mgrid[first : first + count, 0:cols] + 0.5
        rays = camera.rays(col.reshape(-1), row.reshape(-1))
        found = ground.colours(*rays.at(meet(rays, ground, step_m=step_m, close_m=close_m)))
        yield found.reshape(-1, count, cols)


def meet(rays: Rays, ground: Ground, *, step_m: float, close_m: float) -> Floats:
    """Return the heights at which lines of sight first meet the ground, coming down.

    Parameters
    ----------
    step_m : float
        Of height; what is thinner than such a step may be missed.
    close_m : float
        How near to the ground's height the answer is, where it is level.
    """
    under = np.full(rays.x.shape, ground.lowest_m - step_m)
    open_ = np.ones(rays.x.shape, np.bool_)
    height = ground.highest_m
    while height > ground.lowest_m and open_.any():
        height -= step_m
        still = rays.only(open_)
        level = np.full(still.x.shape, height)
        below = level <= ground.heights(*still.at(level))
        under[np.flatnonzero(open_)[below]] = height
        open_[open_] = ~below
    over = under + step_m
    while step_m > close_m:
        step_m /= 2
        middle = under + step_m
        below = middle <= ground.heights(*rays.at(middle))
        under, over = np.where(below, middle, under), np.where(below, over, middle)
    return (under + over) / 2
