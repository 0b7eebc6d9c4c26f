"""Items of several rasters, from their definition to pixels: order, chains, sizes, one OBJECTID.

Covers engine.build.build_rasters and engine.build.raster_rows too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
import shapely
from rasterio import Affine

from config.definition import Interpolation
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.chain_files import export_definitions, import_definitions
from engine.build.compile import compile_definition
from engine.build.raster_record import raster_of_text, raster_to_text
from engine.chain import RasterFunctionProcess
from engine.errors import ConfigError
from engine.explain import explain
from engine.extent import Extent
from engine.function_rules import ArithmeticRule, RemapRule
from engine.geometry.projection import operation, transform
from engine.geotransforms import Affine as PlaneAffine
from engine.identify import identify
from engine.process_definition import (
    RasterEntry,
    RasterProcessDefinition,
    read_definition,
    write_definition,
)
from engine.query import query
from engine.render_work import Work
from engine.request import IdentifyRequest, QueryRequest
from engine.service import open_service
from tests.engine.chain_services import definition_with, pixels_of, view_of
from tests.engine.rasters import write_raster
from tests.engine.sensor_scenes import add_images, over, write_image, write_terrain

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.build_options import BuildReport
    from engine.build.definition_folder import DefinitionFolder
    from engine.chain import Process
    from engine.service import ImageService

LEFT, TOP = 500_000.0, 5_200_000.0
REMAP = RasterFunctionProcess(
    function="Remap", arguments=RemapRule(input_ranges=(0, 256), output_values=(7,))
)
ADD_ONE = RasterFunctionProcess(
    function="Arithmetic", arguments=ArithmeticRule(operation=1, constants=(1.0,))
)


def flat(path: Path, value: int, col: int = 0, *, pixel: float = 10.0, side: int = 60) -> Path:
    """Write a square of one value whose left edge lies `col` columns of 10 m to the right."""
    place = Affine(pixel, 0, LEFT + col * 10, 0, -pixel, TOP)
    return write_raster(path, np.full((1, side, side), value, np.uint8), transform=place)


def entry(path: Path, *chain: Process, **fields: Any) -> RasterEntry:
    """One raster of an item."""
    return RasterEntry(source=str(path), process_chain=chain, **fields)


def authored(folder: Path, *entries: RasterEntry, **fields: Any) -> DefinitionFolder:
    """Make a definition of one item named "i", which `i.tif` was added as."""
    definition = definition_with(folder / "d.isdef", folder / "i.tif", properties={})
    made = RasterProcessDefinition(name="i", rasters=entries, **fields)
    file = folder / "i.rpdef.json"
    file.write_bytes(write_definition(made))
    import_definitions(definition, [file])
    return definition


def built(definition: DefinitionFolder) -> tuple[ImageService, BuildReport]:
    """Build, compile and open."""
    report = build_definition(definition, BuildOptions(overviews="none"))
    out = definition.path.with_suffix(".zmd")
    compile_definition(definition.path, out)
    return open_service(str(out)), report


def served(folder: Path, *entries: RasterEntry, **fields: Any) -> ImageService:
    """The service of one item of several rasters."""
    return built(authored(folder, *entries, **fields))[0]


def row_of(service: ImageService, cols: int = 120, crs: str = "") -> np.ndarray:
    """Values of a row of 10 m pixels from the left edge; 0 = no data."""
    box = Extent(LEFT, TOP - 300, LEFT + cols * 10, TOP - 290)
    made = pixels_of(service, view_of(box, cols, 1, crs, interpolation=Interpolation.NEAREST))
    return np.where(made.valid[0], made.data[0], 0)[0]


def test_two_rasters_side_by_side_are_one_item_each_with_its_chain(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    service = served(tmp_path, entry(left, REMAP), entry(right), process_chain=(ADD_ONE,))
    assert row_of(service).tolist() == [8] * 60 + [81] * 60
    assert service.summary.item_count == 1
    assert service.summary.extent == Extent(LEFT, TOP - 600, LEFT + 1200, TOP)
    footprint = shapely.from_wkb(service.catalog.footprints_of([1])[1])
    assert footprint.area == pytest.approx(1200 * 600)
    assert service.catalog.item(1).extent == service.summary.extent


def test_the_first_of_the_list_is_on_top(tmp_path: Path) -> None:
    below, above = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 30)
    (tmp_path / "turned").mkdir()
    flat(tmp_path / "turned" / "i.tif", 50)
    service = served(tmp_path, entry(above), entry(below))
    assert row_of(service, 90).tolist() == [50] * 30 + [80] * 60
    turned = served(tmp_path / "turned", entry(below), entry(above))
    assert row_of(turned, 90).tolist() == [50] * 60 + [80] * 30


def test_no_data_of_the_upper_raster_lets_the_lower_through(tmp_path: Path) -> None:
    lower = flat(tmp_path / "i.tif", 50)
    data = np.full((1, 60, 60), 80, np.uint8)
    data[0, :, :10] = 3
    place = Affine(10, 0, LEFT + 300, 0, -10, TOP)
    upper = write_raster(tmp_path / "r.tif", data, transform=place)
    service = served(tmp_path, entry(upper, no_data=(3.0,)), entry(lower))
    assert row_of(service, 90).tolist() == [50] * 40 + [80] * 50


def test_pixel_sizes_part_the_scales_without_gap(tmp_path: Path) -> None:
    fine = flat(tmp_path / "i.tif", 50)
    coarse = flat(tmp_path / "c.tif", 90, pixel=30.0, side=20)
    service = served(
        tmp_path,
        entry(fine, max_pixel_size=25.0),
        entry(coarse, min_pixel_size=25.0),
        max_pixel_size=100.0,
    )
    item = service.catalog.item(1)
    assert (item.min_ps, item.max_ps) == (0.0, 100.0)
    assert item.low_ps == pytest.approx(10.0)
    assert item.high_ps >= 30.0
    found = {}
    for size in (10.0, 24.999, 25.0, 99.0, 100.0):
        box = Extent(LEFT + 100, TOP - 100 - 2 * size, LEFT + 100 + 2 * size, TOP - 100)
        made = pixels_of(service, view_of(box, 2, 2))
        found[size] = set(np.where(made.valid[0], made.data[0], 0).ravel().tolist())
    assert found == {10.0: {50}, 24.999: {50}, 25.0: {90}, 99.0: {90}, 100.0: {0}}
    # On another map, whose metres are 1.46 times as many here, it is the size on the service's.
    pipeline = operation("EPSG:32632", "EPSG:3857").pipeline
    x, y = transform(pipeline, np.array([LEFT + 300]), np.array([TOP - 300]))
    shown = []
    for size in (20.0, 36.0, 36.5, 36.7, 37.0, 60.0):
        box = Extent(x[0] - size, y[0] - size, x[0] + size, y[0] + size)
        made = pixels_of(service, view_of(box, 2, 2, "EPSG:3857"))
        (value,) = set(np.where(made.valid[0], made.data[0], 0).ravel().tolist())
        shown.append(value)
    assert shown == sorted(shown)
    assert set(shown) == {50, 90}


def test_disabled_rasters_stay_out(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    third = flat(tmp_path / "t.tif", 90, 120)
    service = served(tmp_path, entry(left), entry(right, enabled=False), entry(third))
    assert row_of(service, 180).tolist() == [50] * 60 + [0] * 60 + [90] * 60


def test_a_raster_that_is_gone_leaves_the_other_and_is_told(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    service = served(tmp_path, entry(left), entry(right))
    right.unlink()
    work = Work(service, UNLIMITED)
    box = Extent(LEFT, TOP - 600, LEFT + 1200, TOP)
    made = pixels_of(service, view_of(box, 120, 60), work)
    assert made.valid[0, 0].tolist() == [True] * 60 + [False] * 60
    assert len(work.skipped) == 1
    assert "r.tif" in work.skipped[0]


@pytest.mark.parametrize("gone", ["i.tif", "r.tif"])
def test_a_raster_that_is_gone_at_build_is_shown_when_it_comes_back(
    tmp_path: Path, gone: str
) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    definition = authored(tmp_path, entry(left), entry(right))
    away = (tmp_path / gone).rename(tmp_path / "away")
    service, report = built(definition)
    ((_, name, note),) = report.notes
    assert name == "i"
    assert f"({gone}) is left out" in note
    shown = [0 if gone == "i.tif" else 50] * 60 + [0 if gone == "r.tif" else 80] * 60
    assert row_of(service).tolist() == shown
    service.close()
    away.rename(tmp_path / gone)
    assert row_of(built(definition)[0]).tolist() == [50] * 60 + [80] * 60


def test_a_changed_raster_is_built_again(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    definition = authored(tmp_path, entry(left), entry(right))
    service, _ = built(definition)
    service.close()
    flat(tmp_path / "r.tif", 81, 60, side=70)
    again, report = built(definition)
    assert report.built == 1
    assert row_of(again, 130).tolist() == [50] * 60 + [81] * 70
    _, report = built(definition)
    assert report.built == 0


def test_the_list_goes_out_and_comes_back(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    entries = (
        entry(left, REMAP, description="west"),
        entry(right, max_pixel_size=40.0, no_data=(3.0,), format="GTiff"),
    )
    definition = authored(tmp_path, *entries, process_chain=(ADD_ONE,))
    (file,) = export_definitions(definition, tmp_path / "out", lambda _row: True)
    text = file.read_bytes()
    assert read_definition(text, file.name).rasters == entries
    import_definitions(definition, [file])
    (again,) = export_definitions(definition, tmp_path / "again", lambda _row: True)
    assert again.read_bytes() == text
    item = built(definition)[0].catalog.item(1)
    assert len(item.rasters) == 2


def test_faults_name_item_and_raster(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    wrong = RasterFunctionProcess(
        function="Arithmetic", arguments=ArithmeticRule(constants=(1.0, 2.0))
    )
    with pytest.raises(ConfigError, match=r"item 'i': raster 2 \(r\.tif\): min_pixel_size"):
        authored(tmp_path, entry(left), entry(right, min_pixel_size=5.0, max_pixel_size=4.0))
    definition = definition_with(tmp_path / "e.isdef", left, properties={})
    build_definition(definition, BuildOptions(overviews="none"))
    with definition.table() as table:
        (row,) = table.rows()
        process = RasterProcessDefinition(name="i", rasters=(entry(left), entry(right)))
        raster = msgspec.structs.replace(row.raster, process=process)
        table.update(row.id, {"Raster": raster_to_text(raster)})
    build_definition(definition, BuildOptions(overviews="none"))
    with definition.table() as table:
        (row,) = table.rows()
        process = RasterProcessDefinition(name="i", rasters=(entry(left), entry(right, wrong)))
        raster = msgspec.structs.replace(raster_of_text(row.raster_text), process=process)
        table.update(row.id, {"Raster": raster_to_text(raster)})
    with pytest.raises(ConfigError) as caught:
        compile_definition(definition.path, tmp_path / "e.zmd")
    assert "OBJECTID 1 (i): Raster: raster 2 (r.tif), process 1 (RasterFunction)" in str(
        caught.value
    )


def test_answers_know_one_objectid(tmp_path: Path) -> None:
    below, above = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 30)
    service = served(tmp_path, entry(above), entry(below))
    place = shapely.Point(LEFT + 455, TOP - 305)
    work = Work(service, UNLIMITED)
    found = identify(IdentifyRequest(geometry=bytes(shapely.to_wkb(place))), work)
    assert found.values == (80,)
    assert [item.id for item in found.items] == [1]
    area = shapely.box(LEFT, TOP - 600, LEFT + 900, TOP)
    found = identify(IdentifyRequest(geometry=bytes(shapely.to_wkb(area))), work)
    assert [(item.id, item.visibility) for item in found.items] == [(1, 1.0)]
    rows = query(service.catalog, QueryRequest())
    assert [row.values[0] for row in rows.rows] == [1]
    told = explain(view_of(service.summary.extent, 90, 60), work)
    assert [raster.id for raster in told.rasters] == [1, 1]


def test_tiles_equal_one_export(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    left = write_raster(tmp_path / "i.tif", rng.integers(1, 255, (1, 300, 300)).astype(np.uint8))
    place = Affine(7, 0, LEFT + 1503, 0, -7, TOP - 401)
    right = write_raster(
        tmp_path / "r.tif", rng.integers(1, 255, (1, 300, 300)).astype(np.uint8), transform=place
    )
    service = served(tmp_path, entry(right, ADD_ONE), entry(left))
    box = service.summary.extent
    size = 7.0
    box = Extent(box.xmin, box.ymax - 512 * size, box.xmin + 512 * size, box.ymax)
    whole = pixels_of(service, view_of(box, 512, 512))
    half = 256 * size
    for row in range(2):
        for col in range(2):
            tile = Extent(
                box.xmin + col * half,
                box.ymax - (row + 1) * half,
                box.xmin + (col + 1) * half,
                box.ymax - row * half,
            )
            made = pixels_of(service, view_of(tile, 256, 256))
            rows, cols = slice(row * 256, row * 256 + 256), slice(col * 256, col * 256 + 256)
            assert np.array_equal(made.valid, whole.valid[:, rows, cols])
            assert np.array_equal(
                made.data[made.valid], whole.data[:, rows, cols][whole.valid[:, rows, cols]]
            )


def test_a_footprint_drawn_by_hand_cuts_each_raster(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80, 60)
    definition = authored(tmp_path, entry(left), entry(right))
    service, _ = built(definition)
    service.close()
    drawn = shapely.MultiPolygon([shapely.box(LEFT + 300, TOP - 600, LEFT + 900, TOP)])
    with definition.table() as table:
        table.set_shape(1, bytes(shapely.to_wkb(drawn)), table.set_crs("EPSG:32632"))
    service, _ = built(definition)
    assert row_of(service).tolist() == [0] * 30 + [50] * 30 + [80] * 30 + [0] * 30


def test_overviews_are_made_of_all_rasters(tmp_path: Path) -> None:
    left = flat(tmp_path / "i.tif", 50, side=600)
    right = flat(tmp_path / "r.tif", 80, 600, side=600)
    definition = authored(tmp_path, entry(left, REMAP), entry(right))
    report = build_definition(definition, BuildOptions(overviews="all"))
    assert report.overviews > 0
    compile_definition(definition.path, tmp_path / "o.zmd")
    service = open_service(str(tmp_path / "o.zmd"))
    made = pixels_of(service, view_of(service.summary.extent, 12, 6))
    assert made.data[0, 3].tolist()[:5] + made.data[0, 3].tolist()[7:] == [7] * 5 + [80] * 5


def test_a_raster_placed_by_its_chain_lies_beside_one_placed_by_its_file(tmp_path: Path) -> None:
    left, right = flat(tmp_path / "i.tif", 50), flat(tmp_path / "r.tif", 80)
    place = PlaneAffine(source_to_output=(LEFT + 600, 10.0, 0.0, TOP, 0.0, -10.0))
    service = served(tmp_path, entry(left), entry(right, place), crs="EPSG:32632")
    assert row_of(service).tolist() == [50] * 60 + [80] * 60


def test_images_with_sensor_models_over_one_terrain_are_one_item(tmp_path: Path) -> None:
    images = [write_image(tmp_path / "i.tif"), write_image(tmp_path / "r.tif", 3.004)]
    definition = add_images(tmp_path, images, over(write_terrain(tmp_path / "t.tif")))
    two, _ = built(definition)
    view = view_of(two.summary.extent, 90, 60)
    expected = pixels_of(two, view)
    files = export_definitions(definition, tmp_path / "out", lambda _row: True)
    first, second = (read_definition(file.read_bytes(), file.name) for file in files)
    both = msgspec.structs.replace(first, rasters=(*first.rasters, *second.rasters))
    files[0].write_bytes(write_definition(both))
    import_definitions(definition, files[:1])
    with definition.table() as table:
        table.delete([2])
    two.close()
    one, _ = built(definition)
    assert one.summary.item_count == 1
    made = pixels_of(one, view)
    assert made.valid.any()
    assert np.array_equal(made.valid.any(axis=0), expected.valid.any(axis=0))
