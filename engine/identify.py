"""Identify: the mosaic's value at a place, and the items under it with theirs.

Values are those of pixels, never between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from config.definition import Interpolation
from engine.asked_place import (
    asked_crs,
    asked_pixel_size,
    geometry_of,
    geometry_on_map,
    project_point,
)
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.projection import operation
from engine.geometry.shape_crs import footprint_to_crs
from engine.image_shapes import footprint_in_image, shape_on_map
from engine.image_space import image_space_item
from engine.plan import plan
from engine.point_plan import item_ids, of_item, plan_at, samples_at
from engine.request import Encoding, ImageRequest, View
from engine.results import IdentifiedItem, IdentifyResult, Samples
from engine.service_picture import by_service
from engine.view_pixels import planes_of, render_request
from engine.world_turns import object_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.plan import Plan, PlannedItem
    from engine.render_work import Work
    from engine.request import IdentifyRequest

# An area's items are weighed on a raster of this many cells a side.
_AREA_CELLS = 16
_DEFAULT_ITEMS = 100


def identify(request: IdentifyRequest, work: Work) -> IdentifyResult:
    """Return the values and items at a place.

    Raises
    ------
    InvalidParameter
        The geometry is empty or has no place on the service's map.
    """
    service = work.service
    geometry = geometry_of(request.geometry)
    if image_space_item(request.crs) is not None:
        return _in_image(request, geometry, work)
    crs = asked_crs(service, request.crs)
    place = geometry.centroid
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
    place = geometry.centroid
    return msgspec.structs.replace(found, x=place.x, y=place.y, crs=crs, items=items)


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
    is_area = geometry.area > 0
    if is_area:
        under = _under_area(request, geometry, work)
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
    return _DEFAULT_ITEMS if request.max_items is None else request.max_items


def _by_item(made: Plan) -> Iterator[tuple[int, tuple[PlannedItem, ...]]]:
    """Yield each OBJECTID and the places where it shows: several beside the map's edge."""
    for key, planned in groupby(made.items, lambda planned: object_id(planned.item.id)):
        yield key, tuple(planned)


def _under_point(limit: int, plans: list[tuple[Plan, ImageRequest]], work: Work) -> list[_Found]:
    """Return the items with data at the point; the topmost one is all that is seen."""
    under: list[_Found] = []
    for key in item_ids(plans[0][0]):
        if len(under) >= limit:
            break
        values, *own = (samples_at(of_item(made, key), each, work) for made, each in plans)
        if values is not None:
            under.append(_Found(key, values, tuple(own), 0.0 if under else 1.0))
    return under


def _under_area(request: IdentifyRequest, geometry: shapely.Geometry, work: Work) -> list[_Found]:
    """Return the items with data in the area, and which part of it each is on top of."""
    area = geometry_on_map(work.service, geometry, request.crs)
    if not area.area > 0:
        raise InvalidParameter("geometry", "an area", "an area that has a place on the map")
    box = Extent(*map(float, area.bounds))
    view = View(extent=box, width=_AREA_CELLS, height=_AREA_CELLS)
    asked = msgspec.structs.replace(_image_request(request), view=view)
    made = plan(work.service, asked)
    x0, step_x, _, y0, _, step_y = made.grid.geotransform
    centres = np.arange(_AREA_CELLS) + 0.5
    xs, ys = np.meshgrid(x0 + centres * step_x, y0 + centres * step_y)
    free = np.asarray(shapely.contains_xy(area, xs, ys))
    if not free.any():
        # A sliver between the centres counts as its box.
        free[:] = True
    total = int(np.count_nonzero(free))
    inside = free.copy()
    under: list[_Found] = []
    for item, planned in _by_item(made):
        if len(under) >= _limit(request):
            break
        pixels = render_request(replace(made, items=planned), asked, work)
        valid = planes_of(pixels).valid_any()
        if (valid & inside).any():
            share = float(np.count_nonzero(valid & free)) / total
            under.append(_Found(item, None, (), share))
            free &= ~valid
    return under


def _footprint(wkb: bytes, request: IdentifyRequest, work: Work) -> bytes:
    """Return a footprint in the CRS of the request."""
    summary = work.service.summary
    crs = asked_crs(work.service, request.crs)
    if not wkb or crs == summary.crs:
        return wkb
    pipeline = operation(summary.crs, crs, summary.extent_lonlat).pipeline
    return bytes(shapely.to_wkb(footprint_to_crs(shapely.from_wkb(wkb), pipeline)))
