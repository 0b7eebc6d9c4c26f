"""Every database that keeps catalogs behaves as the others: rows, batches, values, edits, services.

Covers engine.build.catalog_database, engine.build.catalog_kinds, engine.build.postgis_database,
engine.build.postgis_crs and engine.build.postgis_values.
"""

from __future__ import annotations

import hashlib
import math
import shutil
import subprocess
from itertools import count
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
import shapely
from msgspec.structs import replace

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder, read_facts
from engine.build.geopackage import decode_geometry, encode_geometry
from engine.build.history import history, note_history
from engine.build.item_row import BuiltState, hash_shape, wkb_extent
from engine.build.postgis_address import parse_address
from engine.build.postgis_database import PostgisDatabase
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.build.seamline_rows import seamlines_by_item
from engine.build.service_table import ServiceTable
from engine.build.table_copy import TableCopy
from engine.errors import ConfigError
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.synthetic import place, slanted_valid, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.item import Item

KINDS = ("geopackage", "postgis")
SQUARE = bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 10, 20)])))
# Texts that SQL, psycopg or a careless translation may take for something else.
TRICKY = ("50 %", "%s ?", "it's", '"quoted"', "\\x00", "Ærø ☃ 地図", "", "NULL", "a;b", "x'00'")
_numbers = count()


@pytest.fixture(params=KINDS)
def catalog(request: pytest.FixtureRequest) -> str:
    """The address of a catalog that does not exist yet; "" = a file."""
    if request.param == "geopackage":
        return ""
    return f"{request.getfixturevalue('postgis')}&schema=t{next(_numbers)}"


@pytest.fixture
def folder(catalog: str, tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "d.isdef", catalog=catalog)


@pytest.fixture
def table(folder: DefinitionFolder) -> Iterator[ServiceTable]:
    with folder.table() as opened:
        yield opened


def _item(name: str = "a", *paths: str) -> NewItem:
    sources = tuple(SourceDefinition(path=path) for path in paths or (f"/data/{name}.tif",))
    return NewItem(name=name, raster=RasterDefinition(raster_type="t", sources=sources))


def test_a_row_is_read_as_it_was_written(table: ServiceTable) -> None:
    table.ensure_field("AcqDate", "DATETIME")
    table.ensure_field("Cloudy", "BOOLEAN")
    with table.batch():
        srs = table.set_crs("EPSG:32633")
        fid = table.insert(_item())
        table.set_shape(fid, SQUARE, srs)
        built = BuiltState(
            fingerprint="f", shape_hash=hash_shape(SQUARE), rings=b"\x00\xff", statistics=b"GP\x00"
        )
        table.set_built(fid, built)
        values = {
            "AcqDate": "2020-03-01T10:11:12.500Z",
            "ZOrder": 0.1,
            "Category": 2,
            "Cloudy": True,
        }
        table.update(fid, values)
    row = table.row(fid)
    assert row is not None
    assert (row.wkb, row.built, row.is_edited) == (SQUARE, built, False)
    assert row.attributes["AcqDate"] == "2020-03-01T10:11:12.500Z"
    assert (row.attributes["ZOrder"], row.category, row.attributes["Cloudy"]) == (0.1, 2, 1)
    assert row.attributes["MinPS"] is None
    assert row.raster == _item().raster
    table.set_shape(fid, b"", srs)
    cleared = table.row(fid)
    assert cleared is not None
    assert cleared.wkb == b""


@pytest.mark.parametrize("text", TRICKY)
def test_any_text_comes_back(table: ServiceTable, text: str) -> None:
    fid = table.insert(_item(text))
    table.set_info("key", text)
    table.set_state("key", text.encode())
    assert table.info("key") == text
    assert table.state("key") == text.encode()
    found = table.execute(
        "SELECT OBJECTID, 'a ? % b' FROM footprints WHERE Name = ? AND Name NOT LIKE '%nothing%'",
        (text,),
    )
    assert found.fetchall() == [(fid, "a ? % b")]


@pytest.mark.parametrize("number", [0.1, -1e300, 5e-324, math.pi, 2.0**60])
def test_numbers_come_back_bit_by_bit(table: ServiceTable, number: float) -> None:
    fid = table.insert(_item())
    table.update(fid, {"ZOrder": number, "Category": 2**53})
    row = table.row(fid)
    assert row is not None
    assert (row.attributes["ZOrder"], row.category) == (number, 2**53)
    table.update(fid, {"ZOrder": math.nan})
    row = table.row(fid)
    assert row is not None
    assert row.attributes["ZOrder"] is None


