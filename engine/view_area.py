"""A view seen from the service's CRS: the box to search and the pixel sizes in it.

A search only: what it lets through too much is sorted out item by item, at each item's own centre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.extent_transform import transform_extent
from engine.geometry.projection import MERCATOR, describe_crs, operation, transform
from engine.image_space import image_space_item
from engine.pole_boxes import POLES, holds_pole, searched
from engine.target_grid import extent_values, world_period
from engine.tile_scheme import HALF_WORLD_M

if TYPE_CHECKING:
    from engine.service import ImageService
    from engine.target_grid import TargetGrid

# Up to this size the image of a box bulges by less than a hundredth between three samples a side
# (sagitta of 100 km chords on the sphere: 0.2 km).
SMALL_M = 200_000.0
SMALL_MARGIN = 0.02
_ANY_SIZE = 3e38


@dataclass(frozen=True, slots=True)
class ViewArea:
    """A view in service CRS: its box and a closed range of output pixel sizes in it."""

    extent: Extent
    ps_min: float
    ps_max: float


def view_area(service: ImageService, grid: TargetGrid) -> ViewArea | None:
    """Return a view in service CRS, or None where it has no place there; cached per grid."""
    if grid.lattice.crs == service.summary.crs:
        return area_of_grid(service, grid)
    if grid not in service.view_areas:
        service.view_areas[grid] = area_of_grid(service, grid)
    return service.view_areas[grid]


def check_meets(service: ImageService, grid: TargetGrid) -> None:
    """Refuse a map that has nothing of the service's extent in it.

    Raises
    ------
    InvalidParameter
    """
    if image_space_item(grid.lattice.crs) is not None:
        return
    area = view_area(service, grid)
    if area is None or not area.extent.intersects(service.summary.extent):
        box = ",".join(f"{value:.10g}" for value in extent_values(grid.extent))
        raise InvalidParameter("bbox", box, "a box that meets the service's extent")


def area_of_grid(service: ImageService, grid: TargetGrid) -> ViewArea | None:
    """Do as `view_area` for a grid that will not be asked for again."""
    lattice = grid.lattice
    if lattice.crs != service.summary.crs:
        return _projected(service, grid)
    ps = lattice.pixel_x
    if lattice.pixel_x != lattice.pixel_y:
        ps = math.sqrt(lattice.pixel_x * lattice.pixel_y)
    return ViewArea(grid.extent, ps, ps)


def _projected(service: ImageService, grid: TargetGrid) -> ViewArea | None:
    summary = service.summary
    pipeline = operation(grid.lattice.crs, summary.crs, summary.extent_lonlat).pipeline
    box = grid.extent
    metres = describe_crs(grid.lattice.crs).metres_per_unit
    is_small = max(box.width, box.height) * metres < SMALL_M
    extent = transform_extent(pipeline, box, 3 if is_small else 21)
    if extent is None:
        return None
    if is_small:
        extent = extent.expand(extent.width * SMALL_MARGIN, extent.height * SMALL_MARGIN)
    extent = _round_the_world(extent, grid, summary.crs)
    if not summary.overview_ps:
        return ViewArea(extent, 0.0, _ANY_SIZE)
    return ViewArea(extent, *_pixel_sizes(pipeline, grid))


def _round_the_world(extent: Extent, grid: TargetGrid, crs: str) -> Extent:
    """Return the box with what it misses where a view goes over the antimeridian or a pole.

    Its samples lie on either side then, and none of them need be where the map ends.
    """
    xmin, ymin, xmax, ymax = msgspec.structs.astuple(extent)
    period = world_period(crs)
    is_mercator = crs == MERCATOR
    if period and extent.width > period / 2:
        xmin, xmax = min(xmin, -period / 2), max(xmax, period / 2)
        end = HALF_WORLD_M if is_mercator else 90.0
        if is_mercator or describe_crs(crs).is_geographic:
            south, north = (holds_pole(grid.lattice.crs, grid.extent, pole) for pole in POLES)
            ymin, ymax = -end if south else ymin, end if north else ymax
    return searched(crs, Extent(xmin, ymin, xmax, ymax))


def _pixel_sizes(pipeline: str, grid: TargetGrid) -> tuple[float, float]:
    """Return bounds of the pixel size in the target CRS over a grid, with a margin of a quarter."""
    box, lattice = grid.extent, grid.lattice
    xs, ys = np.meshgrid(np.linspace(box.xmin, box.xmax, 7), np.linspace(box.ymin, box.ymax, 7))
    all_x = np.stack([xs, xs + lattice.pixel_x, xs])
    all_y = np.stack([ys, ys, ys + lattice.pixel_y])
    (x0, x1, x2), (y0, y1, y2) = transform(pipeline, all_x, all_y)
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.sqrt(np.hypot(x1 - x0, y1 - y0) * np.hypot(x2 - x0, y2 - y0))
    sizes = sizes[np.isfinite(sizes)]
    if sizes.size == 0:
        return 0.0, _ANY_SIZE
    return float(sizes.min()) * 0.75, float(sizes.max()) * 1.25
