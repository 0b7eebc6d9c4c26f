"""catalog.gpkg: rows, OBJECTIDs, edits by hand, and other programs that open it.

Covers engine.build.row_decoder, engine.build.geopackage, engine.build.geopackage_database,
engine.build.catalog_database, engine.build.catalog_schema, engine.build.item_row, engine.build.raster_record,
engine.build.definition_folder, engine.build.table_copy and engine.build.table_extract.
"""

from __future__ import annotations

import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest
import shapely

from engine.build.definition_folder import DefinitionFolder
from engine.build.geopackage import decode_geometry, encode_geometry
from engine.build.item_row import BuiltState, hash_shape, wkb_extent
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.build.service_table import ServiceTable
from engine.build.table_extract import extract_items
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SQUARE = bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 10, 20)])))


def _item(name: str = "a") -> NewItem:
    source = SourceDefinition(path=f"/data/{name}.tif", no_data="nan", valid_range=(1.0, 2.0))
    return NewItem(name=name, raster=RasterDefinition(raster_type="t", sources=(source,)))


@pytest.fixture
def table(tmp_path: Path) -> ServiceTable:
    return ServiceTable.create(tmp_path / "catalog.gpkg")


def test_a_row_is_read_as_it_was_written(table: ServiceTable) -> None:
    fid = table.insert(_item())
    row = table.row(fid)
    assert row is not None
    assert row.raster == _item().raster
    assert (row.name, row.category, row.status) == ("a", 1, ItemStatus.ADDED)
    assert table.known_sources() == {"/data/a.tif": (fid, -1, 0)}


def test_objectids_are_never_given_again(table: ServiceTable) -> None:
    first = [table.insert(_item(name)) for name in "abc"]
    table.delete(first)
    assert table.insert(_item()) > max(first)
    assert table.known_sources().keys() == {"/data/a.tif"}


def test_a_batch_is_written_as_a_whole_or_not_at_all(table: ServiceTable) -> None:
    def interrupted() -> None:
        with table.batch():
            table.insert(_item())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert table.count() == 0


def test_a_footprint_drawn_by_hand_is_noticed(table: ServiceTable) -> None:
    fid = table.insert(_item())
    srs = table.set_crs("EPSG:32633")
    table.set_shape(fid, SQUARE, srs)
    table.set_built(fid, BuiltState(fingerprint="f", shape_hash=hash_shape(SQUARE)))
    row = table.row(fid)
    assert row is not None
    assert not row.is_edited
    moved = bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 10, 21)])))
    table.set_shape(fid, moved, srs)
    row = table.row(fid)
    assert row is not None
    assert row.is_edited


def test_rows_can_be_changed_while_they_are_read(table: ServiceTable) -> None:
    for number in range(1203):
        table.insert(_item(str(number)))
    seen = []
    for row in table.rows():
        table.update(row.id, {"Tag": "x"})
        seen.append(row.id)
    assert seen == list(range(1, 1204))
    assert table.count("Tag = 'x'") == 1203


@pytest.mark.parametrize("name", ["OBJECTID", "Shape", "Raster", "MinPS", "centerx", "StatusId"])
def test_fields_that_build_fills_are_not_the_authors(table: ServiceTable, name: str) -> None:
    with pytest.raises(ConfigError, match="filled by build"):
        table.ensure_field(name, "TEXT")


def test_ranges_of_ids_cover_all_rows_once(table: ServiceTable) -> None:
    fids = [table.insert(_item(str(number))) for number in range(5)]
    table.delete([fids[1]])
    assert list(table.id_ranges(2)) == [(fids[0], fids[2]), (fids[3], fids[4])]
    assert list(table.id_ranges(3)) == [(fids[0], fids[3]), (fids[4], fids[4])]
    table.delete(fids)
    assert list(table.id_ranges(3)) == []


