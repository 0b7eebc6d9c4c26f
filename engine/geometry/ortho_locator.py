"""From the map over the terrain into a sensor's image: the transform behind live orthorectification.

There is no occlusion test: where a roof or a cliff hides the ground, the picture repeats what hides it.
Use terrain models, not surface models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.extent import Extent
from engine.geometry.locator import locate_between
from engine.geometry.post_surface import NodeCell

if TYPE_CHECKING:
    from engine.geometry.locator import MapLocator
    from engine.geometry.terrain import Terrain
    from engine.geotransforms.concatenation import Concatenation
    from engine.target_grid import Lattice

Floats = NDArray[np.float64]

# Heights over which the slant of lines of sight is measured: far above rounding, straight enough.
_SLANT_M = 10.0


@dataclass(frozen=True, slots=True)
class OrthoLocator:
    """A projection to the ground, heights there, and the image.

    Attributes
    ----------
    key : str
        Equal for equal locators: service version, item and output CRS.
    to_ground : MapLocator
        From the output CRS to the sensor's ground CRS.
    to_terrain : MapLocator
        From the output CRS to the terrain's CRS.
    chain : Concatenation
        With the sensor model.
    terrain : Terrain
        In the sensor's vertical datum.
    terrain_scale : float
        Units of the terrain's CRS in one of the output CRS, at the raster: with the output pixel size
        it chooses the level of the terrain.
    """

    key: str
    to_ground: MapLocator = field(compare=False)
    to_terrain: MapLocator = field(compare=False)
    chain: Concatenation = field(compare=False)
    terrain: Terrain = field(compare=False)
    terrain_scale: float = field(compare=False)

    @property
    def refine_holes_to(self) -> int:
        """Voids of the terrain are followed to the pixel."""
        return 2

    def locate(
        self, x: Floats, y: Floats, lattice: Lattice
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return level-0 pixels (corner origin) of map points; see `Locator`."""
        ground_x, ground_y, good = locate_between(self.to_ground, x, y, lattice)
        z = self._heights(x, y, lattice)
        col, row = self.chain.ground_to_source(ground_x.reshape(-1), ground_y.reshape(-1), z)
        col, row = col.reshape(x.shape), row.reshape(x.shape)
        return col, row, good & np.isfinite(col) & np.isfinite(row)

    def unseen_error(self, x: Floats, y: Floats, lattice: Lattice) -> Floats | float:
        """Return how many source pixels the terrain may move a point between nodes; see `Locator`.

        The bound of heights (`PostSurface.error_between`) times the slant of the lines of sight.
        """
        few = np.s_[:: max(1, (x.shape[0] - 1) // 4), :: max(1, (x.shape[1] - 1) // 4)]
        slant = self._slant(x[few], y[few], lattice)
        terrain_x, terrain_y, good = locate_between(self.to_terrain, x, y, lattice)
        if not good.any() or not math.isfinite(slant):
            return 0.0
        box = Extent(
            float(terrain_x[good].min()),
            float(terrain_y[good].min()),
            float(terrain_x[good].max()),
            float(terrain_y[good].max()),
        )
        surface = self.terrain.surface(box, lattice.pixel_x * self.terrain_scale)
        between = surface.error_between(_node_cell(terrain_x, terrain_y, good))
        return 0.0 if math.isnan(between) else between * slant

    def describe(self) -> str:
        """Return the steps in words."""
        sensor = self.chain.sensor
        name = type(sensor).__name__ if sensor is not None else "image"
        return f"{self.to_ground.pipeline} → terrain ({self.terrain.vertical_datum}) → {name}"

    def _heights(self, x: Floats, y: Floats, lattice: Lattice) -> Floats:
        terrain_x, terrain_y, _ = locate_between(self.to_terrain, x, y, lattice)
        size = lattice.pixel_x * self.terrain_scale
        return self.terrain.heights(terrain_x.reshape(-1), terrain_y.reshape(-1), size)

    def _slant(self, x: Floats, y: Floats, lattice: Lattice) -> float:
        """Return the most source pixels that a metre of height moves a point by."""
        x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
        ground_x, ground_y, _ = self.to_ground.locate(x, y, lattice)
        flat_x, flat_y = ground_x.reshape(-1), ground_y.reshape(-1)
        z = self._heights(x, y, lattice)
        col, row = self.chain.ground_to_source(flat_x, flat_y, z)
        high_col, high_row = self.chain.ground_to_source(flat_x, flat_y, z + _SLANT_M)
        moved = np.hypot(high_col - col, high_row - row) / _SLANT_M
        moved = moved[np.isfinite(moved)]
        return float(moved.max()) if moved.size else math.nan


def _node_cell(x: Floats, y: Floats, good: NDArray[np.bool_]) -> NodeCell:
    """Return the largest steps between neighbouring nodes, along columns and rows."""
    both = good[:, :-1] & good[:, 1:]
    across = np.where(both, np.hypot(np.diff(x, axis=1), np.diff(y, axis=1)), 0.0)
    down_both = good[:-1] & good[1:]
    down = np.where(down_both, np.hypot(np.diff(x, axis=0), np.diff(y, axis=0)), 0.0)
    at_col = np.unravel_index(int(across.argmax()), across.shape)
    at_row = np.unravel_index(int(down.argmax()), down.shape)
    return NodeCell(
        float(np.diff(x, axis=1)[at_col]),
        float(np.diff(y, axis=1)[at_col]),
        float(np.diff(x, axis=0)[at_row]),
        float(np.diff(y, axis=0)[at_row]),
    )
