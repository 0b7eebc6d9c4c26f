"""Compiling definitions made by the same calls as the command line's.

Covers engine.build.row_reader, engine.build.compile_part and engine.build.service_head, which only
the compiler uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from config.definition import MosaicMethod, ServiceProperties
from engine.build import compile as compile_module
from engine.build import geopackage
from engine.build.build import BuildOptions, build_definition
from engine.build.compile import compile_definition
from engine.build.definition_file import default_text
from engine.build.definition_folder import DefinitionFolder
from engine.build.item_row import wkb_extent
from engine.catalog import Catalog
from engine.errors import ConfigError
from engine.footprint import unpack_rings
from engine.geometry.projection import operation, transform
from engine.item import OVERVIEW
from raster_types.adding.add import AddRequest, add_rasters
from server.guarded_workers import GuardedWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.item import Item

SIDE = 64


def _scene(path: Path, zone: int, west: float, pixel: float = 10.0) -> None:
    rng = np.random.default_rng(zone)
    data = rng.integers(1, 255, (3, SIDE, SIDE), dtype=np.uint8)
    place = Affine(pixel, 0, west, 0, -pixel, 5_000_000)
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, crs=f"EPSG:326{zone}", transform=place) as file:
        file.write(data)


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    """Three built scenes in two zones, dated by their names."""
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    _scene(scenes / "a_20200102.tif", 33, 500_000)
    _scene(scenes / "b_20210304.tif", 33, 500_400)
    _scene(scenes / "c_20220506.tif", 34, 300_000, pixel=30.0)
    made = DefinitionFolder.create(tmp_path / "x.isdef")
    add_rasters(
        made,
        AddRequest(
            raster_type="raster-dataset",
            paths=(scenes,),
            name_regex=r"_(?P<AcqDate>\d{8})",
        ),
    )
    build_definition(made, BuildOptions(overviews="none"))
    return made


@pytest.fixture
def catalog(folder: DefinitionFolder, tmp_path: Path) -> Iterator[Catalog]:
    compile_definition(folder.path, tmp_path / "x.zmd")
    opened = Catalog.open(tmp_path / "x.zmd")
    yield opened
    opened.close()


def test_every_item_is_compiled_with_what_serving_needs(catalog: Catalog) -> None:
    summary = catalog.summary
    assert (summary.crs, summary.item_count, summary.source_type) == ("EPSG:3857", 3, "mosaic")
    items = catalog.items_at(summary.extent, 10, 10, None, 10)
    assert [item.name for item in items] == ["a_20200102", "b_20210304", "c_20220506"]
    for item in items:
        assert item.scale_service == item.scale_mercator != (0, 0)
        assert catalog.operation(item.operation_service).startswith("proj=pipeline")
        assert item.sources[0].driver == "GTiff"
        assert item.sources[0].size > 0
    assert items[0].ground_size_m == pytest.approx(10.0, rel=0.01)
    assert items[2].ground_size_m == pytest.approx(30.0, rel=0.01)
    assert items[0].low_ps == pytest.approx(10 / np.cos(np.radians(45.15)), rel=0.01)
    # 10 m and 30 m are two bands of size.
    assert len(catalog.size_edges) == 1
    assert items[0].ground_size_m < catalog.size_edges[0] < items[2].ground_size_m


def test_dates_are_milliseconds_and_span_the_service(catalog: Catalog) -> None:
    time = catalog.summary.time
    assert time is not None
    assert (time.start_field, time.start, time.end) == (
        "AcqDate",
        1_577_923_200_000,
        1_651_795_200_000,
    )
    assert catalog.attribute_values("AcqDate", [2]) == {2: 1_614_816_000_000}
    chosen = catalog.select("AcqDate >= date '2021-01-01'")
    assert [item.id for item in catalog.items_by_id([1, 2, 3], chosen)] == [2, 3]


def test_neither_paths_nor_inner_fields_are_listed(catalog: Catalog) -> None:
    names = [field.name for field in catalog.summary.fields]
    assert names[:3] == ["OBJECTID", "Shape", "Name"]
    assert not {"Raster", "Header", "StatusId", "StatusMessage"} & set(names)
    assert "scenes" not in repr(catalog.attributes_of([1, 2, 3]))


def test_the_same_definition_compiles_to_the_same_bytes(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    files = [tmp_path / "1.zmd", tmp_path / "2.zmd"]
    for file in files:
        compile_definition(folder.path, file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_parts_made_by_workers_give_the_same_bytes(
    folder: DefinitionFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_definition(folder.path, tmp_path / "1.zmd")
    monkeypatch.setattr(compile_module, "_PART_ROWS", 2)
    monkeypatch.setattr(compile_module, "_FEW_ROWS", 0)
    seen: list[tuple[str, int, int]] = []
    with GuardedWorkers(2) as workers:
        compile_definition(
            folder.path, tmp_path / "2.zmd", lambda *step: seen.append(step), workers
        )
    assert (tmp_path / "1.zmd").read_bytes() == (tmp_path / "2.zmd").read_bytes()
    assert [done for _, done, _ in seen] == [0, 2, 3]


def test_progress_ends_at_all_rows(folder: DefinitionFolder, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    compile_definition(folder.path, tmp_path / "x.zmd", lambda *step: seen.append(step))
    assert seen[-1] == ("compile", 3, 3)


def _edit(folder: DefinitionFolder, key: int, **values: object) -> None:
    with folder.table() as table:
        table.update(key, values)  # type: ignore[arg-type]  # -- what a person may write into it


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"MaxPS": 5.0, "MinPS": 10.0}, r"OBJECTID 2 \(b_20210304\): MaxPS: 5\.0 is not more"),
        ({"MinPS": -1.0}, r"MinPS: -1\.0 is less than 0"),
        ({"AcqDate": "spring"}, "AcqDate: 'spring' is no date; accepted"),
        ({"ZOrder": "top"}, "ZOrder: 'top' is no finite number"),
        ({"Raster": "{"}, "OBJECTID 2 .*: Raster: "),
        ({"Raster": '{"raster_type":"x","sources":[],"colour":1}'}, "Raster: .*colour"),
        ({"Raster": '{"raster_type":"x","sources":[]}'}, "Raster names 0 sources"),
        ({"StatusId": 1}, "is not built; run: swath definition build"),
        ({"Shape": None}, "is not built"),
    ],
)
def test_faults_name_item_and_field_and_leave_no_file(
    folder: DefinitionFolder, tmp_path: Path, values: dict[str, object], message: str
) -> None:
    _edit(folder, 2, **values)
    with pytest.raises(ConfigError, match=message):
        compile_definition(folder.path, tmp_path / "x.zmd")
    assert not (tmp_path / "x.zmd").exists()
    assert list(tmp_path.glob("*.part")) == []


def test_all_faults_are_told_at_once(folder: DefinitionFolder, tmp_path: Path) -> None:
    _edit(folder, 1, MinPS=-1.0)
    _edit(folder, 3, MinPS=-1.0)
    with pytest.raises(ConfigError, match=r"(?s)OBJECTID 1 .*OBJECTID 3 "):
        compile_definition(folder.path, tmp_path / "x.zmd")


def test_failed_items_are_left_out_and_told(folder: DefinitionFolder, tmp_path: Path) -> None:
    _edit(folder, 2, StatusId=101, StatusMessage="gone")
    report = compile_definition(folder.path, tmp_path / "x.zmd")
    assert (report.items, report.left_out) == (2, 1)
    assert report.warnings == ("1 items with a failed status are left out",)


def test_a_definition_without_a_single_good_item_is_refused(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    for key in (1, 2, 3):
        _edit(folder, key, StatusId=101)
    with pytest.raises(ConfigError, match="no item that can be served"):
        compile_definition(folder.path, tmp_path / "x.zmd")


def test_overviews_are_compiled_with_their_primaries(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    build_definition(folder, BuildOptions(overviews="all"))
    report = compile_definition(folder.path, tmp_path / "x.zmd")
    assert report.primaries == 3
    assert report.overviews >= 1
    catalog = Catalog.open(tmp_path / "x.zmd")
    summary = catalog.summary
    assert (summary.primary_count, summary.item_count) == (3, 3 + report.overviews)
    coarse = catalog.items_at(summary.extent, 1e4, 1e4, None, 99)
    assert {item.category for item in coarse} == {OVERVIEW}
    assert all(item.sources[0].path.startswith(str(folder.overviews)) for item in coarse)
    catalog.close()
    for key in (1, 2, 3):
        _edit(folder, key, StatusId=101)
    with pytest.raises(ConfigError, match="no item that can be served"):
        compile_definition(folder.path, tmp_path / "y.zmd")


def test_a_definition_that_is_not_built_is_refused(tmp_path: Path) -> None:
    made = DefinitionFolder.create(tmp_path / "new.isdef")
    with pytest.raises(ConfigError, match="is not built; run: swath definition build"):
        compile_definition(made.path, tmp_path / "x.zmd")


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (ServiceProperties(time_field="Name"), "service.time_field: 'Name' is no field of dates"),
        (ServiceProperties(sort_field="nope"), "service.sort_field: 'nope' is no field"),
        (
            ServiceProperties(mosaic_method=MosaicMethod.ATTRIBUTE),
            "service.sort_field: mosaic_method ByAttribute needs a field",
        ),
    ],
)
def test_properties_that_name_no_field_are_refused(
    folder: DefinitionFolder, tmp_path: Path, properties: ServiceProperties, message: str
) -> None:
    folder.toml.write_text(default_text(properties), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        compile_definition(folder.path, tmp_path / "x.zmd")


def _set_shape(folder: DefinitionFolder, key: int, shape: shapely.Geometry) -> None:
    with folder.table() as table:
        table.set_shape(key, shapely.to_wkb(shape), table.set_crs("EPSG:3857"))


def test_a_footprint_edited_by_hand_clips_the_raster_there(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    compile_definition(folder.path, tmp_path / "x.zmd")
    catalog = Catalog.open(tmp_path / "x.zmd")
    whole = shapely.from_wkb(catalog.footprints_of([1])[1])
    catalog.close()
    xmin, ymin, xmax, ymax = whole.bounds
    half = shapely.box(xmin + 1, ymin + 1, (xmin + xmax) / 2, ymax - 1)
    _set_shape(folder, 1, shapely.MultiPolygon([half]))
    compile_definition(folder.path, tmp_path / "x.zmd")
    catalog = Catalog.open(tmp_path / "x.zmd")
    item = catalog.item(1)
    (ring,) = unpack_rings(item.footprint)
    assert ring[:, 0].max() == pytest.approx(SIDE / 2, abs=0.5)
    drawn = shapely.Polygon(_on_map(item, catalog, ring))
    assert drawn.symmetric_difference(half).area < 0.001 * half.area
    assert item.extent.xmax == pytest.approx((xmin + xmax) / 2)
    catalog.close()


def _on_map(item: Item, catalog: Catalog, ring: np.ndarray) -> shapely.LinearRing:
    a, b, c, d, e, f = item.geotransform
    x, y = a + ring[:, 0] * b + ring[:, 1] * c, d + ring[:, 0] * e + ring[:, 1] * f
    pipeline = operation(item.crs, catalog.summary.crs).pipeline
    return shapely.LinearRing(np.column_stack(transform(pipeline, x, y)))


def test_a_footprint_drawn_beside_its_raster_is_a_fault(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    _set_shape(folder, 1, shapely.MultiPolygon([shapely.box(0, 0, 1000, 1000)]))
    with pytest.raises(ConfigError, match="footprint lies beside the raster"):
        compile_definition(folder.path, tmp_path / "x.zmd")


def test_seamlines_make_a_service_with_seamlines(folder: DefinitionFolder, tmp_path: Path) -> None:
    with folder.table() as table:
        row = table.row(1)
        assert row is not None
        shape = shapely.from_wkb(row.wkb).buffer(-100)
        wkb = shapely.to_wkb(shapely.MultiPolygon([shape]))
        srs_id = table.set_crs("EPSG:3857")
    blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb))
    db = geopackage.open_sqlite(folder.catalog)
    db.execute("INSERT INTO seamlines(Shape, ItemId) VALUES (?, 1)", (blob,))
    db.close()
    compile_definition(folder.path, tmp_path / "x.zmd")
    catalog = Catalog.open(tmp_path / "x.zmd")
    assert catalog.summary.has_seamlines
    assert unpack_rings(catalog.item(1).seamline)
    assert catalog.item(2).seamline == b""
    catalog.close()