def test_fields_keep_their_spelling_and_bad_names_are_refused(table: ServiceTable) -> None:
    assert table.ensure_field("AcqDate", "DATETIME") == "AcqDate"
    assert table.ensure_field("acqdate", "TEXT") == "AcqDate"
    assert table.ensure_field("zorder", "INTEGER") == "ZOrder"
    for bad in ("", "1a", 'x"; DROP TABLE footprints; --', "a b", "x" * 64):
        with pytest.raises(ConfigError, match="field name"):
            table.ensure_field(bad, "TEXT")


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.gpkg"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigError):
        ServiceTable.open(path)
    with sqlite3.connect(tmp_path / "other.gpkg") as db:
        db.execute("CREATE TABLE x(y)")
    with pytest.raises(ConfigError, match="footprints missing"):
        ServiceTable.open(tmp_path / "other.gpkg")


def test_geometry_blobs_survive_and_others_are_refused() -> None:
    assert decode_geometry(encode_geometry(SQUARE, 4326, wkb_extent(SQUARE))) == SQUARE
    assert decode_geometry(None) == b""
    assert decode_geometry(encode_geometry(SQUARE, 4326, None)) == b""
    with pytest.raises(ValueError, match="GeoPackage"):
        decode_geometry(b"PG123456789")


def test_other_programs_open_and_edit_the_catalog(
    tmp_path: Path, require_program: Callable[[str], Path]
) -> None:
    ogrinfo, ogr2ogr = require_program("ogrinfo"), require_program("ogr2ogr")
    path = tmp_path / "catalog.gpkg"
    with ServiceTable.create(path) as table:
        fid = table.insert(_item())
        table.ensure_field("AcqDate", "DATETIME")
        table.update(fid, {"AcqDate": "2020-03-01T00:00:00.000Z"})
        srs = table.set_crs("EPSG:32633")
        table.set_shape(fid, SQUARE, srs)
        table.set_built(fid, BuiltState(shape_hash=hash_shape(SQUARE)))
    shown = subprocess.run([ogrinfo, "-al", str(path)], capture_output=True, text=True, check=True)
    assert "Warning" not in shown.stderr
    assert "MULTIPOLYGON (((10 0" in shown.stdout
    assert 'ID["EPSG",32633]' in shown.stdout
    assert "AcqDate (DateTime) = 2020/03/01" in shown.stdout
    assert "swath_build" not in shown.stdout
    sql = "UPDATE footprints SET Name = 'by hand', ZOrder = -1"
    subprocess.run([ogrinfo, str(path), "-sql", sql], capture_output=True, check=True)
    copied = tmp_path / "copy.geojson"
    subprocess.run([ogr2ogr, "-f", "GeoJSON", copied, path, "footprints"], check=True)
    with ServiceTable.open(path) as table:
        row = table.row(fid)
        assert row is not None
        assert (row.name, row.attributes["ZOrder"], row.is_edited) == ("by hand", -1, False)


def test_an_extract_holds_the_chosen_items_ready_and_visible(tmp_path: Path) -> None:
    with ServiceTable.create(tmp_path / "a.gpkg") as table:
        fids = [table.insert(_item(name)) for name in "abc"]
        extract_items(table, tmp_path / "b.gpkg", fids[1:])
        assert table.count() == 3
    with ServiceTable.open(tmp_path / "b.gpkg") as copy:
        rows = list(copy.rows())
        assert [row.id for row in rows] == fids[1:]
        assert {row.status for row in rows} == {ItemStatus.READY}


def test_a_definition_is_made_once_and_recognised(tmp_path: Path) -> None:
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    assert folder.name == "a"
    with pytest.raises(ConfigError, match="exists already"):
        DefinitionFolder.create(tmp_path / "a.isdef")
    with pytest.raises(ConfigError, match="ends with"):
        DefinitionFolder.create(tmp_path / "a")
    with pytest.raises(ConfigError, match="is no definition"):
        DefinitionFolder(tmp_path)
