"""From the plane between two samplings to what is sampled: geotransforms in the plane, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.geometry.locator import Nodes, Survey
from engine.target_grid import CELL

if TYPE_CHECKING:
    from engine.geometry.map_patch import Square
    from engine.geotransforms.concatenation import Concatenation
    from engine.target_grid import Lattice

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlaneLocator:
    """Geotransforms without a sensor model (a `Locator`).

    Attributes
    ----------
    key : str
        Equal for equal locators.
    y_sign : 1 or -1
        -1 where the plane's y grows downwards, as in an image: lattices count y upwards.
    """

    key: str
    chain: Concatenation = field(compare=False)
    y_sign: int = field(compare=False)

    @property
    def refine_holes_to(self) -> int:
        """See `Locator`: a hole is where a transform is not defined."""
        return 2

    def coarsest_step(self, lattice: Lattice) -> int:
        """See `Locator`: near enough for splines and displacement grids to show between nodes."""
        del lattice
        return CELL // 8

    def foresee(self, lattice: Lattice, square: Square, tolerance_px: float) -> Nodes | None:
        """See `Locator`: chains in the plane may have any bends."""
        del lattice, square, tolerance_px
        return None

    def survey(self, x: Floats, y: Floats, lattice: Lattice) -> Survey:
        """See `Locator`: transforms in the plane are smooth, or pieced together from smooth parts."""
        del lattice
        flat_x = np.ascontiguousarray(x, np.float64).reshape(-1)
        flat_y = np.ascontiguousarray(y, np.float64).reshape(-1) * self.y_sign
        col, row = (each.reshape(x.shape) for each in self.chain.to_source(flat_x, flat_y))
        good = np.isfinite(col) & np.isfinite(row)
        return Survey(col, row, good, col, row, 0.0, is_pieced=self.chain.is_pieced)

    def describe(self) -> str:
        """Return the transforms in words."""
        names = [type(each).__name__ for each in reversed(self.chain.image_side)]
        return " → ".join(names) or "the plane as it is"
