"""Views in the image space of one raster: its own pixels as they are, no map and no terrain between.

The raster of that space alone is drawn. A box on the map is taken there point by point, over terrain.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from config.definition import MosaicMethod
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.image_locator import ImageLocator
from engine.geometry.projection import canonical_crs
from engine.image_space import image_box, image_space_item
from engine.item_space import Points
from engine.place import convert
from engine.service import Appearance, Placed
from engine.target_grid import KnownPixels, grid_of_extent, square_pixels
from engine.view_grid import grid_of_view, known_pixels

if TYPE_CHECKING:
    from engine.item import Item
    from engine.request import ImageRequest
    from engine.request_parts import MosaicRule, View
    from engine.service import ImageService
    from engine.target_grid import TargetGrid

_SAMPLES = 9


def grid_of_any_view(view: View, service: ImageService) -> TargetGrid:
    """Return the grid of a view on a map or in the image space of a raster.

    Raises
    ------
    InvalidParameter
        Unknown CRS, a box without area, or one that has no place in the output CRS.
    TileOutsideLimits
        A tile address beyond the scheme.
    ItemNotFound
        Image space of an item that is not there.
    """
    number, from_number = image_space_item(view.out_crs), image_space_item(view.extent_crs)
    if view.tile is not None or (number is None and from_number is None):
        return grid_of_view(view, service.summary)
    summary = service.summary
    known: KnownPixels | None = KnownPixels(sizes=((1.0, 1.0),))
    crs = view.out_crs
    if number is None:
        crs = canonical_crs(view.out_crs, "imageSR") if view.out_crs else summary.crs
        known = known_pixels(crs, summary)
    extent = _extent(view, service)
    if view.extent_crs != view.out_crs:
        extent = _converted(extent, view.extent_crs, crs, service)
    if view.adjust_aspect:
        extent = square_pixels(extent, view.width, view.height)
    return grid_of_extent(crs, extent, view.width, view.height, known)


def items_in_image_space(
    service: ImageService, number: int, rule: MosaicRule, request: ImageRequest
) -> list[Item]:
    """Return the one raster that is drawn in its image space; none where a condition leaves it out.

    Raises
    ------
    InvalidParameter
        The mosaic rule locks other rasters.
    ItemNotFound
    """
    if rule.method is MosaicMethod.LOCK_RASTER and rule.lock_ids and number not in rule.lock_ids:
        locked = ",".join(map(str, rule.lock_ids))
        accepted = f"{number}: in the image space of a raster that raster is drawn"
        raise InvalidParameter("mosaicRule.lockRasterIds", locked, accepted)
    catalog = service.catalog
    catalog.item(number)
    return catalog.items_by_id([number], catalog.select(rule.where, rule.fids, request.time))


def appearances_in(service: ImageService, item: Item, out_crs: str) -> tuple[Appearance, ...]:
    """Return an item as it shows in an output CRS, or in the image space of a raster; () = not at all."""
    number = image_space_item(out_crs)
    if number is None:
        return service.appearances(item, out_crs)
    if item.id != number:
        return ()
    placed = Placed(ImageLocator(item.geotransform), image_box(item), 1.0, 1.0)
    return (Appearance(item, placed),)


def _extent(view: View, service: ImageService) -> Extent:
    if view.extent is None:
        number = image_space_item(view.extent_crs)
        if number is None:
            return service.summary.extent
        return image_box(service.catalog.item(number))
    if not view.extent.is_finite or view.extent.width <= 0 or view.extent.height <= 0:
        raise InvalidParameter("bbox", view.extent, "a finite box with an area")
    return view.extent


def _converted(extent: Extent, from_crs: str, to_crs: str, service: ImageService) -> Extent:
    """Return the box around a box in another coordinate system, by a grid of points in it."""
    x, y = np.meshgrid(
        np.linspace(extent.xmin, extent.xmax, _SAMPLES),
        np.linspace(extent.ymin, extent.ymax, _SAMPLES),
    )
    heights = np.full(x.size, math.nan)
    found = convert(service, Points(x.ravel(), y.ravel(), heights), from_crs, to_crs)
    good = np.isfinite(found.x) & np.isfinite(found.y)
    if good.any():
        x, y = found.x[good], found.y[good]
        box = Extent(float(x.min()), float(y.min()), float(x.max()), float(y.max()))
        if box.width > 0 and box.height > 0:
            return box
    shown = f"{extent.xmin:.10g},{extent.ymin:.10g},{extent.xmax:.10g},{extent.ymax:.10g}"
    raise InvalidParameter("bbox", shown, "a box that has a place in imageSR")
