"""From the image space of a raster to its own coordinates: no projection, no terrain, an affine map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.geometry.locator import Nodes, Survey
from engine.image_space import from_image_space
from engine.target_grid import CELL

if TYPE_CHECKING:
    from engine.geometry.locator import Floats
    from engine.geometry.map_patch import Square
    from engine.target_grid import Lattice


@dataclass(frozen=True, slots=True)
class ImageLocator:
    """Image space of a raster (a `Locator`).

    Attributes
    ----------
    geotransform : 6 floats
        From level-0 pixels to the raster's own coordinates, GDAL order.
    """

    geotransform: tuple[float, float, float, float, float, float]

    @property
    def refine_holes_to(self) -> int:
        """See `Locator`: there are no holes."""
        return CELL

    def coarsest_step(self, lattice: Lattice) -> int:
        """See `Locator`: a whole cell, since straight lines stay straight."""
        del lattice
        return CELL

    def foresee(self, lattice: Lattice, square: Square, tolerance_px: float) -> Nodes | None:
        """See `Locator`: a survey of the coarsest nodes does."""
        del lattice, square, tolerance_px
        return None

    def survey(self, x: Floats, y: Floats, lattice: Lattice) -> Survey:
        """See `Locator`."""
        del lattice
        col, row = from_image_space(x, y)
        a, b, c, d, e, f = self.geotransform
        own_x, own_y = a + b * col + c * row, d + e * col + f * row
        return Survey(own_x, own_y, np.ones(x.shape, np.bool_), own_x, own_y, 0.0)

    def describe(self) -> str:
        """Return the step in words."""
        return "image space"
