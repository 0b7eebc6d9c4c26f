"""Rows of the layer seamlines are found by item and by row, and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from engine.build.seamline_rows import seamlines_by_item, seamlines_by_row, set_seamline
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
        assert seamlines_by_item(table) == {7: wkb}
        assert seamlines_by_row(table) == {5: wkb}
        set_seamline(table, 5, b"", srs_id)
        assert seamlines_by_row(table) == {}
