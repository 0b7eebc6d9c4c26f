"""Rows of the service table and raster process definitions; what compile refuses.

Covers engine.build.processed_tallies too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder, read_facts
from engine.build.item_chain import definition_of_item, with_definition
from engine.build.raster_record import (
    RasterDefinition,
    SourceDefinition,
    raster_of_text,
    raster_to_text,
)
from engine.chain import Process, RasterFunctionProcess, Sampler2D, SamplerOrtho
from engine.errors import ConfigError
from engine.function_rules import ArithmeticRule, ConvolutionRule, RemapRule, StretchRule
from engine.geolocation import Geolocation
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms import Affine
from engine.pixel_type import PixelType
from engine.process_definition import BandFile, RasterEntry, RasterProcessDefinition
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.conformance.geotransform_samples import SAMPLES
from tests.engine.chain_services import (
    chain_service,
    definition_with,
    give_chain,
    pixels_of,
    view_of,
)
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = RasterDefinition(raster_type="t", sources=(SourceDefinition(path="a.tif"),))
SHIFT = Affine(source_to_output=(3.0, 1.0, 0.0, -2.0, 0.0, 1.0))
REMAP = RasterFunctionProcess(
    function="Remap", arguments=RemapRule(input_ranges=(0, 100, 100, 256), output_values=(1, 2))
)


def given(*chain: Process, **fields: object) -> RasterProcessDefinition:
    """A definition of one raster with a chain."""
    entry = RasterEntry(source="a.tif", process_chain=chain)
    return RasterProcessDefinition(name="a", rasters=(entry,), **fields)  # type: ignore[arg-type]  # -- a shorthand


def test_bands_in_several_files_go_out_and_come_back(tmp_path: Path) -> None:
    raster = RasterDefinition(
        raster_type="t",
        sources=(
            SourceDefinition(path="red.tif", bands=(2, 1), no_data="nan", crs="EPSG:32632"),
            SourceDefinition(path="blue.tif", no_data="0", valid_range=(1, 9), crs="EPSG:32632"),
        ),
    )
    shown = definition_of_item("a", raster)
    assert shown.rasters[0].no_data == ("nan",)
    assert shown.rasters[0].more_bands == (
        BandFile(source="blue.tif", no_data=(0.0,), valid_range=(1, 9)),
    )
    back = with_definition(raster, shown, tmp_path)
    assert [source.path for source in back.sources] == ["red.tif", "blue.tif"]
    assert [source.band_no_data for source in back.sources] == [("nan",), ("0.0",)]
    assert [source.crs for source in back.sources] == ["EPSG:32632"] * 2
    assert back.geolocation is None
    assert definition_of_item("a", back) == shown


def test_a_sensor_model_with_its_terrain_goes_out_and_comes_back(tmp_path: Path) -> None:
    geolocation = Geolocation(
        sensor=SAMPLES["RPC"].record,  # type: ignore[arg-type]  # -- it is one
        image_side=(SHIFT,),
        terrain=RasterTerrain(path="/dem.tif", vertical_datum="egm96"),
    )
    raster = msgspec.structs.replace(PLAIN, geolocation=geolocation)
    shown = definition_of_item("a", raster)
    kinds = [type(process) for process in shown.rasters[0].process_chain]
    assert kinds == [Affine, type(SAMPLES["RPC"].record), SamplerOrtho]
    assert with_definition(raster, shown, tmp_path).geolocation == geolocation


def test_terrain_counts_from_the_folder_of_the_definition(tmp_path: Path) -> None:
    terrain = RasterTerrain(path="dem/t.tif", vertical_datum="egm96")
    definition = given(SAMPLES["RPC"].record, SamplerOrtho(terrain=terrain))
    made = with_definition(PLAIN, definition, tmp_path)
    assert made.geolocation is not None
    assert made.geolocation.terrain == msgspec.structs.replace(
        terrain, path=str(tmp_path / "dem/t.tif")
    )


def test_geotransforms_of_all_stages_place_the_item(tmp_path: Path) -> None:
    made = with_definition(
        PLAIN, given(SHIFT, Sampler2D(pixel_size=2.0), SHIFT, crs="EPSG:32632"), tmp_path
    )
    assert made.geolocation == Geolocation(image_side=(SHIFT, SHIFT), crs="EPSG:32632")


def test_the_record_survives_the_service_table(tmp_path: Path) -> None:
    made = with_definition(PLAIN, given(REMAP, pixel_type=PixelType.U8), tmp_path)
    assert raster_of_text(raster_to_text(made)) == made


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        (given(SHIFT), "item 'a': crs"),
        (given(SHIFT, crs="EPSG:0"), "item 'a': crs"),
        (
            given(SAMPLES["RPC"].record, SamplerOrtho(), crs="EPSG:32632"),
            "item 'a': crs: Invalid value 'EPSG:32632'",
        ),
        (given(SamplerOrtho()), "item 'a': raster 1 (a.tif), process 1 (SamplerOrtho)"),
    ],
)
def test_what_cannot_place_an_item_is_refused(
    tmp_path: Path, definition: RasterProcessDefinition, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        with_definition(PLAIN, definition, tmp_path)
    assert str(caught.value).startswith(told)


def bytes_image(folder: Path, bands: int = 1) -> Path:
    """Write samples of 1 to 199."""
    data = np.random.default_rng(1).integers(1, 200, (bands, 90, 120)).astype(np.uint8)
    return write_raster(folder / "i.tif", data)


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        (
            [RasterFunctionProcess(function="Stretch", arguments=StretchRule(stretch_type=5))],
            "group, process 1 (RasterFunction): ",
        ),
        (
            [
                RasterFunctionProcess(
                    function="Arithmetic", arguments=ArithmeticRule(constants=(1.0, 2.0))
                )
            ],
            "group, process 1 (RasterFunction): ",
        ),
        ([Sampler2D(pixel_size=1e6), Sampler2D()], "process chain: "),
    ],
)
def test_a_chain_that_breaks_the_rules_is_refused_at_compile_with_the_items_name(
    tmp_path: Path, chain: list[Process], told: str
) -> None:
    path = bytes_image(tmp_path)
    definition = definition_with(tmp_path / "d.isdef", path, properties={})
    build_definition(definition, BuildOptions(overviews="none"))
    # Edited by hand after it was built.
    with definition.table() as table:
        (row,) = table.rows()
        entry = RasterEntry(source=str(path))
        process = RasterProcessDefinition(name="i", rasters=(entry,), process_chain=tuple(chain))
        raster = msgspec.structs.replace(row.raster, process=process)
        table.update(row.id, {"Raster": raster_to_text(raster)})
    with pytest.raises(ConfigError) as caught:
        compile_definition(definition.path, tmp_path / "d.zmd")
    message = str(caught.value)
    assert "OBJECTID 1 (i): Raster: " in message
    assert told in message
    assert not (tmp_path / "d.zmd").exists()


def test_a_chain_that_does_not_fit_its_bands_fails_the_item_at_build(tmp_path: Path) -> None:
    path = bytes_image(tmp_path)
    other = write_raster(tmp_path / "o.tif", np.full((1, 50, 60), 9, np.uint8))
    definition = definition_with(tmp_path / "d.isdef", path, properties={})
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[other]))
    two = RasterFunctionProcess(
        function="Arithmetic", arguments=ArithmeticRule(constants=(1.0, 2.0))
    )
    give_chain(definition, path, [two])
    report = build_definition(definition, BuildOptions(overviews="none"))
    ((_, name, why),) = report.failed
    assert name == "i"
    assert "raster 1 (i.tif), process 1 (RasterFunction)" in why.lower().replace(
        "rasterfunction", "RasterFunction"
    )
    assert compile_definition(definition.path, tmp_path / "d.zmd").items == 1


def test_the_service_is_what_the_chains_of_its_items_give(tmp_path: Path) -> None:
    service = chain_service(tmp_path, bytes_image(tmp_path), [REMAP])
    statistics = service.summary.statistics[0]
    assert (statistics.min, statistics.max) == (1.0, 2.0)
    halves = RasterFunctionProcess(
        function="Arithmetic", arguments=ArithmeticRule(operation=3, constants=(0.5,))
    )
    (tmp_path / "f").mkdir()
    floats = chain_service(tmp_path / "f", bytes_image(tmp_path), [halves])
    assert floats.summary.pixel_type is PixelType.F32
    assert floats.summary.statistics[0].max == pytest.approx(99.5)


def test_group_properties_are_kept_to(tmp_path: Path) -> None:
    path = bytes_image(tmp_path, bands=3)
    twice = RasterFunctionProcess(
        function="Arithmetic",
        arguments=ArithmeticRule(operation=3, constants=(2.0,)),
        output_pixel_type=PixelType.U16,
    )
    properties = {"bands": 3, "pixel_type": "U16"}
    service = chain_service(
        tmp_path,
        path,
        [twice],
        properties,
        bands=2,
        pixel_type=PixelType.U8,
        min_pixel_size=5.0,
        max_pixel_size=15.0,
    )
    box = service.summary.extent
    made = pixels_of(service, view_of(box, 120, 90))
    assert made.data.max() == 255
    assert made.valid.all(axis=(1, 2)).tolist() == [True, True, False]
    item = service.catalog.items_by_id([1])[0]
    assert (item.min_ps, item.max_ps) == (5.0, 15.0)


def test_no_data_and_the_driver_are_as_the_author_says(tmp_path: Path) -> None:
    path = bytes_image(tmp_path)
    definition = definition_with(tmp_path / "d.isdef", path, properties={})
    with definition.table() as table:
        (row,) = table.rows()
        entry = RasterEntry(source=str(path), no_data=(7.0,), format="GTiff")
        process = RasterProcessDefinition(name="i", rasters=(entry,))
        raster = with_definition(row.raster, process, tmp_path)
        table.update(row.id, {"Raster": raster_to_text(raster), "StatusId": 1})
    build_definition(definition, BuildOptions(overviews="none", footprints="extent"))
    compile_definition(definition.path, tmp_path / "d.zmd")
    service = open_service(str(tmp_path / "d.zmd"))
    item = service.catalog.items_by_id([1])[0]
    assert (item.no_data, item.sources[0].driver) == ((7.0,), "GTiff")
    with definition.table() as table:
        raster = msgspec.structs.replace(
            raster, sources=(msgspec.structs.replace(raster.sources[0], driver="PNG"),)
        )
        table.update(1, {"Raster": raster_to_text(raster), "StatusId": 1})
    with pytest.raises(ConfigError, match="no raster could be placed"):
        build_definition(definition, BuildOptions(overviews="none"))


def test_overviews_are_made_of_processed_pixels(tmp_path: Path) -> None:
    data = np.full((1, 600, 600), 50, np.uint8)
    data[0, :, 300:] = 150
    path = write_raster(tmp_path / "i.tif", data)
    definition = DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties())
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[path]))
    smooth = RasterFunctionProcess(function="Convolution", arguments=ConvolutionRule(kind=10))
    give_chain(definition, path, [REMAP, smooth])
    build_definition(definition, BuildOptions(overviews="all"))
    compile_definition(definition.path, tmp_path / "d.zmd")
    service = open_service(str(tmp_path / "d.zmd"))
    with definition.table() as table:
        facts = read_facts(table)
    assert facts is not None
    assert service.summary.overview_count > 0
    made = pixels_of(service, view_of(service.summary.extent, 20, 20))
    assert set(np.unique(made.data[made.valid])) <= {1, 2}