def test_objectids_are_never_given_again(table: ServiceTable) -> None:
    first = [table.insert(_item(name)) for name in "abc"]
    table.delete(first)
    assert table.insert(_item()) > max(first)
    assert table.database.last_id("footprints") == max(first) + 1
    assert table.known_sources().keys() == {"/data/a.tif"}


def test_rows_put_in_by_hand_keep_their_numbers(folder: DefinitionFolder) -> None:
    with folder.table() as table:
        table.execute("INSERT INTO footprints(OBJECTID, Name) VALUES (500, 'by hand')")
    with folder.table() as table, table.batch():
        assert table.insert(_item()) == 501


def test_a_batch_is_written_as_a_whole_or_not_at_all(table: ServiceTable) -> None:
    def interrupted(what: type[BaseException]) -> None:
        with table.batch():
            table.insert(_item())
            raise what

    def broken() -> None:
        with table.batch():
            table.insert(_item())
            table.execute("SELECT nothing_known FROM footprints")

    for what in (KeyboardInterrupt, ValueError):
        with pytest.raises(what):
            interrupted(what)
    assert table.count() == 0
    with pytest.raises(ConfigError, match="cannot be read or written"):
        broken()
    assert table.count() == 0
    with table.batch():
        table.insert(_item())
    assert table.count() == 1


def test_rows_can_be_changed_while_they_are_read(table: ServiceTable) -> None:
    with table.batch():
        for number in range(1203):
            table.insert(_item(str(number), f"/{number}/a.tif", f"/{number}/b.tif"))
    seen = []
    with table.batch():
        for row in table.rows():
            table.update(row.id, {"Tag": "x"})
            seen.append(row.id)
    assert seen == list(range(1, 1204))
    assert table.count("Tag = 'x'") == 1203
    assert [row.id for row in table.input_rows()] == seen
    assert [row.id for row in table.digest_rows()] == seen
    assert len(table.known_sources()) == 2406
    sources = [row[:2] for row in table.source_rows()]
    assert sources == sorted(sources)
    assert len(set(sources)) == 2406
    assert list(table.id_ranges(600)) == [(1, 600), (601, 1200), (1201, 1203)]


def test_paths_are_in_the_order_of_their_code_points(table: ServiceTable) -> None:
    paths = ("/B", "/a", "/_", "/é", "/Z", "/-")
    fid = table.insert(_item("x", *paths))
    assert [row[:2] for row in table.source_rows()] == [(fid, path) for path in sorted(paths)]


def test_fields_are_of_the_same_types(table: ServiceTable) -> None:
    for kind in ("TEXT", "INTEGER", "DOUBLE", "DATETIME", "BOOLEAN", "TEXT(20)"):
        table.ensure_field(f"My{kind[:4]}{len(kind)}", kind)
    types = {name: kind.partition("(")[0] for name, kind in table.fields().items()}
    assert list(types)[:3] == ["OBJECTID", "Shape", "Name"]
    assert list(types.values())[-6:] == ["TEXT", "INTEGER", "DOUBLE", "DATETIME", "BOOLEAN", "TEXT"]
    assert (types["OBJECTID"], types["Shape"], types["MinPS"]) == (
        "INTEGER",
        "MULTIPOLYGON",
        "DOUBLE",
    )
    assert table.ensure_field("mytext4", "TEXT") == "MyTEXT4"


def test_tables_of_other_modules_can_be_made_and_used(table: ServiceTable) -> None:
    note_history(table, "add", "3 items 100 %")
    note_history(table, "build", "built?")
    assert [(line.command, line.text) for line in history(table)] == [
        ("add", "3 items 100 %"),
        ("build", "built?"),
    ]


def test_shapes_move_to_another_crs(table: ServiceTable) -> None:
    fid = table.insert(_item())
    first = table.set_crs("EPSG:32633")
    table.set_shape(fid, SQUARE, first)
    table.execute(
        "INSERT INTO seamlines(Shape, ItemId) VALUES (?, ?)",
        (encode_geometry(SQUARE, first, wkb_extent(SQUARE)), fid),
    )
    second = table.set_crs("EPSG:3857")
    assert (first, second) == (32633, 3857)
    table.set_shape(fid, SQUARE, second)
    own = 'PROJCS["mine",GEOGCS["g",DATUM["d",SPHEROID["s",6378137,298.25]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",11.3],PARAMETER["scale_factor",1],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
    third = table.set_crs(own)
    assert table.set_crs(own) == third
    assert third not in (first, second)
    table.set_shape(fid, SQUARE, third)
    table.set_layer("boundary", [SQUARE, SQUARE], third)
    assert table.layer_shapes("boundary") == [SQUARE, SQUARE]
    assert seamlines_by_item(table)[fid].wkb == SQUARE


