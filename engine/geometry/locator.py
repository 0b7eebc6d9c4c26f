"""From output coordinates to a raster's own: the exact transform that position grids interpolate.

For a raster on a map its own coordinates are those of its CRS; for one with a sensor model they are its
level-0 pixels, and the way there goes over the terrain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.geometry.projection import transform_checked
from engine.target_grid import world_period

if TYPE_CHECKING:
    from engine.target_grid import Lattice

Floats = NDArray[np.float64]

# A point counts if the inverse brings it back within this part of an output pixel.
_ROUND_TRIP_PX = 0.05


class Locator(Protocol):
    """An exact transform; equal ones are equal keys of a cache."""

    def __hash__(self) -> int:
        """Return a hash that equal locators share."""
        ...

    @property
    def refine_holes_to(self) -> int:
        """Step to which quads with undefined points are refined before they are left out."""
        ...

    def locate(
        self, x: Floats, y: Floats, lattice: Lattice
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return a raster's own coordinates of map points, and which of them are defined.

        Parameters
        ----------
        x, y : float64 (rows, cols)
            In the lattice's CRS.
        """
        ...

    def unseen_error(self, x: Floats, y: Floats, lattice: Lattice) -> Floats | float:
        """Return a bound of what may lie between points and their midpoints without showing there.

        Parameters
        ----------
        x, y : float64 (rows, cols)
            Nodes in the lattice's CRS.

        Returns
        -------
        float64 (rows - 1, cols - 1) or float
            Of the raster's own units, for each quad of nodes; 0 for smooth transforms.
        """
        ...

    def describe(self) -> str:
        """Return the transform in words, for `explain`."""
        ...


@dataclass(frozen=True, slots=True)
class MapLocator:
    """A pinned projection operation.

    Attributes
    ----------
    pipeline : str
        From the output CRS to the raster's.
    """

    pipeline: str

    def locate(
        self, x: Floats, y: Floats, lattice: Lattice
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """See `Locator`."""
        return transform_checked(
            self.pipeline,
            x,
            y,
            lattice.pixel_x * _ROUND_TRIP_PX,
            lattice.pixel_y * _ROUND_TRIP_PX,
            world_period(lattice.crs),
        )

    @property
    def refine_holes_to(self) -> int:
        """See `Locator`: a hole is the edge of a projection's domain, and no sight."""
        return 16

    def unseen_error(self, x: Any, y: Any, lattice: Lattice) -> float:
        """Return 0: projections are smooth."""
        del x, y, lattice
        return 0.0

    def describe(self) -> str:
        """Return the pipeline."""
        return self.pipeline
