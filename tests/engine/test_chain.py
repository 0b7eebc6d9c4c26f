"""A chain sorted by kind: one sampling where the author asked for no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.definition import Interpolation
from engine.chain import (
    DEFAULT_SAMPLER,
    Kind,
    Process,
    RasterFunctionProcess,
    Sampler2D,
    SamplerOrtho,
    kind_of,
    process_name,
    split,
)
from engine.function_rules import StretchRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, BoundFunction
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geotransforms import GEOTRANSFORMS, Affine
from engine.pixel_type import PixelType
from engine.registry import Registry
from tests.conformance.geotransform_samples import SAMPLES

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule


class Smooth:
    """A function with neighbours; bound it is a stretch, which no test here applies."""

    def padding(self, rule: RenderingRule) -> int:
        """Two pixels."""
        return 2 if rule else 0

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundFunction:
        """Bind."""
        return FUNCTIONS["Stretch"].bind(info, rule)


# Until the package holds a function with neighbours, the tests have their own.
WITH_FOCAL = Registry("raster function", {**FUNCTIONS, "Smooth": Smooth()})

REMAP = RasterFunctionProcess(function="Stretch")
SMOOTH = RasterFunctionProcess(function="Smooth")
NOTHING = RasterFunctionProcess(function="None")
FIRST, SECOND, THIRD = (
    Affine(source_to_output=(n, 1.0, 0.0, 0.0, 0.0, 1.0)) for n in (1.0, 2.0, 3.0)
)


def test_an_empty_chain_is_one_default_2d_sampling() -> None:
    done = split([])
    assert len(done.stages) == 1
    stage = done.stages[0]
    assert stage.sampler == DEFAULT_SAMPLER
    assert stage.is_default
    assert (stage.pointwise, stage.focal, stage.geotransforms, done.after) == ((), (), (), ())


def test_three_geotransforms_with_functions_between_them_are_sampled_once() -> None:
    done = split([FIRST, REMAP, SECOND, REMAP, THIRD])
    assert len(done.stages) == 1
    assert done.stages[0].geotransforms == (FIRST, SECOND, THIRD)
    assert done.stages[0].pointwise == (REMAP, REMAP)
    x, _ = done.stages[0].bind().to_output(np.array([10.0]), np.array([0.0]))
    assert x[0] == 16.0


def test_functions_stay_on_the_side_of_the_sampler_where_they_were_put() -> None:
    before, after = split([FIRST, REMAP, Sampler2D()]), split([FIRST, Sampler2D(), REMAP])
    assert (before.stages[0].pointwise, before.after) == ((REMAP,), ())
    assert (after.stages[0].pointwise, after.after) == ((), (REMAP,))
    assert len(after.stages) == 1
    assert not after.stages[0].is_default


def test_without_a_sampler_functions_run_on_source_pixels() -> None:
    done = split([FIRST, REMAP])
    assert done.stages[0].pointwise == (REMAP,)
    assert done.after == ()


def test_an_explicit_sampler_begins_a_new_concatenation() -> None:
    sampler = Sampler2D(interpolation=Interpolation.CUBIC, pixel_size=0.5)
    done = split([FIRST, SECOND, sampler, REMAP, THIRD])
    first, last = done.stages
    assert (first.geotransforms, first.sampler, first.source_step) == (
        (FIRST, SECOND),
        sampler,
        1.0,
    )
    assert (last.geotransforms, last.pointwise) == ((THIRD,), (REMAP,))
    assert last.is_default
    assert last.source_step == 0.5
    # A position of the plane between, 20 units from its origin, is pixel 40 of what was made there.
    assert last.bind().to_source(np.array([23.0]), np.array([0.0]))[0][0] == 40.0


def test_two_samplers_at_the_end_are_two_samplings() -> None:
    done = split([FIRST, Sampler2D(), Sampler2D(interpolation=Interpolation.NEAREST)])
    assert [stage.geotransforms for stage in done.stages] == [(FIRST,), ()]
    assert not any(stage.is_default for stage in done.stages)


def test_from_the_first_function_with_neighbours_on_windows_get_a_halo() -> None:
    done = split([REMAP, SMOOTH, REMAP, FIRST, SMOOTH], WITH_FOCAL)
    stage = done.stages[0]
    assert stage.pointwise == (REMAP,)
    assert stage.focal == (SMOOTH, REMAP, SMOOTH)
    assert stage.halo_px == 4
    after = split([SMOOTH, Sampler2D(), REMAP, SMOOTH], WITH_FOCAL)
    assert (after.stages[0].halo_px, after.after_halo_px) == (2, 2)
    assert after.after == (REMAP, SMOOTH)


def test_the_function_none_does_nothing_anywhere() -> None:
    done = split([NOTHING, REMAP, NOTHING, Sampler2D(), NOTHING])
    assert done.stages[0].pointwise == (REMAP,)
    assert done.after == ()


processes = st.lists(
    st.sampled_from([FIRST, SECOND, THIRD, REMAP, SMOOTH, Sampler2D(), Sampler2D(pixel_size=2.0)])
)


@given(chain=processes)
def test_splitting_keeps_every_process_in_the_order_of_its_kind(chain: list[Process]) -> None:
    done = split(chain, WITH_FOCAL)
    kinds = {kind: [process for process in chain if kind_of(process) is kind] for kind in Kind}
    geotransforms = [g for stage in done.stages for g in stage.geotransforms]
    assert geotransforms == kinds[Kind.GEOTRANSFORM]
    radiometric = [r for stage in done.stages for r in (*stage.pointwise, *stage.focal)]
    assert [*radiometric, *done.after] == kinds[Kind.RADIOMETRIC]
    explicit = [stage.sampler for stage in done.stages if not stage.is_default]
    assert explicit == kinds[Kind.SAMPLER]
    assert [stage.is_default for stage in done.stages[:-1]] == [False] * (len(done.stages) - 1)
    assert done.stages


@given(chain=processes)
def test_a_process_never_changes_the_side_of_an_explicit_sampler(chain: list[Process]) -> None:
    done = split(chain, WITH_FOCAL)
    parts: list[list[Process]] = [[]]
    for process in chain:
        if kind_of(process) is Kind.SAMPLER:
            parts.append([])
        else:
            parts[-1].append(process)
    sides = [(*s.pointwise, *s.focal, *s.geotransforms) for s in done.stages]
    sides.append(done.after)
    for part, side in zip(parts, sides, strict=False):
        assert sorted(map(repr, part)) == sorted(map(repr, side))


@pytest.mark.parametrize("name", GEOTRANSFORMS)
def test_every_geotransform_is_of_its_kind_and_can_stand_in_a_chain(name: str) -> None:
    record = SAMPLES[name].record
    assert kind_of(record) is Kind.GEOTRANSFORM
    assert process_name(record) == name
    stage = split([record]).stages[0]
    is_model = hasattr(record.bind(), "ground_to_image")
    assert (stage.sensor, stage.image_side) == ((record, ()) if is_model else (None, (record,)))
    assert (stage.bind().sensor is not None) is is_model


def test_a_sensor_model_parts_its_stage_into_image_side_and_ground_side() -> None:
    record = SAMPLES["RPC"].record
    sampler = SamplerOrtho(terrain=ConstantHeight(height_m=700.0))
    stage = split([FIRST, SECOND, REMAP, record, THIRD, sampler]).stages[0]
    assert (stage.image_side, stage.sensor, stage.ground_side) == (
        (FIRST, SECOND),
        record,
        (THIRD,),
    )
    bound = stage.bind()
    assert (len(bound.image_side), len(bound.ground_side)) == (2, 1)
    assert stage.sampler == sampler


@pytest.mark.parametrize(
    "process",
    [
        RasterFunctionProcess(function="Stretch", arguments=StretchRule(out_max=100.0)),
        Sampler2D(interpolation=Interpolation.CUBIC, tolerance_px=0.25, pixel_size=2.0),
        SamplerOrtho(
            terrain=RasterTerrain(path="dem.tif", vertical_datum="egm2008", void_height_m=12.0)
        ),
    ],
)
def test_records_survive_json(process: Process) -> None:
    text = msgspec.json.encode(process)
    assert msgspec.json.decode(text, type=Process) == process


def test_a_function_process_is_what_functions_take() -> None:
    process = RasterFunctionProcess(
        function="stretch", arguments=StretchRule(stretch_type=5, statistics=((0, 9, 4, 2),))
    )
    assert process.rule().function == "Stretch"
    bound = FUNCTIONS["Stretch"].bind(BandsInfo(PixelType.U16, 1), process.rule())
    assert bound.output.bands == 1
