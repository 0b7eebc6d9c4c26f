"""Identify: the mosaic's value at a place, and the items under it with theirs.

Values are those of pixels, never between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from config.definition import Interpolation, MosaicMethod
from engine.asked_place import (
    asked_crs,
    asked_pixel_size,
    geometry_of,
    geometry_on_map,
    in_own_units,
    project_point,
)
from engine.errors import InvalidParameter, RequestTooLarge
from engine.extent import Extent
from engine.geometry.projection import operation
from engine.geometry.shape_crs import footprint_to_crs
from engine.image_shapes import footprint_in_image, shape_on_map
from engine.image_space import image_space_item
from engine.plan import plan
from engine.point_plan import item_ids, of_item, plan_at, samples_at
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.results import IdentifiedItem, IdentifyResult, Samples
from engine.selection import select_items
from engine.service_picture import by_service
from engine.target_grid import grid_of_extent
from engine.view_pixels import planes_of, render_request
from engine.world_turns import object_id

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.plan import Plan
    from engine.render_work import Work
    from engine.request import IdentifyRequest

# An area's items are weighed on a raster of this many cells a side.
_AREA_CELLS = 16
_DEFAULT_ITEMS = 100
_MOST_POINTS = 1000
_MOST_CELLS = 1 << 30
_DEFAULT_SLICES = 1000


def identify(request: IdentifyRequest, work: Work) -> IdentifyResult:
    """Return the values and items at a place.

    Raises
    ------
    InvalidParameter
        The geometry is empty or has no place on the service's map.
    """
    service = work.service
    request = in_own_units(service, request)
    geometry = geometry_of(request.geometry)
    if image_space_item(request.crs) is not None:
        return _in_image(request, geometry, work)
    crs = asked_crs(service, request.crs)
    place = _place_of(geometry)
    point = project_point(service, crs, place.x, place.y)
    pixel = asked_pixel_size(service, request.pixel_size, crs, (place.x, place.y))
    asked = [_image_request(request)]
    if request.return_values:
        asked += [
            msgspec.structs.replace(asked[0], rendering=by_service(r)) for r in request.renderings
        ]
    plans = [(plan_at(service, each, point, pixel), each) for each in asked]
    values: Samples = None
    processed: tuple[Samples, ...] = ()
    if request.return_values:
        values, *rest = (samples_at(made, each, work) for made, each in plans)
        processed = tuple(rest)
    items: tuple[IdentifiedItem, ...] = ()
    if request.return_items and service.summary.source_type == "mosaic":
        items = _items(request, plans, geometry, work)
    return IdentifyResult(
        x=place.x, y=place.y, crs=request.crs, values=values, processed=processed, items=items
    )


def _in_image(request: IdentifyRequest, geometry: shapely.Geometry, work: Work) -> IdentifyResult:
    """Identify at a place in the image space of a raster: the ground there, and what it is written in."""
    service, crs = work.service, request.crs
    on_map = shape_on_map(service, geometry, crs)
    found = identify(
        msgspec.structs.replace(
            request, geometry=bytes(shapely.to_wkb(on_map)), crs="", pixel_size=None
        ),
        work,
    )
    items = tuple(
        msgspec.structs.replace(item, footprint=footprint_in_image(service, item.footprint, crs))
        for item in found.items
    )
    place = _place_of(geometry)
    return msgspec.structs.replace(found, x=place.x, y=place.y, crs=crs, items=items)


def _place_of(geometry: shapely.Geometry) -> shapely.Point:
    """Return where values are taken: of points the first, of all else the middle."""
    if isinstance(geometry, shapely.MultiPoint):
        return geometry.geoms[0]
    return geometry.centroid


def _image_request(request: IdentifyRequest) -> ImageRequest:
    return ImageRequest(
        view=View(),
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.NEAREST,
        mosaic=request.mosaic,
        time=request.time,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """An item, by OBJECTID, under the place; `share` is the part of the place where it is on top."""

    item: int
    values: Samples
    processed: tuple[Samples, ...]
    share: float


def _items(
    request: IdentifyRequest,
    plans: list[tuple[Plan, ImageRequest]],
    geometry: shapely.Geometry,
    work: Work,
) -> tuple[IdentifiedItem, ...]:
    """Return the items under the place, topmost first."""
    catalog = work.service.catalog
    if geometry.area > 0:
        under = _under_area(request, plans, geometry, work)
    elif isinstance(geometry, shapely.MultiPoint) and len(geometry.geoms) > 1:
        under = _under_points(request, plans, geometry, work)
    else:
        under = _under_point(_limit(request), plans, work)
    ids = [found.item for found in under]
    attributes = catalog.attributes_of(ids)
    footprints = catalog.footprints_of(ids) if request.return_geometry else {}
    return tuple(
        IdentifiedItem(
            id=key,
            attributes=attributes.get(key, {}),
            footprint=_footprint(footprints.get(key, b""), request, work),
            values=found.values,
            processed=found.processed,
            visibility=found.share,
        )
        for key, found in zip(ids, under, strict=True)
    )


def _limit(request: IdentifyRequest) -> int:
    if request.max_items is not None:
        return request.max_items
    takes_all = request.mosaic is not None and request.mosaic.all_slices
    return _DEFAULT_SLICES if takes_all else _DEFAULT_ITEMS


def _under_point(limit: int, plans: list[tuple[Plan, ImageRequest]], work: Work) -> list[_Found]:
    """Return the items with data at the point; the topmost one is all that is seen."""
    under: list[_Found] = []
    for key in item_ids(plans[0][0]):
        if len(under) >= limit:
            break
        found = _of_item(key, plans, work, 0.0 if under else 1.0)
        if found.values is not None:
            under.append(found)
    return under


def _of_item(key: int, plans: list[tuple[Plan, ImageRequest]], work: Work, share: float) -> _Found:
    """Return an item with its samples where values are taken; None where it has none there."""
    values, *own = (samples_at(of_item(made, key), each, work) for made, each in plans)
    return _Found(key, values, tuple(own), share)


def _under_points(
    request: IdentifyRequest,
    plans: list[tuple[Plan, ImageRequest]],
    points: shapely.MultiPoint,
    work: Work,
) -> list[_Found]:
    """Return the items with data at any of the points, and of which share of them each is on top."""
    service, count = work.service, len(points.geoms)
    if count > _MOST_POINTS:
        raise RequestTooLarge("number of points in 'geometry'", count, _MOST_POINTS)
    crs = asked_crs(service, request.crs)
    seen: dict[int, int] = {}
    for place in points.geoms:
        point = project_point(service, crs, place.x, place.y)
        pixel = asked_pixel_size(service, request.pixel_size, crs, (place.x, place.y))
        here = [(plan_at(service, plans[0][1], point, pixel), plans[0][1])]
        for found in _under_point(_limit(request), here, work):
            seen[found.item] = seen.get(found.item, 0) + int(found.share)
    keys = list(seen)[: _limit(request)]
    return [_of_item(key, plans, work, seen[key] / count) for key in keys]


def _under_area(
    request: IdentifyRequest,
    plans: list[tuple[Plan, ImageRequest]],
    geometry: shapely.Geometry,
    work: Work,
) -> list[_Found]:
    """Return the items with data in the area, and which part of it each is on top of.

    They are those that show at the pixel size asked for, as at a point; looked at on a coarse raster.
    """
    service = work.service
    area = geometry_on_map(service, geometry, request.crs)
    if not area.area > 0:
        raise InvalidParameter("geometry", "an area", "an area that has a place on the map")
    box = Extent(*map(float, area.bounds))
    view = View(extent=box, width=_AREA_CELLS, height=_AREA_CELLS)
    asked = msgspec.structs.replace(_image_request(request), view=view)
    free = _cells_in(area, box)
    total = int(np.count_nonzero(free))
    inside = free.copy()
    under: list[_Found] = []
    for key in _shown_in(request, box, work):
        if len(under) >= _limit(request):
            break
        lock = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(key,))
        alone = msgspec.structs.replace(asked, mosaic=lock)
        valid = planes_of(render_request(plan(service, alone), alone, work)).valid_any()
        if (valid & inside).any():
            share = float(np.count_nonzero(valid & free)) / total
            under.append(_of_item(key, plans, work, share))
            free &= ~valid
    return under


def _cells_in(area: shapely.Geometry, box: Extent) -> NDArray[np.bool_]:
    """Return which cells of the coarse raster have their centre in the area."""
    centres = (np.arange(_AREA_CELLS) + 0.5) / _AREA_CELLS
    xs, ys = np.meshgrid(box.xmin + centres * box.width, box.ymax - centres * box.height)
    inside = np.asarray(shapely.contains_xy(area, xs, ys))
    # A sliver between the centres counts as its box.
    return inside if inside.any() else np.ones_like(inside)


def _shown_in(request: IdentifyRequest, box: Extent, work: Work) -> list[int]:
    """Return the OBJECTIDs of the items that a picture of the area would be made of, topmost first."""
    service = work.service
    asked, crs = request.pixel_size, asked_crs(service, request.crs)
    middle = geometry_of(request.geometry).centroid
    size_x, size_y = asked_pixel_size(service, asked, crs, (middle.x, middle.y))
    count_x, count_y = (
        max(1, min(_MOST_CELLS, math.ceil(length / size)))
        for length, size in ((box.width, size_x), (box.height, size_y))
    )
    grid = grid_of_extent(service.summary.crs, box, count_x, count_y)
    rule = request.mosaic or MosaicRule()
    items = select_items(service, grid, rule, _image_request(request)).items
    return list(dict.fromkeys(object_id(item.id) for item in items))


def _footprint(wkb: bytes, request: IdentifyRequest, work: Work) -> bytes:
    """Return a footprint in the CRS of the request."""
    summary = work.service.summary
    crs = asked_crs(work.service, request.crs)
    if not wkb or crs == summary.crs:
        return wkb
    pipeline = operation(summary.crs, crs, summary.extent_lonlat).pipeline
    return bytes(shapely.to_wkb(footprint_to_crs(shapely.from_wkb(wkb), pipeline)))
