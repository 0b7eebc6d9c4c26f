"""Tables of rasters come in without a raster being opened; build reads the headers.

Covers raster_types.table, raster_types.tables.table_links, engine.build.table_rows, engine.build.source_headers
and of raster_types.tables: raster_types.tables.csv_table, raster_types.tables.geopackage_table,
raster_types.tables.gti_document, raster_types.tables.json_table, raster_types.tables.mosaic_json,
raster_types.tables.path_table, raster_types.tables.records, raster_types.tables.values,
raster_types.tables.vector_file and raster_types.tables.vector_table.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import rasterio.warp
import shapely
from affine import Affine

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError
from engine.readers import header
from raster_types.adding.add import AddRequest, add_rasters, pending_products
from tests.raster_types.definitions import add_tables, primaries_by_name

if TYPE_CHECKING:
    from pathlib import Path


CRS = "EPSG:32633"


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "d.isdef")


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """Four tiles of 64² pixels of 10 m beside each other."""
    made = tmp_path / "tiles"
    made.mkdir()
    for number in range(4):
        _write_tile(made / f"t{number}.tif", 500_000 + 640 * number)
    return made


def _write_tile(path: Path, east: float) -> None:
    data = np.arange(3 * 64 * 64, dtype="uint16").reshape(3, 64, 64)
    profile: dict[str, Any] = {"driver": "GTiff", "width": 64, "height": 64, "count": 3}
    place = Affine(10.0, 0.0, east, 0.0, -10.0, 5_000_000)
    with rasterio.open(path, "w", **profile, dtype="uint16", crs=CRS, transform=place) as out:
        out.write(data)


def _box(number: int) -> shapely.Geometry:
    east = 500_000 + 640 * number
    return shapely.box(east, 5_000_000 - 640, east + 640, 5_000_000)


def _build(folder: DefinitionFolder) -> None:
    build_definition(folder, BuildOptions(overviews="none"))


def _write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return path


def _table_rows(count: int = 4, **more: object) -> list[dict[str, object]]:
    return [
        {"path": f"tiles/t{n}.tif", "taken": f"2020-01-0{n + 1}", "cloud": n / 4, "n": n, **more}
        for n in range(count)
    ]


def _index(path: Path, driver: str, crs: str = CRS) -> Path:
    """Write a tile index of the four tiles with OGR."""
    names = np.array([f"tiles/t{n}.tif" for n in range(4)], object)
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb([_box(n) for n in range(4)]),
        [names, np.arange(4, dtype="int32")],
        ["location", "number"],
        crs=crs,
        geometry_type="Polygon",
        driver=driver,
    )
    return path


def test_a_csv_file_brings_paths_and_typed_fields(folder: DefinitionFolder, tiles: Path) -> None:
    report = add_tables(folder, _write_csv(tiles.parent / "t.csv", _table_rows()))
    assert (report.added, report.failed, report.notes) == (4, [], [])
    rows = primaries_by_name(folder)
    assert rows["t2"].raster.sources[0].path == str(tiles / "t2.tif")
    with folder.table() as table:
        kinds = table.fields()
    assert (kinds["taken"], kinds["cloud"], kinds["n"]) == ("DATETIME", "DOUBLE", "INTEGER")
    assert rows["t2"].attributes["cloud"] == 0.5
    assert str(rows["t2"].attributes["taken"]).startswith("2020-01-03")
    # The path of a source never leaves the server: it is no field.
    assert "path" not in kinds


def test_import_opens_no_raster_and_build_reads_each_header_once(
    folder: DefinitionFolder, tiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    describe = header._describe

    def counted(path: str, dataset: Any) -> header.RasterHeader:
        opened.append(path)
        return describe(path, dataset)

    monkeypatch.setattr(header, "_describe", counted)
    add_tables(folder, _write_csv(tiles.parent / "t.csv", _table_rows()))
    assert opened == []
    assert all(
        row.status is ItemStatus.ADDED and not row.headers
        for row in primaries_by_name(folder).values()
    )
    _build(folder)
    assert sorted(opened) == sorted(str(tiles / f"t{n}.tif") for n in range(4))
    assert all(row.status is ItemStatus.READY for row in primaries_by_name(folder).values())
    _build(folder)
    assert len(opened) == 4


@pytest.mark.parametrize(
    ("name", "driver", "crs"),
    [
        ("i.gpkg", "GPKG", CRS),
        ("i.shp", "ESRI Shapefile", CRS),
        ("i.gdb", "OpenFileGDB", CRS),
        ("i.geojson", "GeoJSON", "EPSG:32633"),
    ],
)
def test_an_index_of_any_format_brings_footprints(
    folder: DefinitionFolder, tiles: Path, name: str, driver: str, crs: str
) -> None:
    report = add_tables(folder, _index(tiles.parent / name, driver, crs))
    assert (report.added, report.failed) == (4, [])
    rows = primaries_by_name(folder)
    assert [rows[f"t{n}"].attributes["number"] for n in range(4)] == [0, 1, 2, 3]
    for number in range(4):
        shape = shapely.from_wkb(rows[f"t{number}"].wkb)
        assert shapely.hausdorff_distance(shape, _box(number)) < 0.01
    _build(folder)
    assert all(row.status is ItemStatus.READY for row in primaries_by_name(folder).values())


def test_a_drawn_footprint_survives_builds_and_the_box_of_an_index_gives_way_to_the_raster(
    folder: DefinitionFolder, tiles: Path
) -> None:
    half = shapely.box(500_000, 5_000_000 - 640, 500_320, 5_000_000)
    rows = _table_rows(2)
    rows[0]["wkt"], rows[1]["wkt"] = half.wkt, shapely.buffer(_box(1), 3, join_style="mitre").wkt
    add_tables(folder, _write_csv(tiles.parent / "t.csv", rows), table_crs=CRS)
    for _ in range(2):
        _build(folder)
        found = primaries_by_name(folder)
        assert shapely.equals(shapely.from_wkb(found["t0"].wkb), half)
        assert shapely.hausdorff_distance(shapely.from_wkb(found["t1"].wkb), _box(1)) < 0.01


def test_a_lonlat_box_does_not_cut_a_raster_in_another_projection(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    wide = tmp_path / "wide.tif"
    place = Affine(1000.0, 0.0, 300_000, 0.0, -1000.0, 7_000_000)
    with rasterio.open(
        wide,
        "w",
        driver="GTiff",
        width=300,
        height=300,
        count=1,
        dtype="uint8",
        crs=CRS,
        transform=place,
    ) as out:
        out.write(np.ones((1, 300, 300), "uint8"))
        bounds = rasterio.warp.transform_bounds(CRS, "EPSG:4326", *out.bounds, densify_pts=21)
    table = _write_csv(
        tmp_path / "t.csv",
        [{"path": "wide.tif", **dict(zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True))}],
    )
    add_tables(folder, table)
    _build(folder)
    shape = shapely.from_wkb(primaries_by_name(folder)["wide"].wkb)
    assert (
        shapely.hausdorff_distance(shape, shapely.box(300_000, 6_700_000, 600_000, 7_000_000)) < 1
    )


def test_adding_a_table_again_changes_only_rows_that_changed(
    folder: DefinitionFolder, tiles: Path
) -> None:
    rows = _table_rows()
    table = _write_csv(tiles.parent / "t.csv", rows)
    add_tables(folder, table)
    _build(folder)
    before = {name: row.id for name, row in primaries_by_name(folder).items()}
    with folder.table() as opened:
        opened.update(before["t3"], {"cloud": 0.99})
    rows[1]["cloud"] = 0.5
    rows.append({"path": "tiles/t4.tif", "taken": "", "cloud": 0, "n": 4})
    report = add_tables(folder, _write_csv(table, rows))
    assert (report.added, report.changed, report.unchanged) == (1, 1, 3)
    found = primaries_by_name(folder)
    assert {name: found[name].id for name in before} == before
    assert found["t1"].attributes["cloud"] == 0.5
    # Edited since, and the table says there what it said.
    assert found["t3"].attributes["cloud"] == 0.99
    assert found["t1"].headers, "its file is as it was: nothing is read again"


def test_an_interrupted_import_goes_on_and_equals_one_in_one_piece(
    tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raster_types.adding.table_add._BATCH", 2)
    table = _write_csv(tiles.parent / "t.csv", _table_rows())
    whole, broken = (DefinitionFolder.create(tmp_path / f"{name}.isdef") for name in "ab")
    add_tables(whole, table)

    def stop(_stage: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    request = AddRequest(raster_type="table", paths=[table])
    with pytest.raises(KeyboardInterrupt):
        add_rasters(broken, request, progress=stop)
    assert len(primaries_by_name(broken)) == 2
    report = add_rasters(broken, request)
    assert (report.added, report.unchanged) == (2, 2)
    assert primaries_by_name(whole) == primaries_by_name(broken)


def test_links_elsewhere_fail_with_a_sentence_unless_they_are_mapped(
    folder: DefinitionFolder, tiles: Path
) -> None:
    rows: list[dict[str, object]] = [
        {"href": "https://data.example/a/t0.tif"},
        {"href": "/vsicurl/https://data.example/a/t1.tif"},
        {"href": "https://data.example/a/../../t2.tif"},
    ]
    table = _write_csv(tiles.parent / "t.csv", rows)
    report = add_tables(folder, table)
    assert len(report.failed) == 3
    assert all("--rewrite FROM=TO" in why for _, why in report.failed)
    report = add_tables(folder, table, rewrite=(("https://data.example/a/", f"{tiles}/"),))
    assert report.added == 1
    assert primaries_by_name(folder)["t0"].raster.sources[0].path == str(tiles / "t0.tif")
    # One that climbs out of the folder is as before.
    assert [path for path, _ in report.failed] == []


def test_a_file_that_is_not_there_becomes_a_failed_item_when_it_is_built(
    folder: DefinitionFolder, tiles: Path
) -> None:
    rows = [*_table_rows(2), {"path": "tiles/gone.tif", "taken": "", "cloud": "", "n": ""}]
    add_tables(folder, _write_csv(tiles.parent / "t.csv", rows))
    _build(folder)
    assert primaries_by_name(folder)["gone"].status is ItemStatus.NOT_FOUND
    _write_tile(tiles / "gone.tif", 600_000)
    _build(folder)
    assert primaries_by_name(folder)["gone"].status is ItemStatus.READY


def test_fields_that_build_fills_come_in_under_another_name(
    folder: DefinitionFolder, tiles: Path
) -> None:
    rows = _table_rows(2, MinPS=1.5, OBJECTID=77, Name="")
    rows[0]["Name"] = "north"
    add_tables(folder, _write_csv(tiles.parent / "t.csv", rows))
    found = primaries_by_name(folder)
    assert set(found) == {"north", "t1"}
    assert found["north"].attributes["Table_MinPS"] == 1.5
    assert found["north"].attributes["Table_OBJECTID"] == 77
    assert found["north"].attributes["MinPS"] is None


def test_a_mosaic_dataset_is_joined_to_the_paths_exported_from_it(
    folder: DefinitionFolder, tiles: Path
) -> None:
    path = tiles.parent / "m.gdb"
    shapes = shapely.to_wkb([_box(n) for n in (0, 1, 0)])
    names = np.array(["t0", "t1", "Ov_1"], object)
    pyogrio.raw.write(
        str(path), shapes, [names, np.array([1, 1, 2], "int32"), np.zeros(3), np.ones(3)],
        ["Name", "Category", "MinPS", "MaxPS"], layer="AMD_M_CAT", crs=CRS, geometry_type="Polygon",
        driver="OpenFileGDB",
    )  # fmt: skip
    with pytest.raises(ConfigError, match="Export Mosaic Dataset Paths"):
        add_tables(folder, path)
    links = np.array([str(tiles / "t0.tif"), str(tiles / "t1.tif"), "x.tif"], object)
    pyogrio.raw.write(
        str(path), None, [np.array([1, 2, 3], "int32"), links], ["SourceOID", "Path"], layer="M_paths",
        driver="OpenFileGDB", append=True, crs=None, geometry_type=None,
    )  # fmt: skip
    report = add_tables(folder, path)
    assert report.added == 2
    assert "1 rows are overviews" in report.notes[0][1]
    assert {row.raster.sources[0].path for row in primaries_by_name(folder).values()} == set(
        links[:2]
    )


def test_a_mosaic_json_brings_each_asset_once(folder: DefinitionFolder, tiles: Path) -> None:
    document = {
        "mosaicjson": "0.0.3",
        "tiles": {"12": ["tiles/t0.tif", "tiles/t1.tif"], "13": ["tiles/t1.tif", "tiles/t2.tif"]},
    }
    path = tiles.parent / "m.json"
    path.write_text(json.dumps(document))
    assert add_tables(folder, path).added == 3
    _build(folder)
    assert {row.status for row in primaries_by_name(folder).values()} == {ItemStatus.READY}


def test_a_gti_document_names_its_index(folder: DefinitionFolder, tiles: Path) -> None:
    _index(tiles.parent / "i.gpkg", "GPKG")
    path = tiles.parent / "i.gti"
    path.write_text(
        "<GDALTileIndexDataset><IndexDataset>i.gpkg</IndexDataset>"
        "<LocationField>location</LocationField><ResX>10</ResX></GDALTileIndexDataset>"
    )
    assert add_tables(folder, path).added == 4
    path.write_text(
        "<GDALTileIndexDataset><IndexDataset>i.gpkg</IndexDataset><PixelFunction>sum</PixelFunction>"
        "</GDALTileIndexDataset>"
    )
    with pytest.raises(ConfigError, match="<PixelFunction>"):
        add_tables(folder, path)


def test_an_index_of_the_kit_comes_in_as_it_is(folder: DefinitionFolder, shared_data: Path) -> None:
    report = add_tables(folder, shared_data / "03_aerial_mosaics/gti/tile-001.gti.gpkg")
    assert (report.added, report.failed) == (2, [])
    _build(folder)
    assert {row.status for row in primaries_by_name(folder).values()} == {ItemStatus.READY}


@pytest.mark.parametrize("kind", ["code", "epsg", "projjson", "wkt2"])
def test_stac_written_flat_is_read_and_its_links_are_not_followed(
    folder: DefinitionFolder, shared_data: Path, kind: str
) -> None:
    name = f"sentinel2_stac_geoparquet_proj_{kind}.geojson"
    report = add_tables(folder, shared_data / "03_aerial_mosaics/gti" / name)
    assert (report.added, len(report.failed)) == (1, 1)
    row = primaries_by_name(folder)["B07"]
    assert row.status is ItemStatus.NOT_SUPPORTED
    assert row.attributes["assets_rededge3_gsd"] == 20.0
    assert row.wkb


def test_columns_of_stac_place_rasters_without_a_geometry(
    folder: DefinitionFolder, tiles: Path
) -> None:
    rows = [
        {
            "href": "tiles/t1.tif",
            "proj:code": CRS,
            "proj:shape": "[64,64]",
            "proj:transform": "[10,0,500640,0,-10,5000000]",
        }
    ]
    add_tables(folder, _write_csv(tiles.parent / "t.csv", rows))
    assert shapely.equals(shapely.from_wkb(primaries_by_name(folder)["t1"].wkb), _box(1))


def test_what_cannot_be_a_table_is_refused_with_a_sentence(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    def refused(name: str, content: str, words: str, **options: Any) -> None:
        path = tmp_path / name
        path.write_text(content)
        with pytest.raises(ConfigError, match=words):
            add_tables(folder, path, **options)

    refused("a.csv", "x,y\n1,2\n", "no column holds paths; name it with --path-field")
    refused("a.csv", "x,y\n1,2\n", "has no such column", path_field="z")
    refused("e.csv", "", "is empty")
    refused("a.shp", "no shapefile", "its content does not")
    refused("a.gpkg", "no GeoPackage", "cannot be read as a GeoPackage")
    refused("a.geojson", "{", "is no JSON that can be read")
    refused("a.geojson", "[" * 100_000, "JSON")
    refused("a.txt", "path\na.tif\n", "known endings")
    refused(
        "m.csv",
        'path,wkt\na.tif,"POLYGON ((500000 0, 500001 0, 500001 1, 500000 0))"\n',
        "table-srs",
    )
    assert primaries_by_name(folder) == {}


def test_nothing_in_a_strange_geopackage_is_carried_out(
    folder: DefinitionFolder, tiles: Path
) -> None:
    path = _index(tiles.parent / "i.gpkg", "GPKG")
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE i")
        db.execute(
            "CREATE VIEW i AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " SELECT x AS fid, 'a.tif' AS location FROM n"
        )
    with pytest.raises(ConfigError, match="holds no layer"):
        add_tables(folder, path)


def test_a_table_is_always_looked_through_again(folder: DefinitionFolder, tiles: Path) -> None:
    table = _write_csv(tiles.parent / "t.csv", _table_rows())
    add_tables(folder, table)
    request = AddRequest(command="sync", raster_type="table", paths=[table])
    assert pending_products(folder, request) == [(str(table), True)]
