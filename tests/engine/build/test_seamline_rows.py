"""Rows of the layer seamlines are found by item and by row, and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from engine.build.seamline_rows import (
    Seamline,
    seamlines_by_item,
    seamlines_by_row,
    set_seamline,
)
from engine.build.service_table import ServiceTable

if TYPE_CHECKING:
    from pathlib import Path


def test_a_seamline_is_found_by_its_row_and_by_its_item(tmp_path: Path) -> None:
    wkb = bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 2, 1)]), byte_order=1))
    with ServiceTable.create(tmp_path / "catalog.gpkg") as table:
        srs_id = table.set_crs("EPSG:32633")
        table.execute("INSERT INTO seamlines(fid, ItemId) VALUES (5, 7), (6, NULL)")
        assert seamlines_by_item(table) == {}
        set_seamline(table, 5, wkb, srs_id)
        assert seamlines_by_item(table) == {7: Seamline(wkb)}
        assert seamlines_by_row(table) == {5: wkb}
        set_seamline(table, 5, b"", srs_id)
        assert seamlines_by_row(table) == {}


def test_rows_of_one_item_are_joined_with_the_width_that_is_stated(tmp_path: Path) -> None:
    west, east = shapely.box(0, 0, 2, 1), shapely.box(2, 0, 5, 1)
    with ServiceTable.create(tmp_path / "catalog.gpkg") as table:
        srs_id = table.set_crs("EPSG:32633")
        table.execute("INSERT INTO seamlines(fid, ItemId) VALUES (1, 7)")
        table.execute(
            "INSERT INTO seamlines(fid, ItemId, BlendWidth, BlendType) VALUES (2, 7, 12, 'inside')"
        )
        for fid, part in ((1, west), (2, east)):
            wkb = bytes(shapely.to_wkb(shapely.MultiPolygon([part]), byte_order=1))
            set_seamline(table, fid, wkb, srs_id)
        (found,) = seamlines_by_item(table).values()
    assert (found.blend_width, found.blend_type) == (12.0, "inside")
    assert shapely.from_wkb(found.wkb).equals(shapely.box(0, 0, 5, 1))
