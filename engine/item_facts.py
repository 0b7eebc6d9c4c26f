"""What is known of one catalog item without opening it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results import ItemResult

if TYPE_CHECKING:
    from engine.request import ItemRequest
    from engine.service import ImageService


def item_facts(request: ItemRequest, service: ImageService) -> ItemResult:
    """Return the facts of an item.

    Raises
    ------
    ItemNotFound
    """
    catalog, summary = service.catalog, service.summary
    item = catalog.item(request.item)
    along_x, along_y = item.scale_service
    low = item.low_ps or summary.pixel_size_x
    return ItemResult(
        id=item.id,
        name=item.name,
        attributes=catalog.attributes_of([item.id]).get(item.id, {}),
        footprint=catalog.footprints_of([item.id]).get(item.id, b""),
        extent=item.extent,
        width=item.width,
        height=item.height,
        block_width=item.levels[0].block_width,
        block_height=item.levels[0].block_height,
        pixel_size_x=1 / along_x if along_x > 0 else low,
        pixel_size_y=1 / along_y if along_y > 0 else low,
        pixel_type=item.pixel_type,
        bands=sum(band.source >= 0 for band in item.bands),
        levels=len(item.levels),
        no_data=item.no_data,
        has_sensor=bool(item.geolocation),
    )
