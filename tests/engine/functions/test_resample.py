"""Resample chooses the interpolation of the rasters that it stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation
from engine.chain import RasterFunctionProcess
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import (
    CompositeBandRule,
    ConvolutionRule,
    ExtractBandRule,
    ResampleRule,
)
from engine.functions.base import BandsInfo
from engine.functions.resample import Resample, resampled_rule
from engine.pixel_type import PixelType
from engine.plan import plan
from engine.request_parts import ConstantInput, ItemInput, MosaicInput, RenderingRule
from tests.engine.chain_services import pixels_of, view_of
from tests.engine.test_mosaic_process import LEFT, TOP, service_with

if TYPE_CHECKING:
    from engine.request import ImageRequest
    from engine.request_parts import RuleInput
    from engine.service import ImageService

# Pixels of 3 m of rasters of 10 m.
_BOX = Extent(LEFT + 200, TOP - 800, LEFT + 800, TOP - 200)


def _resample(kind: int, *inputs: RuleInput) -> RenderingRule:
    return RenderingRule(
        function="Resample", arguments=ResampleRule(resampling_type=kind), inputs=inputs
    )


def _request(interpolation: Interpolation, rule: RenderingRule | None = None) -> ImageRequest:
    return view_of(_BOX, 200, 200, interpolation=interpolation, rendering=rule)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters side by side."""
    return service_with(tmp_path_factory.mktemp("resample"), [], bands=2)


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        (0, Interpolation.NEAREST),
        (1, Interpolation.BILINEAR),
        (2, Interpolation.CUBIC),
        (3, Interpolation.MAJORITY),
        (4, Interpolation.BILINEAR),
    ],
)
@pytest.mark.parametrize("asked", [Interpolation.NEAREST, Interpolation.CUBIC])
def test_pixels_are_those_of_a_request_with_that_interpolation(
    service: ImageService, kind: int, same: Interpolation, asked: Interpolation
) -> None:
    got = pixels_of(service, _request(asked, _resample(kind)))
    wanted = pixels_of(service, _request(same))
    np.testing.assert_array_equal(got.data, wanted.data)
    np.testing.assert_array_equal(got.valid_all(), wanted.valid_all())


@pytest.mark.parametrize("kind", [7, 10])
def test_averages_leave_sampling_as_it_is(service: ImageService, kind: int) -> None:
    got = pixels_of(service, _request(Interpolation.CUBIC, _resample(kind)))
    np.testing.assert_array_equal(got.data, pixels_of(service, _request(Interpolation.CUBIC)).data)


@pytest.mark.parametrize("kind", [5, 6])
def test_gauss_blur_smooths_what_is_sampled(service: ImageService, kind: int) -> None:
    got = pixels_of(service, _request(Interpolation.NEAREST, _resample(kind)))
    smooth = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=11))
    wanted = pixels_of(service, _request(Interpolation.BILINEAR, smooth))
    np.testing.assert_array_equal(got.data, wanted.data)


def test_two_rasters_of_one_rule_may_be_sampled_in_two_ways(service: ImageService) -> None:
    bands = [
        RenderingRule(
            function="ExtractBand",
            arguments=ExtractBandRule(band_ids=(0,)),
            inputs=(_resample(kind),),
        )
        for kind in (0, 2)
    ]
    both = RenderingRule(
        function="CompositeBand", arguments=CompositeBandRule(), inputs=tuple(bands)
    )
    got = pixels_of(service, _request(Interpolation.BILINEAR, both))
    for band, interpolation in enumerate((Interpolation.NEAREST, Interpolation.CUBIC)):
        wanted = pixels_of(service, _request(interpolation))
        np.testing.assert_array_equal(got.data[band], wanted.data[0])
    made = plan(service, _request(Interpolation.BILINEAR, both))
    assert {each.interpolation for each in made.sources} == {
        Interpolation.NEAREST,
        Interpolation.CUBIC,
    }


def test_above_a_function_it_is_for_all_rasters_below_but_those_that_have_their_own() -> None:
    inner = RenderingRule(
        function="CompositeBand",
        inputs=(_resample(0, ItemInput(item=1)), MosaicInput(), ConstantInput(value=1)),
    )
    made = resampled_rule(_resample(2, inner))
    assert made == RenderingRule(
        inputs=(
            RenderingRule(
                function="CompositeBand",
                inputs=(
                    RenderingRule(inputs=(ItemInput(item=1, interpolation=Interpolation.NEAREST),)),
                    MosaicInput(interpolation=Interpolation.CUBIC),
                    ConstantInput(value=1),
                ),
            ),
        )
    )


def test_rules_without_it_stay() -> None:
    rule = RenderingRule(function="CompositeBand", inputs=(MosaicInput(), MosaicInput()))
    assert resampled_rule(rule) is rule


def test_by_itself_it_changes_no_pixels() -> None:
    process = RasterFunctionProcess(function="Resample", arguments=ResampleRule())
    bound = Resample().bind(BandsInfo(PixelType.U8, 2), process.rule())
    assert bound.output == BandsInfo(PixelType.U8, 2)


@pytest.mark.parametrize("kind", [-1, 8, 9, 11])
def test_kinds_that_no_view_can_have_are_refused_by_name(service: ImageService, kind: int) -> None:
    with pytest.raises(InvalidParameter, match="ResamplingType"):
        pixels_of(service, _request(Interpolation.NEAREST, _resample(kind)))
