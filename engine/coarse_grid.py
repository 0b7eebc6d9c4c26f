"""Where pixels of an item are in a file whose pixels are larger: arithmetic, nothing is read.

A pixel of an item's level takes the sample that its centre lies in, of the file's own level that is not
coarser than it. This depends on level and pixel alone, so any cut of the work gives the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.levels import level_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.item import CoarseGrid
    from engine.levels import LevelView


def coarse_view(grid: CoarseGrid, view: LevelView) -> LevelView:
    """Return the level of the file that serves a level of its item."""
    ratio = min(1 / view.scale_x, 1 / view.scale_y) / grid.factor
    return level_of(grid.levels, ratio)


@dataclass(frozen=True, slots=True)
class CoarseArea:
    """The part of a file's level that an area of an item's level is made of.

    Attributes
    ----------
    row, col, rows, cols : int
        The part, in pixels of the file's level; rows or cols 0 = the file has none of the area.
    take_rows, take_cols : intp (n,)
        Of the part, for each row and column of the area.
    inside_rows, inside_cols : bool (n,)
        Whether the file reaches there.
    """

    row: int
    col: int
    rows: int
    cols: int
    take_rows: NDArray[np.intp]
    take_cols: NDArray[np.intp]
    inside_rows: NDArray[np.bool_]
    inside_cols: NDArray[np.bool_]

    @property
    def is_whole(self) -> bool:
        """Whether the file reaches everywhere in the area."""
        return bool(self.inside_rows.all() and self.inside_cols.all())

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Where the file reaches, (rows, cols) of the area."""
        return self.inside_rows[:, np.newaxis] & self.inside_cols[np.newaxis, :]

    def spread(self, part: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return samples (bands, rows, cols) of the part as samples of the area."""
        wide = np.take(part, self.take_cols, axis=2)
        return np.take(wide, self.take_rows, axis=1)


def coarse_area(
    grid: CoarseGrid, coarse: LevelView, rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> CoarseArea:
    """Return what an area needs of a file's level.

    Parameters
    ----------
    coarse : LevelView
        Of the file.
    rows, cols : float64 (n,)
        Centres of the area's pixels, in level-0 pixels of the item; rising.
    """
    row_at = _samples(rows, grid.offset_y, grid.factor, coarse.scale_y)
    col_at = _samples(cols, grid.offset_x, grid.factor, coarse.scale_x)
    row, count_rows, take_rows, inside_rows = _span(row_at, coarse.rows)
    col, count_cols, take_cols, inside_cols = _span(col_at, coarse.cols)
    return CoarseArea(
        row, col, count_rows, count_cols, take_rows, take_cols, inside_rows, inside_cols
    )


def centres(first: int, count: int, scale: float) -> NDArray[np.float64]:
    """Return the centres of a level's pixels in level-0 pixels."""
    return (np.arange(first, first + count, dtype=np.float64) + 0.5) / scale


def _samples(
    places: NDArray[np.float64], offset: float, factor: int, scale: float
) -> NDArray[np.intp]:
    return np.floor((places - offset) / factor * scale).astype(np.intp)


def _span(at: NDArray[np.intp], size: int) -> tuple[int, int, NDArray[np.intp], NDArray[np.bool_]]:
    """Return the first sample, how many, which of them each place takes, and which are there."""
    inside = (at >= 0) & (at < size)
    if not inside.any():
        return 0, 0, np.zeros(at.shape, np.intp), inside
    first, last = int(at[inside][0]), int(at[inside][-1])
    return first, last - first + 1, np.clip(at, first, last) - first, inside
