"""What functions of surfaces have in common: the eight neighbours of a pixel, and how far away they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geometry.ground_cells import GroundCells
    from engine.pixels import PixelBlock
    from engine.request_parts import RenderingRule

PADDING_PX = 1


class OfSurface:
    """Base of raster functions of a surface."""

    def padding(self, rule: RenderingRule) -> int:
        """Return 1: the eight neighbours."""
        del rule
        return PADDING_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGround(ABC):
    """Base of the first steps of such functions, which take heights and sizes of pixels in metres.

    Attributes
    ----------
    is_plain : bool
        Pixels are as large as the map says (`GroundCells.plain`), not as they are on the ground, and heights
        are in its units.
    height_m : float
        Metres of a unit of heights.
    """

    is_plain: bool = False
    height_m: float = 1.0

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the results where a pixel is a metre wide and high."""
        one = np.ones((1, 1))
        return self.measured(block, one, one, self.height_m)

    def apply_on(self, block: PixelBlock, ground: GroundCells) -> PixelBlock:
        """Return the results of the first band's heights."""
        if self.is_plain:
            width, height = (np.full((1, 1), size) for size in ground.plain)
            return self.measured(block, width, height, 1.0)
        return self.measured(block, ground.width_m, ground.height_m, self.height_m)

    @abstractmethod
    def measured(
        self,
        block: PixelBlock,
        width: NDArray[np.float64],
        height: NDArray[np.float64],
        unit_m: float,
    ) -> PixelBlock:
        """Return the results for pixels of these sizes, broadcast to (rows, cols)."""