def test_polygons_and_empty_shapes_are_taken(table: ServiceTable) -> None:
    srs = table.set_crs("EPSG:32633")
    polygon = bytes(shapely.to_wkb(shapely.box(0, 0, 10, 20)))
    fids = [table.insert(_item(name)) for name in "ab"]
    table.set_shape(fids[0], polygon, srs)
    empty = bytes(shapely.to_wkb(shapely.MultiPolygon()))
    blob = encode_geometry(empty, srs, None)
    table.execute("UPDATE footprints SET Shape = ? WHERE OBJECTID = ?", (blob, fids[1]))
    rows = list(table.rows())
    assert hash_shape(rows[0].wkb) == hash_shape(polygon)
    assert rows[1].wkb == b""
    (stored,) = table.execute("SELECT Shape FROM footprints WHERE OBJECTID = 1").fetchone()
    assert shapely.from_wkb(decode_geometry(stored)).area == 200


def test_a_definition_is_made_once(catalog: str, tmp_path: Path) -> None:
    DefinitionFolder.create(tmp_path / "d.isdef", catalog=catalog)
    with pytest.raises(ConfigError, match="exists already"):
        DefinitionFolder.create(tmp_path / "d.isdef", catalog=catalog)


# Whole definitions


def _scenes(folder: Path) -> Path:
    folder.mkdir()
    y, x = np.mgrid[0:300, 0:300]
    for number in range(9):
        row, col = divmod(number, 3)
        data = np.stack([60 + 7 * number + (x + y) // 8 + 5 * band for band in range(3)])
        data = np.where(slanted_valid(300, 300, 0.08), data, 0).astype("uint8")
        spot = place(col * 2000, -row * 2000)
        write_geotiff(
            folder / f"s{number}_2020040{number + 1}.tif", data, spot, nodata=0, overviews=(2, 4)
        )
    return folder


def _authored(
    path: Path, catalog: str, scenes: Path, overviews: Literal["none", "all"]
) -> DefinitionFolder:
    """Create, add, build, edit by hand with SQL alone, remove, build again."""
    made = DefinitionFolder.create(path, catalog=catalog)
    request = AddRequest(
        raster_type="raster-dataset",
        paths=[scenes],
        glob="s*.tif",
        name_regex=r"s(?P<Number>\d)_(?P<AcqDate>\d{8})",
    )
    assert add_rasters(made, request).added == 9
    options = BuildOptions(overviews=overviews)
    assert build_definition(made, options).built >= 9
    with made.table() as table:
        row = table.row(5)
        assert row is not None
        smaller = shapely.from_wkb(row.wkb).buffer(-400)
        wkb = bytes(shapely.to_wkb(shapely.MultiPolygon([smaller]), byte_order=1))
        with table.batch():
            srs = table.set_crs(_facts_crs(made))
            table.set_shape(5, wkb, srs)
            table.update(2, {"ZOrder": -3.0, "Tag": "by hand %"})
            table.delete([9])
            blob = encode_geometry(wkb, srs, wkb_extent(wkb))
            table.execute("INSERT INTO seamlines(Shape, ItemId) VALUES (?, 5)", (blob,))
    build_definition(made, options)
    assert build_definition(made, options).built == 0
    assert add_rasters(made, request).added == 1
    build_definition(made, options)
    with made.table() as table:
        assert [row.id for row in table.rows("Category = 1")] == [*range(1, 9), *_last_ids(table)]
        edited = table.row(5)
        assert edited is not None
        assert edited.is_edited
        assert edited.wkb == wkb
    return made


def _facts_crs(folder: DefinitionFolder) -> str:
    with folder.table() as table:
        facts = read_facts(table)
    assert facts is not None
    return facts.crs


def _last_ids(table: ServiceTable) -> list[int]:
    return [row.id for row in table.rows("Category = 1 AND OBJECTID > 9")]


def _digest(definition: DefinitionFolder) -> str:
    out = definition.path.with_suffix(".zmd")
    compile_definition(definition.path, out)
    return hashlib.sha256(out.read_bytes()).hexdigest()


def test_both_compile_to_the_same_bytes(tmp_path: Path, postgis: str) -> None:
    scenes = _scenes(tmp_path / "scenes")
    digests = []
    for address in ("", f"{postgis}&schema=same_bytes"):
        definition = _authored(tmp_path / "d.isdef", address, scenes, "none")
        digests.append(_digest(definition))
        shutil.rmtree(definition.path)
    assert digests[0] == digests[1]


def _items(definition: DefinitionFolder) -> list[Item]:
    """Return the compiled items without the times of files that each build makes anew."""
    out = definition.path.with_suffix(".zmd")
    compile_definition(definition.path, out)
    service = open_service(str(out))
    found = service.catalog.items_by_id(range(1, 30))
    service.close()
    return [
        replace(item, sources=tuple(replace(source, mtime_ns=0) for source in item.sources))
        for item in found
    ]


def test_both_make_the_same_overviews(tmp_path: Path, postgis: str) -> None:
    scenes = _scenes(tmp_path / "scenes")
    items, files = [], []
    for address in ("", f"{postgis}&schema=same_overviews"):
        definition = _authored(tmp_path / "d.isdef", address, scenes, "all")
        items.append(_items(definition))
        overviews = sorted(definition.overviews.glob("*.tif"))
        files.append({path.name: path.read_bytes() for path in overviews})
        shutil.rmtree(definition.path)
    assert files[0] == files[1]
    assert files[0]
    assert items[0] == items[1]


def test_a_copy_in_another_database_compiles_to_the_same_bytes(
    tmp_path: Path, postgis: str
) -> None:
    scenes = _scenes(tmp_path / "scenes")
    definition = _authored(tmp_path / "d.isdef", "", scenes, "all")
    digest = _digest(definition)
    there = f"{postgis}&schema=copied"
    address = parse_address(there, "d")
    with definition.table() as source, ServiceTable(PostgisDatabase.create(address)) as target:
        TableCopy(source, target).everything()
    text = definition.toml.read_text()
    definition.catalog.rename(tmp_path / "before.gpkg")
    definition.toml.write_text(f'catalog = "{there}"\n{text}')
    assert _digest(definition) == digest
    assert build_definition(definition, BuildOptions(overviews="all")).built == 0
    with definition.table() as source, ServiceTable.create(definition.catalog) as target:
        TableCopy(source, target).everything()
        with target.batch():
            assert target.insert(_item()) == source.database.last_id("footprints") + 1
            target.delete([target.database.last_id("footprints")])
    definition.toml.write_text(text)
    assert _digest(definition) == digest


def test_programs_of_others_edit_either(
    folder: DefinitionFolder, catalog: str, require_program: Callable[[str], Path], postgis: str
) -> None:
    ogrinfo, ogr2ogr = require_program("ogrinfo"), require_program("ogr2ogr")
    with folder.table() as table:
        fid = table.insert(_item())
        srs = table.set_crs("EPSG:32633")
        table.set_shape(fid, SQUARE, srs)
        table.set_built(fid, BuiltState(shape_hash=hash_shape(SQUARE)))
    source = str(folder.catalog)
    if catalog:
        address = parse_address(catalog, "d")
        parts = dict(pair.split("=") for pair in address.connection.partition("?")[2].split("&"))
        source = f"PG:dbname=imagery host={parts['host']} user={parts['user']} active_schema={address.schema}"
    shown = subprocess.run(
        [ogrinfo, "-al", source, "footprints"], capture_output=True, text=True, check=True
    )
    assert "Warning" not in shown.stderr
    assert "MULTIPOLYGON (((10 0" in shown.stdout
    assert 'ID["EPSG",32633]' in shown.stdout
    drawn = folder.path.parent / "drawn.geojson"
    drawn.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"Name":"drawn"},'
        '"geometry":{"type":"MultiPolygon","coordinates":[[[[0,0],[5,0],[5,5],[0,5],[0,0]]]]}}]}'
    )
    command = [ogr2ogr, "-update", "-append", "-a_srs", "EPSG:32633", "-nln", "footprints", source]
    subprocess.run([*command, drawn], check=True, capture_output=True)
    with folder.table() as table:
        rows = list(table.rows())
        assert [row.name for row in rows] == ["a", "drawn"]
        assert hash_shape(rows[1].wkb) != hash_shape(SQUARE)
        assert shapely.from_wkb(rows[1].wkb).area == 25
        assert rows[0].status is ItemStatus.ADDED
        with table.batch():
            assert table.insert(_item("c")) > rows[1].id
