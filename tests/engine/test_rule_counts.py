"""Statistics of what rules make of a service; covers engine.rule_description too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from engine import rule_counts
from engine.budget import UNLIMITED
from engine.errors import RequestTooLarge
from engine.extent import Extent
from engine.function_rules import ColormapRule, CompositeBandRule, NdviRule
from engine.pixel_type import PixelType
from engine.render_work import Work
from engine.request import DescribeRequest
from engine.request_parts import RenderingRule
from engine.rule_counts import RuleCounts, statistics_of
from engine.rule_description import describe_rule
from engine.summary import BandStatistics, FunctionTemplate
from tests.engine.chain_services import pixels_of, view_of
from tests.engine.test_mosaic_process import service_with

if TYPE_CHECKING:
    from engine.results import DescribeResult
    from engine.service import ImageService

WHOLE = Extent(500_000, 5_198_000, 502_000, 5_200_000)
NDVI = RenderingRule(
    function="NDVI", arguments=NdviRule(visible_band=2, infrared_band=3, scientific_output=True)
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters of four bands of U16 side by side."""
    return service_with(tmp_path_factory.mktemp("counts"), [], bands=4)


def _described(
    service: ImageService, rule: RenderingRule, *, counted: bool = True
) -> DescribeResult:
    request = DescribeRequest(rendering=rule, with_statistics=counted)
    return describe_rule(request, Work(service, UNLIMITED))


def test_a_rule_has_the_statistics_of_its_picture(service: ImageService) -> None:
    found = statistics_of(service, NDVI)
    block = pixels_of(service, view_of(WHOLE, 200, 200, rendering=NDVI, interpolation=None))
    (band,), (histogram,) = found.statistics, found.histograms
    assert (band.min, band.max, band.count) == (block.data.min(), block.data.max(), 40_000)
    assert band.mean == pytest.approx(block.data.astype(np.float64).mean())
    assert sum(histogram.counts) == 40_000
    assert found.skip == 1
    # What is kept is the very same.
    assert statistics_of(service, NDVI) is found


def test_without_a_rule_they_are_those_of_the_service(service: ImageService) -> None:
    want = RuleCounts(service.summary.statistics, service.histograms)
    assert statistics_of(service, None) == statistics_of(service, RenderingRule()) == want


def test_those_of_a_template_are_as_they_were_published(
    service: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = BandStatistics(min=-2, max=2, mean=0, std=1, count=7)
    template = FunctionTemplate(name="Green", source="{}", rule=NDVI, statistics=(known,))
    told = msgspec.structs.replace(service.summary, templates=(template,))
    monkeypatch.setattr(service, "summary", told)
    assert statistics_of(service, NDVI) == RuleCounts((known,), ())


def test_a_description_is_of_what_comes_out(service: ImageService) -> None:
    found = _described(service, NDVI)
    assert (found.pixel_type, len(found.names)) == (PixelType.F32, 1)
    assert found.statistics == statistics_of(service, NDVI).statistics
    assert found.has_histograms
    assert _described(service, NDVI, counted=False).statistics == ()
    colours = RenderingRule(
        function="Colormap", arguments=ColormapRule(colormap=((1, 2, 3, 4),)), inputs=(NDVI,)
    )
    assert _described(service, colours, counted=False).colormap == ((1, 2, 3, 4),)
    both = RenderingRule(
        function="CompositeBand", arguments=CompositeBandRule(), inputs=(NDVI, NDVI)
    )
    assert len(_described(service, both, counted=False).names) == 2


def test_what_costs_too_much_is_described_without_statistics(
    service: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RequestTooLarge("number of source pixels", 9, 1)

    cast = RenderingRule(function="NDVI", arguments=NDVI.arguments, output_pixel_type=PixelType.F64)
    monkeypatch.setattr(rule_counts, "area_counts", refuse)
    found = _described(service, cast)
    assert (found.pixel_type, found.statistics) == (PixelType.F64, ())
