"""How large the pixels of a raster's level are on the ground, for functions in the chains of items.

Exact where the raster lies north up on a map; elsewhere all pixels are as large as one at its centre. Depends on
the pixel alone, never on the window that is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.geometry.ground_cells import GroundCells, ground_cells
from engine.target_grid import Lattice, TargetGrid

if TYPE_CHECKING:
    from engine.samplers.window import PixelWindow


@dataclass(frozen=True, slots=True)
class LevelGround:
    """Sizes of a level's pixels.

    Attributes
    ----------
    lattice : Lattice or None
        Of the level's pixels on their map; None = they lie on none, or not north up.
    size_m : float
        Width and height of a pixel where there is no lattice.
    """

    lattice: Lattice | None
    size_m: float = 1.0

    def cells(self, window: PixelWindow) -> GroundCells:
        """Return the sizes of the pixels of a window."""
        if self.lattice is None:
            size = np.full((1, 1), self.size_m)
            return GroundCells(size, size, (self.size_m, self.size_m))
        cols = window.col_stop - window.col_start
        rows = window.row_stop - window.row_start
        grid = TargetGrid(self.lattice, window.col_start, window.row_start, cols, rows)
        return ground_cells(grid)


def level_ground(
    crs: str,
    geotransform: tuple[float, float, float, float, float, float],
    scale: tuple[float, float],
    ground_size_m: float = 0.0,
) -> LevelGround:
    """Return how large the pixels of a level are.

    Parameters
    ----------
    crs
        Of the geotransform; "" = none.
    geotransform
        GDAL order, of level 0.
    scale : (x, y)
        Level pixels per level-0 pixel.
    ground_size_m
        Of a level-0 pixel at the centre; 0 = not known.
    """
    left, pixel_x, turn_x, top, turn_y, pixel_y = geotransform
    if crs and turn_x == turn_y == 0.0 and pixel_x > 0.0 > pixel_y:
        size = (pixel_x / scale[0], -pixel_y / scale[1])
        return LevelGround(Lattice(crs, *size, 0.0, 0.0, left, top))
    return LevelGround(None, ground_size_m / min(scale) or 1.0)
