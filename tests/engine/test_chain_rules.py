"""Chains that break the rules, each told which process and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from engine.chain import (
    Process,
    RasterFunctionProcess,
    Sampler2D,
    SamplerOrtho,
    is_sensor,
)
from engine.chain_rules import Fault, item_faults, service_faults
from engine.function_rules import StretchRule
from engine.functions.base import BandsInfo
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geotransforms import GEOTRANSFORMS, Affine
from engine.pixel_type import PixelType
from engine.summary import BandStatistics
from tests.conformance.geotransform_samples import SAMPLES

if TYPE_CHECKING:
    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.geotransforms import Geotransform

GOOD = Affine(source_to_output=(0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
FLAT = Affine(source_to_output=(0.0, 1.0, 0.0, 0.0, 1.0, 0.0))
REMAP = RasterFunctionProcess(function="Stretch")
TERRAIN = RasterTerrain(path="dem.tif", vertical_datum="egm96")


def the_fault(chain: list[Process], info: BandsInfo | None = None) -> Fault:
    """The only fault of an item's chain."""
    faults = item_faults(chain, info)
    assert len(faults) == 1, faults
    return faults[0]


def sensor() -> Geotransform:
    """Some sensor model."""
    return SAMPLES["RPC"].record


@pytest.mark.parametrize("name", [n for n in GEOTRANSFORMS if not is_sensor(SAMPLES[n].record)])
def test_good_chains_have_no_faults(name: str) -> None:
    record = SAMPLES[name].record
    assert item_faults([REMAP, record, Sampler2D(tolerance_px=0.5), REMAP, GOOD]) == []


def test_an_ortho_chain_has_no_faults() -> None:
    assert item_faults([GOOD, sensor(), GOOD, SamplerOrtho(terrain=TERRAIN), REMAP]) == []
    assert (
        item_faults(
            [GOOD, Sampler2D(), sensor(), SamplerOrtho(terrain=ConstantHeight(height_m=120.0))]
        )
        == []
    )
    assert item_faults([sensor(), SamplerOrtho()]) == []


def test_bad_numbers_of_a_geotransform_are_told_with_its_place() -> None:
    fault = the_fault([REMAP, GOOD, FLAT])
    assert fault.index == 2
    assert "source_to_output" in fault.why


def test_all_faults_are_told_in_the_order_of_the_chain() -> None:
    faults = item_faults([FLAT, RasterFunctionProcess(function="Paint"), FLAT])
    assert [fault.index for fault in faults] == [0, 1, 2]


def test_an_unknown_function_is_told_with_the_known_ones() -> None:
    fault = the_fault([RasterFunctionProcess(function="Paint")])
    assert "'Paint'" in fault.why
    assert "None, Stretch" in fault.why


def test_arguments_of_a_function_are_checked_against_the_bands_before_it() -> None:
    bad = RasterFunctionProcess(function="Stretch", arguments=StretchRule(gamma=(-1.0,)))
    info = BandsInfo(PixelType.U16, 3)
    assert "Gamma" in the_fault([REMAP, bad], info).why
    assert item_faults([bad]) == []


def test_statistics_of_the_view_are_refused_because_tiles_would_differ() -> None:
    process = RasterFunctionProcess(function="Stretch", arguments=StretchRule(dynamic_range=True))
    assert "neighbouring tiles would differ" in the_fault([process]).why


def test_a_stretch_by_statistics_needs_them() -> None:
    process = RasterFunctionProcess(function="Stretch", arguments=StretchRule(stretch_type=5))
    assert "statistics" in the_fault([process]).why
    stated = StretchRule(stretch_type=5, statistics=((0.0, 9.0, 4.0, 2.0),))
    assert item_faults([RasterFunctionProcess(function="Stretch", arguments=stated)]) == []
    known = (BandStatistics(min=0.0, max=9.0, mean=4.0, std=2.0),)
    assert item_faults([process], BandsInfo(PixelType.U8, 1, known)) == []
    # Behind another function the source's statistics say nothing.
    assert the_fault([REMAP, process], BandsInfo(PixelType.U8, 1, known)).index == 1


def test_arguments_of_another_function_are_refused() -> None:
    process = RasterFunctionProcess(function="None", arguments=StretchRule())
    assert "arguments of Stretch at function 'None'" in the_fault([process]).why


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("field", ["tolerance_px", "pixel_size"])
def test_samplers_have_sizes_and_tolerances_above_zero(field: str, bad: float) -> None:
    assert f"'{field}'" in the_fault([Sampler2D(**{field: bad})]).why


@pytest.mark.parametrize(
    ("terrain", "told"),
    [
        (ConstantHeight(height_m=math.nan), "'height_m'"),
        (RasterTerrain(path="a.tif", z_factor=0.0), "'z_factor'"),
        (RasterTerrain(path="a.tif", z_offset_m=math.inf), "'z_offset_m'"),
        (RasterTerrain(path="a.tif", void_height_m=math.nan), "'void_height_m'"),
    ],
)
def test_the_terrain_of_an_ortho_sampler_is_checked(terrain: TerrainDefinition, told: str) -> None:
    fault = the_fault([sensor(), SamplerOrtho(terrain=terrain)])
    assert fault.index == 1
    assert told in fault.why


def test_a_sensor_model_needs_an_ortho_sampler() -> None:
    fault = the_fault([GOOD, sensor(), REMAP])
    assert fault.index == 1
    assert "put a SamplerOrtho after it" in fault.why
    fault = the_fault([sensor(), GOOD, Sampler2D()])
    assert fault.index == 2
    assert "use SamplerOrtho" in fault.why


def test_an_ortho_sampler_needs_a_sensor_model() -> None:
    assert "no sensor model before it" in the_fault([GOOD, SamplerOrtho()]).why
    fault = the_fault([sensor(), SamplerOrtho(), GOOD, SamplerOrtho()])
    assert fault.index == 3


def test_an_image_has_one_sensor_model() -> None:
    fault = the_fault([sensor(), GOOD, sensor(), SamplerOrtho()])
    assert fault.index == 2
    assert "has left the image for the ground" in fault.why
    assert the_fault([sensor(), SamplerOrtho(), sensor()]).index == 2


@pytest.mark.parametrize("process", [GOOD, Sampler2D(), SamplerOrtho()])
def test_the_chain_of_a_service_is_radiometric_only(process: Process) -> None:
    faults = service_faults([REMAP, process, REMAP])
    assert [fault.index for fault in faults] == [1]
    assert "only radiometric processes" in faults[0].why


def test_the_chain_of_a_service_checks_its_functions_too() -> None:
    assert service_faults([REMAP], BandsInfo(PixelType.U8, 3)) == []
    assert "'Paint'" in service_faults([RasterFunctionProcess(function="Paint")])[0].why
