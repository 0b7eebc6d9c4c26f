"""Where images with a sensor model lie on a map: the locator, box and scale that planning needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.geolocation import bind_geolocation, unpack_geolocation
from engine.geometry.locator import MapLocator
from engine.geometry.ortho_locator import OrthoLocator
from engine.geometry.projection import operation, transform

if TYPE_CHECKING:
    from engine.extent import Extent
    from engine.geolocation import BoundGeolocation
    from engine.item import Item
    from engine.service import ProcessMemory

# A step of this part of the footprint's box measures the scale at its middle.
_STEP_SHARE = 1e-3


def bind_item(item: Item, memory: ProcessMemory) -> BoundGeolocation:
    """Bind the geolocation of a compiled item.

    Raises
    ------
    InvalidParameter, ConfigError, SourceError
        See `bind_geolocation`.
    """
    # Terrain may be a service, and services hold items like this one: the circle is cut here.
    from engine.geometry.service_posts import open_service_posts  # noqa: PLC0415 -- see above

    return bind_geolocation(
        unpack_geolocation(item.geolocation), memory, open_service=open_service_posts
    )


def ortho_locator(bound: BoundGeolocation, key: str, out_crs: str, box: Extent) -> OrthoLocator:
    """Return the locator of an image for one output CRS.

    Parameters
    ----------
    key : str
        Equal for equal locators.
    box : Extent
        Of the image, in the output CRS.
    """
    to_ground = operation(out_crs, bound.sensor.ground_crs).pipeline
    to_terrain = operation(out_crs, bound.terrain.crs).pipeline
    x = np.array([box.center_x, box.center_x + box.width * _STEP_SHARE])
    y = np.array([box.center_y, box.center_y])
    terrain_x, terrain_y = transform(to_terrain, x, y)
    step = math.hypot(float(np.diff(terrain_x)[0]), float(np.diff(terrain_y)[0]))
    return OrthoLocator(
        key=key,
        to_ground=MapLocator(to_ground),
        to_terrain=MapLocator(to_terrain),
        chain=bound.chain,
        terrain=bound.terrain,
        terrain_scale=step / (box.width * _STEP_SHARE),
    )


def ortho_scale(locator: OrthoLocator, box: Extent) -> tuple[float, float]:
    """Return level-0 pixels per unit of the output CRS along its axes, at the middle of a box.

    (0, 0) where the middle is not seen.
    """
    half_x, half_y = box.width * _STEP_SHARE, box.height * _STEP_SHARE
    x = np.array([-1.0, 1.0, 0.0, 0.0]) * half_x + box.center_x
    y = np.array([0.0, 0.0, -1.0, 1.0]) * half_y + box.center_y
    ground_x, ground_y = transform(locator.to_ground.pipeline, x, y)
    terrain_x, terrain_y = transform(locator.to_terrain.pipeline, x, y)
    z = locator.terrain.heights(terrain_x, terrain_y, half_x * locator.terrain_scale)
    # One height for all four: relief is no part of an image's scale.
    level = np.full(4, float(np.nanmean(z)) if np.isfinite(z).any() else 0.0)
    col, row = locator.chain.ground_to_source(ground_x, ground_y, level)
    along_x = math.hypot(col[1] - col[0], row[1] - row[0]) / (2 * half_x)
    along_y = math.hypot(col[3] - col[2], row[3] - row[2]) / (2 * half_y)
    if not (math.isfinite(along_x) and math.isfinite(along_y)):
        return 0.0, 0.0
    return along_x, along_y
