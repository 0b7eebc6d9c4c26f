"""Catalogs of made-up items for tests: compiled definitions whose rasters do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from config.definition import ServiceProperties
from engine.build.zmd_writer import CompiledRow, ZmdExtras, write_zmd
from engine.catalog import Catalog
from engine.extent import Extent
from engine.item import PRIMARY, BandSource, Item, Level, Source
from engine.pixel_type import PixelType
from engine.summary import BandInfo, FieldInfo, ServiceSummary, TimeInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from engine.results import AttributeValue

FIELDS = (
    FieldInfo(name="OBJECTID", type="oid"),
    FieldInfo(name="Shape", type="geometry"),
    FieldInfo(name="Name", type="string"),
    FieldInfo(name="MinPS", type="double"),
    FieldInfo(name="MaxPS", type="double"),
    FieldInfo(name="Category", type="integer"),
    FieldInfo(name="ZOrder", type="double"),
    FieldInfo(name="AcqDate", type="date"),
    FieldInfo(name="EndDate", type="date"),
    FieldInfo(name="Cloud", type="double"),
    FieldInfo(name="Sensor", type="string"),
)


_BOX = Extent(0, 0, 10, 10)


def make_item(key: int, extent: Extent = _BOX, **changes: object) -> Item:
    """Return an item with a box and whatever is to differ."""
    values: dict[str, object] = {
        "id": key,
        "name": f"scene {key}",
        "category": PRIMARY,
        "sources": (Source(f"/nowhere/{key}.tif", "GTiff", 1, 1),),
        "bands": (BandSource(0, 1),),
        "crs": "EPSG:3857",
        "geotransform": (extent.xmin, 1.0, 0.0, extent.ymax, 0.0, -1.0),
        "levels": (Level(10, 10, 10, 10),),
        "pixel_type": PixelType.U8,
        "no_data": (None,),
        "ground_size_m": 1.0,
        "center_x": extent.center_x,
        "center_y": extent.center_y,
        "extent": extent,
    }
    return Item(**{**values, **changes})  # type: ignore[arg-type]  # -- a test's shorthand


def make_row(
    item: Item, attributes: Mapping[str, AttributeValue] | None = None, wkb: bytes = b""
) -> CompiledRow:
    """Return an item's row; its footprint is its box."""
    extent = item.extent
    box = shapely.box(extent.xmin, extent.ymin, extent.xmax, extent.ymax)
    return CompiledRow(
        item=item, wkb=wkb or shapely.to_wkb(box, byte_order=1), attributes=attributes or {}
    )


def make_summary(**changes: object) -> ServiceSummary:
    """Return the head of a service in Web Mercator."""
    values: dict[str, object] = {
        "properties": ServiceProperties(title="made up", max_record_count=10),
        "crs": "EPSG:3857",
        "extent": Extent(0, 0, 1000, 1000),
        "pixel_size_x": 1.0,
        "pixel_size_y": 1.0,
        "pixel_type": PixelType.U8,
        "bands": (BandInfo(name="Band_1"),),
        "fields": FIELDS,
        "time": TimeInfo(start_field="AcqDate", end_field="EndDate", start=0, end=10**13),
    }
    return ServiceSummary(**{**values, **changes})  # type: ignore[arg-type]  # -- a test's shorthand


def make_catalog(
    out: Path, rows: Iterable[CompiledRow], extras: ZmdExtras | None = None, **changes: object
) -> Catalog:
    """Write rows as a compiled definition and open it."""
    write_zmd(out, make_summary(**changes), rows, extras or ZmdExtras())
    return Catalog.open(out)
