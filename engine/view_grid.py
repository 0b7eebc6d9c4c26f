"""From a view as asked for to the output grid: projection of the box, aspect, lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.geometry.extent_transform import transform_extent
from engine.geometry.projection import canonical_crs, describe_crs, operation
from engine.target_grid import (
    KnownPixels,
    TargetGrid,
    grid_of_extent,
    grid_of_tile,
    square_pixels,
)
from engine.tile_scheme import own_scheme, scheme_of

if TYPE_CHECKING:
    from engine.extent import Extent
    from engine.request_parts import TileAddress, View
    from engine.summary import ServiceSummary


def grid_of_view(view: View, summary: ServiceSummary) -> TargetGrid:
    """Return the grid of a view.

    Raises
    ------
    InvalidParameter
        Unknown CRS, a box without area, or one that has no place in the output CRS.
    TileOutsideLimits
        A tile address beyond the scheme.
    """
    if view.tile is not None:
        return _grid_of_tile(view.tile, summary)
    crs = canonical_crs(view.out_crs, "imageSR") if view.out_crs else summary.crs
    extent_crs = canonical_crs(view.extent_crs, "bboxSR") if view.extent_crs else summary.crs
    extent = view.extent or summary.extent
    if not extent.is_finite or extent.width <= 0 or extent.height <= 0:
        raise InvalidParameter("bbox", _text(extent), "a finite box with an area")
    if extent_crs != crs:
        extent = _projected(extent, extent_crs, crs)
    if view.adjust_aspect:
        extent = square_pixels(extent, view.width, view.height)
    return grid_of_extent(crs, extent, view.width, view.height, known_pixels(crs, summary))


def known_pixels(crs: str, summary: ServiceSummary) -> KnownPixels | None:
    """Return the pixels of a service and of its tiles on its own map, None on any other."""
    if crs != summary.crs:
        return None
    scheme, extent = own_scheme(summary), summary.extent
    native = (summary.pixel_size_x, summary.pixel_size_y)
    # What is not stated doubles with the last level.
    stated = summary.properties.tile_resolutions or summary.properties.tile_scales
    sizes = scheme.resolutions if stated else scheme.resolutions[-1:]
    return KnownPixels(
        sizes=(native, *((size, size) for size in sizes)),
        corners=((scheme.origin_x, scheme.origin_y), (extent.xmin, extent.ymax)),
    )


def _grid_of_tile(tile: TileAddress, summary: ServiceSummary) -> TargetGrid:
    scheme = scheme_of(summary, tile)
    scheme.check(tile.level, tile.row, tile.col)
    return grid_of_tile(tile, scheme)


def _projected(extent: Extent, from_crs: str, to_crs: str) -> Extent:
    area = describe_crs(to_crs).area_lonlat
    found = transform_extent(operation(from_crs, to_crs, area).pipeline, extent)
    if found is None or found.width <= 0 or found.height <= 0:
        raise InvalidParameter("bbox", _text(extent), f"a box that has a place in {to_crs[:40]}")
    return found


def _text(extent: Extent) -> str:
    return f"{extent.xmin:.10g},{extent.ymin:.10g},{extent.xmax:.10g},{extent.ymax:.10g}"
