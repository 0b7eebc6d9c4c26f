"""Where a service has imagery: the union of its footprints, and how large it is on the ground."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import shapely

from engine.catalog_results import BoundaryResult
from engine.errors import InvalidParameter
from engine.geometry.projection import canonical_crs, operation
from engine.geometry.shape_crs import shape_to_crs
from engine.ground_shape import area_on_ground
from engine.image_space import image_space_item

if TYPE_CHECKING:
    from engine.extent import Extent
    from engine.render_work import Work
    from engine.request import BoundaryRequest


def boundary(request: BoundaryRequest, work: Work) -> BoundaryResult:
    """Return the boundary; that of a single raster is its footprint.

    The area is NaN where the boundary reaches places that are none on Earth.

    Raises
    ------
    InvalidParameter
        The CRS asked for is none.
    """
    catalog, summary = work.service.catalog, work.service.summary
    crs = ""
    if request.out_crs:
        if image_space_item(request.out_crs) is not None:
            raise InvalidParameter("outSR", request.out_crs, "the CRS of a map")
        crs = canonical_crs(request.out_crs, "outSR")
    box = summary.extent
    shape = shapely.box(box.xmin, box.ymin, box.xmax, box.ymax)
    if catalog.boundary:
        shape = shapely.from_wkb(catalog.boundary)
    area = _area_m2(bytes(shapely.to_wkb(shape)), summary.crs, summary.extent_lonlat)
    pipeline = operation(summary.crs, crs or summary.crs, summary.extent_lonlat).pipeline
    moved = shape_to_crs(shape, pipeline)
    return BoundaryResult(shape=bytes(shapely.to_wkb(moved)), area_m2=area, crs=crs)


@lru_cache(maxsize=16)
def _area_m2(shape: bytes, crs: str, area: Extent | None) -> float:
    """Return the area of a WKB on the ground: some milliseconds of geodesics, and a boundary stays."""
    try:
        return area_on_ground(shapely.from_wkb(shape), crs, area).area_m2
    except InvalidParameter:
        return math.nan
