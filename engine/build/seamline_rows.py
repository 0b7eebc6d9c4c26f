"""Rows of the layer `seamlines`: where items win in overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build import geopackage
from engine.build.item_row import wkb_extent

if TYPE_CHECKING:
    from engine.build.service_table import ServiceTable


def seamlines_by_item(table: ServiceTable) -> dict[int, bytes]:
    """Return the seamline of each item that has one, WKB by OBJECTID."""
    rows = table.execute("SELECT ItemId, Shape FROM seamlines WHERE ItemId IS NOT NULL")
    shapes = {int(fid): geopackage.decode_geometry(blob) for fid, blob in rows}
    return {fid: wkb for fid, wkb in shapes.items() if wkb}


def seamlines_by_row(table: ServiceTable) -> dict[int, bytes]:
    """Return all shapes of the layer, by its own fid."""
    rows = table.execute("SELECT fid, Shape FROM seamlines WHERE Shape IS NOT NULL").fetchall()
    return {int(fid): geopackage.decode_geometry(blob) for fid, blob in rows}


def set_seamline(table: ServiceTable, fid: int, wkb: bytes, srs_id: int) -> None:
    """Write the shape of a row of the layer; b"" = none."""
    blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb)) if wkb else None
    table.execute("UPDATE seamlines SET Shape = ? WHERE fid = ?", (blob, fid))
