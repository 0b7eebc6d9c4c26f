"""Raster process definitions in and out of JSON, and messages that name item, raster and process."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.chain import Process, RasterFunctionProcess, Sampler2D, SamplerOrtho, is_sensor
from engine.errors import ConfigError
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms import Affine, Geotransform
from engine.pixel_type import PixelType
from engine.process_definition import (
    RasterEntry,
    RasterProcessDefinition,
    check_definition,
    check_service_chain,
    definition_of,
    faults_of,
    read_definition,
    write_definition,
)
from tests.conformance.geotransform_samples import SAMPLES

SHIFT = Affine(source_to_output=(3.0, 1.0, 0.0, -2.0, 0.0, 1.0))
FLAT = Affine(source_to_output=(3.0, 1.0, 0.0, -2.0, 1.0, 0.0))
REMAP = RasterFunctionProcess(function="Stretch")

WRITTEN = """
{
  "rpdef": 1,
  "name": "Baviaans 2003",
  "crs": "EPSG:32735",
  "bands": 4,
  "pixel_type": "U16",
  "max_pixel_size": 40,
  "process_chain": [{"process": "Sampler2D", "interpolation": "Cubic"}],
  "rasters": [
    {
      "source": "qb/left.tif",
      "description": "left half",
      "no_data": [0, null, "nan", 0],
      "format": "GTiff",
      "process_chain": [
        {"process": "RasterFunction", "function": "None"},
        {"process": "Affine", "source_to_output": [3, 1, 0, -2, 0, 1]}
      ],
      "min_pixel_size": 0.5,
      "enabled": false
    },
    {"source": "qb/right.tif"}
  ]
}
"""


def plain(**changes: Any) -> dict[str, Any]:
    """A definition as JSON gives it, with fields of the group changed."""
    return {**msgspec.json.decode(WRITTEN), **changes}


def sampler_for(record: Geotransform) -> Process:
    """The sampler that can follow a geotransform."""
    return (
        SamplerOrtho(terrain=RasterTerrain(path="dem.tif", vertical_datum="egm96"))
        if is_sensor(record)
        else Sampler2D(pixel_size=2.0)
    )


def told(**changes: Any) -> str:
    """The message of a refused file."""
    with pytest.raises(ConfigError) as caught:
        read_definition(msgspec.json.encode(plain(**changes)), "some.rpdef.json")
    return str(caught.value)


def test_a_file_is_read_as_it_is_written() -> None:
    definition = read_definition(WRITTEN, "b.rpdef.json")
    assert (definition.crs, definition.bands, definition.pixel_type) == (
        "EPSG:32735",
        4,
        PixelType.U16,
    )
    left, right = definition.rasters
    assert left.process_chain == (RasterFunctionProcess(function="None"), SHIFT)
    assert left.no_data == (0.0, None, "nan", 0.0)
    assert definition.enabled_rasters() == (1,)
    assert [type(process).__name__ for process in definition.chain_of(0)] == [
        *("RasterFunctionProcess", "Affine", "Sampler2D"),
    ]
    assert definition.chain_of(1) == definition.process_chain
    assert right.enabled


def test_writing_and_reading_gives_the_same_definition_and_the_same_bytes() -> None:
    definition = RasterProcessDefinition(
        name="all",
        process_chain=(REMAP,),
        rasters=tuple(
            RasterEntry(
                source=f"{name}.tif", process_chain=(sample.record, sampler_for(sample.record))
            )
            for name, sample in SAMPLES.items()
        ),
    )
    text = write_definition(definition)
    assert text.startswith(b'{\n  "rpdef": 1,\n')
    assert text.endswith(b"}\n")
    again = read_definition(text, "x")
    assert again == definition
    assert write_definition(again) == text


def test_a_mistake_in_a_process_is_told_with_item_raster_and_process() -> None:
    rasters = plain()["rasters"]
    rasters[0]["process_chain"][1]["source_to_output"][2] = "x"
    text = told(rasters=rasters)
    assert text.startswith("item 'Baviaans 2003': raster 1 (left.tif), process 2 (Affine): ")
    assert "Expected `float`, got `str` - at `source_to_output[2]`" in text


def test_a_field_that_is_not_known_is_told_with_its_process() -> None:
    text = told(process_chain=[{"process": "Sampler2D", "interpolaton": "Cubic"}])
    assert text.startswith("item 'Baviaans 2003': group, process 1 (Sampler2D): ")
    assert "`interpolaton`" in text
    stretch = {"process": "RasterFunction", "function": "Stretch", "arguments": {"gama": [2]}}
    assert "`gama`" in told(process_chain=[stretch])


def test_an_unknown_process_is_told_with_the_known_ones() -> None:
    for entry in ({"process": "Affin"}, {"process": "affine"}, {}, "Affine", {"process": ["x"]}):
        text = told(process_chain=[{"process": "RasterFunction", "function": "None"}, entry])
        assert text.startswith("item 'Baviaans 2003': group, process 2: ")
        assert "known processes: Affine, " in text
        assert "SamplerOrtho" in text


def test_bad_numbers_in_a_geotransform_are_told_with_item_raster_and_process() -> None:
    rasters = plain()["rasters"]
    rasters[0]["process_chain"][1]["source_to_output"].pop()
    text = told(rasters=rasters)
    assert text.startswith("item 'Baviaans 2003': raster 1 (left.tif), process 2 (Affine): ")
    assert "5 numbers" in text


def test_chains_that_break_the_rules_are_refused_with_the_name_of_the_item() -> None:
    assert told(process_chain=[{"process": "SamplerOrtho"}]) == (
        "item 'Baviaans 2003': group, process 1 (SamplerOrtho): "
        "no sensor model before it to give heights to; use Sampler2D"
    )


def test_a_fault_of_the_group_is_told_once_for_all_rasters() -> None:
    rasters = tuple(RasterEntry(source=f"{n}.tif", process_chain=(SHIFT,) * n) for n in range(3))
    definition = RasterProcessDefinition(name="x", process_chain=(REMAP, FLAT), rasters=rasters)
    assert [where for where, _ in faults_of(definition)] == ["group, process 2 (Affine)"]


def test_a_message_says_how_many_more_faults_there_are() -> None:
    rasters = tuple(RasterEntry(source=f"{n}.tif", process_chain=(FLAT,)) for n in range(3))
    definition = RasterProcessDefinition(name="x", rasters=rasters)
    with pytest.raises(ConfigError, match=r"raster 1 \(0.tif\).*\(and 2 more\)"):
        check_definition(definition)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "some.rpdef.json: name: is empty"),
        ({"name": 5}, "some.rpdef.json: Expected `str`, got `int` - at `name`"),
        ({"rasters": []}, "one raster or more"),
        ({"rasters": None}, "at `rasters`"),
        ({"rasters": ["a.tif"]}, "raster 1: expected an object with source"),
        ({"rasters": [{}]}, "raster 1: Object missing required field `source`"),
        ({"rasters": [{"source": ""}]}, "raster 1: source is empty"),
        ({"rasters": [{"source": "a.tif", "no_data": [1, 2]}]}, "2 values; expected 1 or 4"),
        ({"rasters": [{"source": "a.tif", "process_chain": "x"}]}, "expected a list of processes"),
        ({"rasters": [{"source": "a.tif", "min_pixel_size": 40}]}, "it would never show"),
        ({"rasters": [{"source": "a.tif", "max_pixel_size": -1}]}, "sizes of 0 or more"),
        ({"min_pixel_size": 50}, "min_pixel_size 50 is not below max_pixel_size 40"),
        ({"bands": -1}, "bands: -1"),
        ({"bands": 1_000_000_000}, "bands: 1000000000"),
        ({"pixel_type": "U12"}, "'U12'"),
        ({"rpdef": 2}, "rpdef: version 2; this server reads 1"),
        ({"mistake": 1}, "`mistake`"),
    ],
)
def test_what_else_can_be_wrong_in_a_file_is_told(changes: dict[str, Any], message: str) -> None:
    assert message in told(**changes)


@pytest.mark.parametrize("text", ["", "{", "[1]", "5", '"x"', "null"])
def test_what_is_no_definition_is_told_with_the_name_of_the_file(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^some\.rpdef\.json: "):
        read_definition(text, "some.rpdef.json")


def test_reading_plain_values_does_not_check_rules_so_that_authors_can_save_drafts() -> None:
    draft = definition_of(plain(process_chain=[{"process": "SamplerOrtho"}]), "x")
    assert len(faults_of(draft)) == 1


def test_the_chain_of_a_service_is_refused_with_its_name() -> None:
    check_service_chain((REMAP,), "Orthos")
    with pytest.raises(
        ConfigError, match=r"^service 'Orthos': process 2 \(Affine\): a geotransform"
    ):
        check_service_chain((REMAP, SHIFT), "Orthos")


@pytest.mark.parametrize("text", ["[" * 100_000, b'{"name": "\xff"}', "{"])
def test_text_that_is_no_json_names_the_file(text: bytes | str) -> None:
    with pytest.raises(ConfigError, match=r"a\.rpdef\.json.*not JSON"):
        read_definition(text, "a.rpdef.json")
