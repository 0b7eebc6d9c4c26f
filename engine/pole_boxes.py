"""Boxes where maps end: poles inside them, and what lies nearer to a pole than Web Mercator goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.extent import Extent
from engine.geometry.extent_transform import inverse_extent
from engine.geometry.locator import MapLocator
from engine.geometry.projection import LONLAT, MERCATOR, describe_crs, operation, transform
from engine.target_grid import world_period
from engine.tile_scheme import HALF_WORLD_M
from engine.world_turns import raster_box

if TYPE_CHECKING:
    from engine.geometry.locator import Locator
    from engine.item import Item
    from engine.target_grid import TargetGrid

POLES = (-90.0, 90.0)
_SLACK_M = 1.0
# What lies beyond this on Web Mercator is found by it.
SEARCHED_END = HALF_WORLD_M - _SLACK_M
_SLACK_PX = 1e-6
_DEGREES = 360.0


def holds_pole(crs: str, box: Extent, latitude: float) -> bool:
    """Tell whether a box of a CRS has a pole in it; maps that do not show poles have none."""
    x, y = transform(operation(LONLAT, crs).pipeline, np.array([0.0]), np.array([latitude]))
    if not (math.isfinite(x[0]) and math.isfinite(y[0])):
        return False
    return bool(box.xmin <= x[0] <= box.xmax and box.ymin <= y[0] <= box.ymax)


def is_own_map(locator: Locator) -> bool:
    """Tell whether a raster's coordinates are those of the view: then they mean what it says."""
    return isinstance(locator, MapLocator) and locator.pipeline == "proj=noop"


def rows_between_poles(grid: TargetGrid) -> tuple[int, int]:
    """Return the first row of a view with a place on Earth, and the one after the last.

    Positions go on beyond a pole, so that what lies just before it is within nodes.
    """
    lattice = grid.lattice
    if world_period(lattice.crs) != _DEGREES:
        return 0, grid.height
    above = lattice.phase_y + 0.5 + grid.row
    first = math.ceil((lattice.origin_y - POLES[1]) / lattice.pixel_y - above - _SLACK_PX)
    last = math.floor((lattice.origin_y - POLES[0]) / lattice.pixel_y - above + _SLACK_PX)
    return max(0, first), min(grid.height, last + 1)


def is_cut(crs: str, box: Extent) -> bool:
    """Tell whether a box ends where Web Mercator does: what it bounds goes on towards the pole."""
    return crs == MERCATOR and max(-box.ymin, box.ymax) >= SEARCHED_END


def searched(crs: str, box: Extent) -> Extent:
    """Return a box to search a map for; of Web Mercator, what lies beyond its end is known by that."""
    if crs != MERCATOR:
        return box
    return Extent(box.xmin, min(box.ymin, SEARCHED_END), box.xmax, max(box.ymax, -SEARCHED_END))


def box_on_map(item: Item, out_crs: str, service: tuple[str, str], pipeline: str) -> Extent | None:
    """Return an item's box in an output CRS, None where it has no place there.

    Parameters
    ----------
    service : (crs, pipeline)
        Of the service, and the operation from the output CRS to that.
    pipeline
        From the output CRS to the item's.
    """
    found = inverse_extent(service[1], item.extent)
    if found is None or not is_cut(service[0], item.extent):
        return found
    # The box in the service's CRS cannot tell of what lies nearer to the pole.
    own = raster_box(item.geotransform, item.width, item.height)
    direct = inverse_extent(pipeline, own)
    box = found if direct is None else found.union(direct)
    if not describe_crs(out_crs).is_geographic:
        return box
    south, north = (holds_pole(item.crs, own, pole) for pole in POLES)
    return Extent(
        -180.0 if south or north else box.xmin,
        -90.0 if south else box.ymin,
        180.0 if south or north else box.xmax,
        90.0 if north else box.ymax,
    )
