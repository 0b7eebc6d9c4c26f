"""Terrain under a map that geotransforms have moved away from the ground which a sensor model sees.

Heights belong to the ground: a position on the map is taken through the ground-side geotransforms
before its height is looked up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.extent import Extent
from engine.geometry.projection import operation, transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geometry.post_surface import PostSurface
    from engine.geometry.terrain import Terrain
    from engine.geotransforms.base import PlaneTransform, SensorModel

    Floats = NDArray[np.float64]

# Points a side that find the box of a moved box, which is grown by this part for what lies between.
_PER_SIDE = 5
_BOX_MARGIN = 0.1
# A step of the map in parts of a pixel at the image's corner measures how the ground turns.
_STEP_PX = 64.0
# Nodes stand 32 pixels apart at first.
_CLOSE_PX = 45.0


@dataclass(frozen=True, slots=True)
class GroundSide:
    """Geotransforms between the ground of a sensor model and the map.

    Attributes
    ----------
    transforms : PlaneTransform
        In chain order.
    crs : str
        Of the map.
    sensor : SensorModel
        That sees the ground.
    """

    transforms: tuple[PlaneTransform, ...]
    crs: str
    sensor: SensorModel

    def to_ground(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where points of the map lie in the sensor model's ground CRS."""
        for each in reversed(self.transforms):
            x, y = each.to_source(x, y)
        return x, y


class GroundSideTerrain:
    """A terrain asked for by positions on the map (a `Terrain`).

    Parameters
    ----------
    terrain : Terrain
        In the sensor model's vertical datum.
    """

    def __init__(self, terrain: Terrain, ground: GroundSide) -> None:
        self._terrain = terrain
        self._ground = ground
        self._pipeline = operation(ground.sensor.ground_crs, terrain.crs).pipeline
        self.crs = ground.crs
        self.vertical_datum = terrain.vertical_datum
        self._turn = self._turn_at_corner()
        self._scale = math.sqrt(abs(float(np.linalg.det(self._turn))))

    def _on_terrain(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return transform(self._pipeline, *self._ground.to_ground(x, y))

    def _turn_at_corner(self) -> Floats:
        """Return the 2 × 2 derivative of the terrain's coordinates by the map's, at the image's corner."""
        sensor = self._ground.sensor
        height = np.full(3, sum(sensor.height_range) / 2)
        col, row = np.array([0.0, _STEP_PX, 0.0]), np.array([0.0, 0.0, _STEP_PX])
        x, y = sensor.image_to_ground(col, row, height)
        terrain_x, terrain_y = transform(self._pipeline, x, y)
        for each in self._ground.transforms:
            x, y = each.to_output(x, y)
        steps = np.array([[x[1] - x[0], x[2] - x[0]], [y[1] - y[0], y[2] - y[0]]])
        terrain_steps = np.array(
            [
                [terrain_x[1] - terrain_x[0], terrain_x[2] - terrain_x[0]],
                [terrain_y[1] - terrain_y[0], terrain_y[2] - terrain_y[0]],
            ]
        )
        is_good = np.isfinite(steps).all() and np.isfinite(terrain_steps).all()
        if not is_good or np.linalg.det(steps) == 0:
            return np.eye(2)
        return np.asarray(terrain_steps @ np.linalg.inv(steps))

    def _box(self, box: Extent) -> Extent:
        x, y = np.meshgrid(
            np.linspace(box.xmin, box.xmax, _PER_SIDE), np.linspace(box.ymin, box.ymax, _PER_SIDE)
        )
        x, y = self._on_terrain(x.reshape(-1), y.reshape(-1))
        seen = np.isfinite(x) & np.isfinite(y)
        if not seen.any():
            return Extent(math.nan, math.nan, math.nan, math.nan)
        x, y = x[seen], y[seen]
        found = Extent(float(x.min()), float(y.min()), float(x.max()), float(y.max()))
        return found.expand(found.width * _BOX_MARGIN, found.height * _BOX_MARGIN)

    def heights(self, x: Floats, y: Floats, pixel_size: float) -> Floats:
        """Return heights at points of the map; see `Terrain`."""
        return self._terrain.heights(*self._on_terrain(x, y), pixel_size * self._scale)

    def relief(self, box: Extent, pixel_size: float) -> tuple[float, float]:
        """Return bounds of heights within a box of the map; see `Terrain`."""
        found = self.surface(box, pixel_size)
        return found.low, found.high

    def surface(self, box: Extent, pixel_size: float) -> PostSurface:
        """Return what is known of the surface within a box of the map; see `Terrain`."""
        found = self._terrain.surface(self._box(box), pixel_size * self._scale)
        a, b, d, e = (
            (np.array(found.posts_per_unit).reshape(2, 2) @ self._turn).reshape(-1).tolist()
        )
        return replace(found, posts_per_unit=(a, b, d, e))

    def spacing(self, pixel_size: float) -> float:
        """Return the distance of posts in units of the map; see `Terrain`."""
        return self._terrain.spacing(pixel_size * self._scale) / self._scale


class CloseTerrain:
    """A terrain under geotransforms that bend at close points: nodes begin no farther apart (a `Terrain`).

    Splines and displacement grids may leave a straight line and come back between nodes of a whole cell,
    where their midpoints would not show it.
    """

    def __init__(self, terrain: Terrain) -> None:
        self._terrain = terrain
        self.crs = terrain.crs
        self.vertical_datum = terrain.vertical_datum
        self.heights = terrain.heights
        self.relief = terrain.relief
        self.surface = terrain.surface

    def spacing(self, pixel_size: float) -> float:
        """Return the distance of posts, and no more than some output pixels; see `Terrain`."""
        own = self._terrain.spacing(pixel_size)
        close = _CLOSE_PX * pixel_size
        return min(own, close) if own > 0 else close
