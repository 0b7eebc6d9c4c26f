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
from engine.geometry.constant_terrain import ConstantTerrain
from engine.geometry.foresight import half_height, measure_bends
from engine.geometry.locator import ROUNDING_PX, Nodes, Survey, locate_between
from engine.geometry.map_patch import FEW, between, longest_steps, map_patch
from engine.geometry.post_surface import NodeCell
from engine.target_grid import CELL

if TYPE_CHECKING:
    from engine.geometry.locator import MapLocator
    from engine.geometry.map_patch import Square
    from engine.geometry.terrain import Terrain
    from engine.geotransforms.concatenation import Concatenation
    from engine.target_grid import Lattice

Floats = NDArray[np.float64]

# Heights over which the slant of lines of sight is measured: far above rounding, straight enough.
_SLANT_M = 10.0
# Steps that are foreseen: twice the distance of the points measured, and less.
_STEPS = (64, 32, 16, 8, 4, 2)
# Of many cells at once: finer nodes for all of them would be too many, where some need them.
_SQUARE_STEPS = (64, 32, 16, 8)
# Of the tolerance: then 99.9 % of the positions over the kit's terrains are within two fifths of it.
_KEPT = 0.9
# The box of points is grown by this part of a step: the map bends between them.
_BOX_MARGIN = 0.1


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

    def coarsest_step(self, lattice: Lattice) -> int:
        """Return about the distance of posts: between farther nodes terrain is seldom straight."""
        size = lattice.pixel_x * self.terrain_scale
        spacing_px = self.terrain.spacing(size) / size
        return CELL if spacing_px <= 0 else 1 << min(8, max(1, round(math.log2(spacing_px) - 0.5)))

    def foresee(self, lattice: Lattice, square: Square, tolerance_px: float) -> Nodes | None:
        """See `Locator`: where the sensor model is smooth and the terrain without voids."""
        if not self.chain.is_smooth:
            return None
        patch = map_patch((self.to_ground, self.to_terrain), lattice, square)
        if patch is None:
            return None
        ground, terrain = patch.points[:2], patch.points[2:]
        edges = longest_steps(terrain[0], terrain[1])
        size = lattice.pixel_x * self.terrain_scale
        surface = self.terrain.surface(_box(terrain, edges), size)
        if surface.has_voids or math.isnan(surface.low):
            return None
        half = half_height(surface)
        middle = (surface.low + surface.high) / 2
        places = np.empty((3, 3, *ground.shape[1:]))
        places[:2] = ground[:, np.newaxis]
        places[2, 0], places[2, 1], places[2, 2] = middle - half, middle, middle + half
        bends = measure_bends(*self._image(*places), FEW, half)
        if bends is None:
            return None
        for step in _STEPS if square.cells == 1 else _SQUARE_STEPS:
            error_px = bends.error_px(step, surface, edges.scaled(step / FEW))
            error_px += patch.off_px + ROUNDING_PX
            if error_px <= tolerance_px * _KEPT:
                return self._nodes(patch.points, size, step, error_px)
        return None

    def _nodes(self, points: Floats, size: float, step: int, error_px: float) -> Nodes | None:
        ground_x, ground_y, terrain_x, terrain_y = between(points, step)
        z = self.terrain.heights(terrain_x.reshape(-1), terrain_y.reshape(-1), size)
        col, row = self._image(ground_x, ground_y, z.reshape(ground_x.shape))
        if not (np.isfinite(col).all() and np.isfinite(row).all()):
            return None
        return Nodes(col, row, step, error_px)

    def survey(self, x: Floats, y: Floats, lattice: Lattice) -> Survey:
        """Return level-0 pixels (corner origin) of map points; see `Locator`.

        What is rough is the terrain: between nodes it leaves the plane through them by no more than
        its bends allow (`PostSurface.error_between`), and each metre moves a point by the slant of the
        lines of sight.
        """
        ground_x, ground_y, good, ground_off = locate_between(self.to_ground, x, y, lattice)
        terrain_x, terrain_y, _, terrain_off = locate_between(self.to_terrain, x, y, lattice)
        size = lattice.pixel_x * self.terrain_scale
        heights = self.terrain.heights(terrain_x.reshape(-1), terrain_y.reshape(-1), size)
        z = heights.reshape(x.shape)
        col, row = self._image(ground_x, ground_y, z)
        good = good & np.isfinite(col) & np.isfinite(row)
        smooth_col, smooth_row = self._image(ground_x, ground_y, _between(z))
        high_col, high_row = self._image(
            ground_x[::2, ::2], ground_y[::2, ::2], z[::2, ::2] + _SLANT_M
        )
        moved = np.hypot(high_col - col[::2, ::2], high_row - row[::2, ::2]) / _SLANT_M
        slant = float(moved[np.isfinite(moved)].max(initial=0.0))
        rough = self._roughness(terrain_x[::2, ::2], terrain_y[::2, ::2], size) * slant
        off_px = ground_off + terrain_off
        smooth = (smooth_col, smooth_row, rough)
        return Survey(col, row, good, *smooth, off_px=off_px, is_pieced=self.chain.is_pieced)

    def _image(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        flat = (np.ascontiguousarray(values).reshape(-1) for values in (x, y, z))
        col, row = self.chain.ground_to_source(*flat)
        return col.reshape(x.shape), row.reshape(x.shape)

    def _roughness(self, x: Floats, y: Floats, pixel_size: float) -> float:
        """Return how many metres the terrain leaves the surface through nodes by, at most."""
        good = np.isfinite(x) & np.isfinite(y)
        if not good.any():
            return 0.0
        inside_x, inside_y = x[good], y[good]
        box = Extent(
            float(inside_x.min()),
            float(inside_y.min()),
            float(inside_x.max()),
            float(inside_y.max()),
        )
        between = self.terrain.surface(box, pixel_size).error_between(_node_cell(x, y, good))
        return 0.0 if math.isnan(between) else between

    def describe(self) -> str:
        """Return the steps in words."""
        sensor = self.chain.sensor
        name = type(sensor).__name__ if sensor is not None else "image"
        ground = f"terrain ({self.terrain.vertical_datum})"
        if isinstance(self.terrain, ConstantTerrain):
            ground += f", {self.terrain.height_m:g} m everywhere"
        return f"{self.to_ground.pipeline} → {ground} → {name}"


def _box(points: Floats, edges: NodeCell) -> Extent:
    """Return a box around points (2, rows, cols) and what lies between them."""
    (west, south), (east, north) = points.min(axis=(1, 2)), points.max(axis=(1, 2))
    by_x = _BOX_MARGIN * max(abs(edges.col_dx), abs(edges.row_dx))
    by_y = _BOX_MARGIN * max(abs(edges.col_dy), abs(edges.row_dy))
    return Extent(float(west) - by_x, float(south) - by_y, float(east) + by_x, float(north) + by_y)


def _between(z: Floats) -> Floats:
    """Return heights at nodes, and on straight lines between them midway."""
    smooth = z.copy()
    smooth[::2, 1::2] = (z[::2, :-1:2] + z[::2, 2::2]) / 2
    smooth[1::2, ::2] = (z[:-1:2, ::2] + z[2::2, ::2]) / 2
    smooth[1::2, 1::2] = (z[:-1:2, :-1:2] + z[:-1:2, 2::2] + z[2::2, :-1:2] + z[2::2, 2::2]) / 4
    return smooth


def _node_cell(x: Floats, y: Floats, good: NDArray[np.bool_]) -> NodeCell:
    """Return the largest steps between neighbouring nodes, along columns and rows."""
    both = good[:, :-1] & good[:, 1:]
    down_both = good[:-1] & good[1:]
    with np.errstate(invalid="ignore"):
        col_dx, col_dy = np.diff(x, axis=1), np.diff(y, axis=1)
        row_dx, row_dy = np.diff(x, axis=0), np.diff(y, axis=0)
        across = np.where(both, np.hypot(col_dx, col_dy), 0.0)
        down = np.where(down_both, np.hypot(row_dx, row_dy), 0.0)
    at_col = np.unravel_index(int(across.argmax()), across.shape)
    at_row = np.unravel_index(int(down.argmax()), down.shape)
    return NodeCell(
        float(col_dx[at_col]), float(col_dy[at_col]), float(row_dx[at_row]), float(row_dy[at_row])
    )
