"""What is known of one catalog item without opening it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from config.definition import MosaicMethod
from engine.area_counts import area_counts
from engine.errors import RequestTooLarge
from engine.extent import Extent
from engine.geometry.projection import LONLAT, operation
from engine.geometry.shape_crs import shape_to_crs
from engine.kept_by_service import KeptByService
from engine.request import AreaCountsRequest
from engine.request_parts import MosaicRule
from engine.results import ItemResult

if TYPE_CHECKING:
    from engine.item import Item
    from engine.render_work import Work
    from engine.request import ItemRequest
    from engine.summary import ServiceSummary

# Pixels of an item that are counted along its longer side.
_COUNTED_PX = 1024
_MOST_KEPT = 256

_kept: KeptByService[int, dict[str, Any]] = KeptByService(_MOST_KEPT)


def item_facts(request: ItemRequest, work: Work) -> ItemResult:
    """Return the facts of an item.

    Raises
    ------
    ItemNotFound
    DeadlineExceeded, Cancelled
    """
    catalog, summary = work.service.catalog, work.service.summary
    item = catalog.item(request.item)
    box, columns, rows = _on_map(item, summary)
    return ItemResult(
        id=item.id,
        name=item.name,
        attributes=catalog.attributes_of([item.id]).get(item.id, {}),
        footprint=catalog.footprints_of([item.id]).get(item.id, b""),
        extent=item.extent,
        map_extent=box,
        columns=columns,
        rows=rows,
        width=item.width,
        height=item.height,
        block_width=item.levels[0].block_width,
        block_height=item.levels[0].block_height,
        pixel_size_x=box.width / columns,
        pixel_size_y=box.height / rows,
        pixel_type=item.pixel_type,
        bands=sum(band.source >= 0 for band in item.bands),
        levels=len(item.levels),
        no_data=item.no_data,
        has_sensor=bool(item.geolocation),
        crs=item.crs,
        native_extent=_native_extent(item),
        extent_lonlat=_extent_lonlat(item, summary),
        driver=item.sources[0].driver.partition(":")[0] if item.sources else "",
        **(_kept_counts(item, work) if request.with_counts else {}),
    )


def _on_map(item: Item, summary: ServiceSummary) -> tuple[Extent, int, int]:
    """Return the box of an item's pixels on the service's map, and its columns and rows there.

    A raster that lies straight on that map has its own; of another the box holds a whole number of
    pixels about as large as its own.
    """
    native = _native_extent(item)
    if native is not None and item.crs == summary.crs:
        return native, item.width, item.height
    along_x, along_y = item.scale_service
    low = item.low_ps or summary.pixel_size_x
    box = item.extent
    columns = round(box.width * along_x if along_x > 0 else box.width / low)
    rows = round(box.height * along_y if along_y > 0 else box.height / low)
    return box, max(1, columns), max(1, rows)


def _kept_counts(item: Item, work: Work) -> dict[str, Any]:
    found = _kept.get(work.service, item.id)
    if found is None:
        found = _counts(item, work)
        if not work.skipped:
            _kept.put(work.service, item.id, found)
    return found


def _counts(item: Item, work: Work) -> dict[str, Any]:
    """Return statistics and histograms of an item as it is served; none where a band holds no sample."""
    box = item.extent
    size = max(box.width, box.height) / _COUNTED_PX
    request = AreaCountsRequest(
        geometry=shapely.to_wkb(shapely.box(box.xmin, box.ymin, box.xmax, box.ymax)),
        pixel_size=(size, size),
        mosaic=MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(item.id,), all_slices=True),
    )
    try:
        bands = area_counts(request, work).bands
    except RequestTooLarge:
        # It has no pyramids; all else is known.
        return {}
    if any(band.statistics.is_empty for band in bands):
        return {}
    return {
        "statistics": tuple(band.statistics for band in bands),
        "histograms": tuple(band.histogram for band in bands),
    }


def _extent_lonlat(item: Item, summary: ServiceSummary) -> Extent | None:
    """Return the box of the footprint's box in degrees; None where it has no place on Earth."""
    box = item.extent
    pipeline = operation(summary.crs, LONLAT, summary.extent_lonlat).pipeline
    shape = shape_to_crs(shapely.box(box.xmin, box.ymin, box.xmax, box.ymax), pipeline)
    if shape.is_empty:
        return None
    return Extent(*map(float, shape.bounds))


def _native_extent(item: Item) -> Extent | None:
    """Return the box of a raster on its own map; None where its rows do not run along an axis."""
    left, across, turn_x, top, turn_y, down = item.geotransform
    if not item.crs or turn_x or turn_y:
        return None
    xs = sorted((left, left + across * item.width))
    ys = sorted((top, top + down * item.height))
    return Extent(xs[0], ys[0], xs[1], ys[1])
