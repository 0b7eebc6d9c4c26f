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
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.functions.picture import to_picture
from engine.geometry.projection import canonical_crs, operation, transform
from engine.geometry.shape_crs import footprint_to_crs, shape_to_crs
from engine.image_shapes import footprint_in_image, shape_on_map
from engine.image_space import image_space_item
from engine.mosaic_process import is_function
from engine.pixels import PixelBlock, Rgbv
from engine.plan import Plan, plan
from engine.render import render
from engine.request import Encoding, ImageRequest, View
from engine.results import IdentifiedItem, IdentifyResult, Samples
from engine.service_picture import by_service
from engine.world_turns import object_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.plan import PlannedItem
    from engine.render_work import Work
    from engine.request import IdentifyRequest, RenderingRule

# An area's items are weighed on a raster of this many cells a side.
_AREA_CELLS = 16
_DEFAULT_ITEMS = 100
_EXACT_PX = 1e-3


def identify(request: IdentifyRequest, work: Work) -> IdentifyResult:
    """Return the values and items at a place.

    Raises
    ------
    InvalidParameter
        The geometry is empty or has no place on the service's map.
    """
    summary = work.service.summary
    geometry = shapely.from_wkb(request.geometry)
    if geometry is None or geometry.is_empty:
        raise InvalidParameter("geometry", "empty", "a point or an area")
    if image_space_item(request.crs) is not None:
        return _in_image(request, geometry, work)
    crs = canonical_crs(request.crs, "sr") if request.crs else summary.crs
    place = geometry.centroid
    x, y = _project(crs, summary.crs, place.x, place.y, work)
    pixel = _pixel_size(request, crs, (place.x, place.y), work)
    made = _plan_at(request, (x, y), pixel, work)
    values: Samples = None
    processed: tuple[Samples, ...] = ()
    if request.return_values:
        values = samples_of(_samples(made, work))
        processed = tuple(_processed(made, rule, work) for rule in request.renderings)
    items: tuple[IdentifiedItem, ...] = ()
    if request.return_items and summary.source_type == "mosaic":
        items = _items(request, made, geometry, work)
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


def _project(from_crs: str, to_crs: str, x: float, y: float, work: Work) -> tuple[float, float]:
    area = work.service.summary.extent_lonlat
    out_x, out_y = transform(
        operation(from_crs, to_crs, area).pipeline, np.array([x]), np.array([y])
    )
    if not (np.isfinite(out_x[0]) and np.isfinite(out_y[0])):
        raise InvalidParameter("geometry", f"{x:g},{y:g}", "a place on the service's map")
    return float(out_x[0]), float(out_y[0])


def _pixel_size(
    request: IdentifyRequest, crs: str, place: tuple[float, float], work: Work
) -> tuple[float, float]:
    """Return the pixel size asked for in service units; the service's own by default."""
    summary = work.service.summary
    if request.pixel_size is None:
        return summary.pixel_size_x, summary.pixel_size_y
    size_x, size_y = request.pixel_size
    if crs == summary.crs:
        return size_x, size_y
    x0, y0 = _project(crs, summary.crs, *place, work)
    x1, y1 = _project(crs, summary.crs, place[0] + size_x, place[1], work)
    x2, y2 = _project(crs, summary.crs, place[0], place[1] + size_y, work)
    return float(np.hypot(x1 - x0, y1 - y0)), float(np.hypot(x2 - x0, y2 - y0))


def _image_request(request: IdentifyRequest, box: Extent, cells: int) -> ImageRequest:
    view = View(extent=box, width=cells, height=cells)
    return ImageRequest(
        view=view,
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.NEAREST,
        mosaic=request.mosaic,
        time=request.time,
    )


def _plan_at(
    request: IdentifyRequest, point: tuple[float, float], pixel: tuple[float, float], work: Work
) -> Plan:
    """Plan one pixel whose centre is the point, placed as exactly as can be.

    What is right for pictures, an eighth of a pixel, could give a neighbour's value here. Around one
    pixel alone, nodes at every pixel cost next to nothing.
    """
    (x, y), (px, py) = point, pixel
    box = Extent(x - px / 2, y - py / 2, x + px / 2, y + py / 2)
    made = plan(work.service, _image_request(request, box, 1))
    near = box.expand(px, py)
    items = tuple(
        replace(planned, placed=replace(planned.placed, box=common))
        for planned in made.items
        if (common := planned.placed.box.intersection(near)) is not None
    )
    return replace(made, items=items, tolerance_px=_EXACT_PX)


def _samples(made: Plan, work: Work) -> PixelBlock:
    pixels = render(made, work, work.service.summary.pixel_type)
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def samples_of(block: PixelBlock) -> Samples:
    """Return the first pixel's samples; None for bands without data, None at all for no data."""
    valid = np.broadcast_to(block.valid, block.data.shape)[:, 0, 0]
    if not valid.any():
        return None
    whole = block.data.dtype.kind in "ui"
    values = block.data[:, 0, 0]
    return tuple(
        (int(value) if whole else float(value)) if good else None
        for value, good in zip(values, valid, strict=True)
    )


def _processed(made: Plan, rule: RenderingRule, work: Work) -> Samples:
    """Return the samples after a rendering rule."""
    rule = by_service(rule)
    if rule.function == "None":
        return samples_of(_samples(made, work))
    if is_function(rule):
        process = work.service.mosaic_process(made.bands, rule)
        assert process is not None
        assert process.rule is not None
        bands = tuple(range(process.rule.output.bands))
        return samples_of(_samples(replace(made, process=process, bands=bands), work))
    picture = work.service.picture((), rule, "")
    done = to_picture(_samples(replace(made, bands=picture.bands), work), picture)
    return samples_of(done.planes() if isinstance(done, Rgbv) else done)


@dataclass(frozen=True, slots=True)
class _Found:
    """An item, by OBJECTID, under the place; `share` is the part of the place where it is on top."""

    item: int
    values: Samples
    processed: tuple[Samples, ...]
    share: float


def _items(
    request: IdentifyRequest, made: Plan, geometry: shapely.Geometry, work: Work
) -> tuple[IdentifiedItem, ...]:
    """Return the items under the place, topmost first."""
    catalog = work.service.catalog
    is_area = geometry.area > 0
    under = _under_area(request, geometry, work) if is_area else _under_point(request, made, work)
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


def _under_point(request: IdentifyRequest, made: Plan, work: Work) -> list[_Found]:
    """Return the items with data at the point; the topmost one is all that is seen."""
    under: list[_Found] = []
    for item, planned in _by_item(made):
        if len(under) >= _limit(request):
            break
        alone = replace(made, items=planned)
        values = samples_of(_samples(alone, work))
        if values is not None:
            own = tuple(_processed(alone, rule, work) for rule in request.renderings)
            under.append(_Found(item, values, own, 0.0 if under else 1.0))
    return under


def _under_area(request: IdentifyRequest, geometry: shapely.Geometry, work: Work) -> list[_Found]:
    """Return the items with data in the area, and which part of it each is on top of."""
    summary = work.service.summary
    crs = canonical_crs(request.crs, "sr") if request.crs else summary.crs
    pipeline = operation(crs, summary.crs, summary.extent_lonlat).pipeline
    area = shape_to_crs(geometry, pipeline)
    if not area.area > 0:
        raise InvalidParameter("geometry", "an area", "an area that has a place on the map")
    box = Extent(*map(float, area.bounds))
    made = plan(work.service, _image_request(request, box, _AREA_CELLS))
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
        valid = _samples(replace(made, items=planned), work).valid_any()
        if (valid & inside).any():
            share = float(np.count_nonzero(valid & free)) / total
            under.append(_Found(item, None, (), share))
            free &= ~valid
    return under


def _footprint(wkb: bytes, request: IdentifyRequest, work: Work) -> bytes:
    """Return a footprint in the CRS of the request."""
    summary = work.service.summary
    crs = canonical_crs(request.crs, "sr") if request.crs else summary.crs
    if not wkb or crs == summary.crs:
        return wkb
    pipeline = operation(summary.crs, crs, summary.extent_lonlat).pipeline
    return bytes(shapely.to_wkb(footprint_to_crs(shapely.from_wkb(wkb), pipeline)))
