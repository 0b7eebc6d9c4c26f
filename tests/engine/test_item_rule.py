"""Rules that are done to each item before they are mosaicked, against the items one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from rasterio import Affine

from config.definition import MosaicMethod, MosaicOperator, ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.catalog_results import ValidateResult
from engine.chain import RasterFunctionProcess
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import ConvolutionRule, ExtractBandRule, RemapRule
from engine.item_rule import service_under
from engine.pixel_type import PixelType
from engine.request import AreaCountsRequest, ImageRequest, ValidateRequest
from engine.request_parts import (
    Encoding,
    ItemInput,
    MosaicRule,
    RenderingRule,
    TileAddress,
    View,
)
from engine.results import AreaCountsResult
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.chain_services import chain_service, pixels_of, view_of
from tests.engine.rasters import write_raster
from tests.engine.test_mosaic_process import CLASSES, nearest, noise, service_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService

LEFT, TOP = 500_000.0, 5_200_000.0
WHOLE = Extent(LEFT, TOP - 1000, LEFT + 1500, TOP)
# Low values become high and high ones low, those at the ends nothing.
TURNED = RenderingRule(
    function="Remap",
    arguments=RemapRule(input_ranges=(10, 100, 100, 240), output_values=(200, 20)),
)
SMOOTH = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=12))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ImageService]:
    """Two rasters of two bands that overlap by half; one of them not in whole pixels."""
    random = np.random.default_rng(5)
    for number in range(2):
        data = random.integers(0, 256, (2, 100, 100)).astype(np.uint8)
        place = Affine(10, 0, LEFT + number * 503, 0, -10, TOP)
        write_raster(tmp_path / f"{number}.tif", data, transform=place)
    definition = DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties())
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[tmp_path]))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, tmp_path / "d.zmd")
    opened = open_service(str(tmp_path / "d.zmd"))
    yield opened
    opened.close()


def _under(rule: RenderingRule, **changes: object) -> MosaicRule:
    return MosaicRule(item_rule=rule, **changes)  # type: ignore[arg-type]  # -- a test's shorthand


def _pixels(service: ImageService, **changes: object) -> PixelBlock:
    """Return samples of the whole, sampled between the rasters' own pixels, as requests get them."""
    request = view_of(WHOLE, 150, 100, **changes)
    rule = None if request.mosaic is None else request.mosaic.item_rule
    return pixels_of(service if rule is None else service_under(service, rule), request)


def _alone(service: ImageService, rule: RenderingRule) -> list[PixelBlock]:
    """Return the rasters one by one, under a rendering rule."""
    locks = (MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(key,)) for key in (1, 2))
    return [_pixels(service, mosaic=lock, rendering=rule) for lock in locks]


@pytest.mark.parametrize("rule", [TURNED, SMOOTH], ids=lambda rule: rule.function)
@pytest.mark.parametrize("operator", [MosaicOperator.MAX, MosaicOperator.MEAN])
def test_the_rule_is_done_to_items_before_they_are_merged(
    service: ImageService, rule: RenderingRule, operator: MosaicOperator
) -> None:
    found = _pixels(service, mosaic=_under(rule, operator=operator))
    alone = _alone(service, rule)
    data = np.stack([block.data for block in alone]).astype(np.float64)
    valid = np.stack([np.broadcast_to(block.valid, block.data.shape) for block in alone])
    if operator is MosaicOperator.MAX:
        expected = np.where(valid, data, -np.inf).max(axis=0)
    else:
        expected = np.where(valid, data, 0).sum(axis=0) / np.maximum(valid.sum(axis=0), 1)
    both = valid.all(axis=0)
    assert both.mean() > 0.2
    here = np.broadcast_to(found.valid, found.data.shape)
    assert (here == valid.any(axis=0)).all()
    tolerance = 0.5 if found.data.dtype == np.uint8 else 1e-3
    assert np.abs(found.data - expected)[here].max() <= tolerance
    # Done to the mosaic it is something else.
    after = _pixels(service, mosaic=MosaicRule(operator=operator), rendering=rule)
    assert np.abs(after.data - expected)[here & both].max() > 20


def test_pixel_by_pixel_it_is_what_a_rendering_rule_makes_of_the_topmost_items(
    service: ImageService,
) -> None:
    everywhere = RenderingRule(
        function="Remap",
        arguments=RemapRule(
            input_ranges=(0, 100, 100, 256), output_values=(200, 20), allow_unmatched=True
        ),
    )
    under = _pixels(service, mosaic=_under(everywhere))
    after = _pixels(service, rendering=everywhere)
    assert (under.data == after.data).all()
    assert (np.broadcast_to(under.valid, under.data.shape) == after.valid).all()


def test_the_service_is_what_the_rule_makes_of_it(service: ImageService) -> None:
    first = RenderingRule(function="ExtractBand", arguments=ExtractBandRule(band_ids=(1,)))
    as_floats = msgspec.structs.replace(TURNED, inputs=(first,), output_pixel_type=PixelType.F32)
    ruled = service_under(service, as_floats)
    summary = ruled.summary
    assert (summary.pixel_type, len(summary.bands), summary.picture_bands) == ("F32", 1, (0,))
    assert (summary.statistics[0].min, summary.statistics[0].max) == (20, 200)
    assert len(ruled.histograms) == 1
    assert service.summary.pixel_type == "U8"
    # Once made it is kept.
    assert service_under(service, as_floats) is ruled
    mosaic = _under(as_floats)
    counts = answer(service, AreaCountsRequest(mosaic=mosaic), UNLIMITED).record
    assert isinstance(counts, AreaCountsResult)
    assert [(band.statistics.min, band.statistics.max) for band in counts.bands] == [(20, 200)]
    # A rendering rule sees what comes out.
    more = RenderingRule(
        function="Remap", arguments=RemapRule(input_ranges=(200, 200), output_values=(7,))
    )
    both = _pixels(service, mosaic=mosaic, rendering=more)
    ones = _pixels(service, mosaic=mosaic)
    assert (both.valid == (ones.data == 200) & ones.valid).all()


def test_tiles_and_pictures_are_of_the_items_under_the_rule(service: ImageService) -> None:
    box, half = service.summary.extent_mercator, 20037508.342789244
    assert box is not None
    col, row = (int((half + at) / (2 * half) * 2**15) for at in (box.center_x, -box.center_y))
    request = ImageRequest(
        view=View(tile=TileAddress(level=15, row=row, col=col)),
        encoding=Encoding(format="png"),
        mosaic=_under(TURNED),
    )
    shown = answer(service, request, UNLIMITED)
    assert shown.media_type == "image/png"
    plain = msgspec.structs.replace(request, mosaic=None)
    assert bytes(answer(service, plain, UNLIMITED).body) != bytes(shown.body)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (RenderingRule(function="Resample"), "Resample"),
        (RenderingRule(function="VectorFieldRenderer"), "VectorFieldRenderer"),
        (msgspec.structs.replace(TURNED, inputs=(ItemInput(item=2),)), "inputs are"),
        (
            RenderingRule(
                function="ExtractBand",
                arguments=ExtractBandRule(band_ids=(5,), missing_band_action=1),
            ),
            "ExtractBand",
        ),
    ],
)
def test_what_cannot_be_done_to_items_is_refused(
    service: ImageService, rule: RenderingRule, why: str
) -> None:
    request = ImageRequest(view=View(), encoding=Encoding(format="bsq"), mosaic=_under(rule))
    with pytest.raises(InvalidParameter, match=why) as refused:
        answer(service, request, UNLIMITED)
    assert "itemRenderingRule" in str(refused.value)
    told = answer(service, ValidateRequest(mosaic=_under(rule)), UNLIMITED).record
    assert isinstance(told, ValidateResult)
    assert told.problems == (str(refused.value),)


FOLDED = RenderingRule(
    function="Remap",
    arguments=RemapRule(input_ranges=(0, 20000, 20000, 65536), output_values=(50000, 100)),
    output_pixel_type=PixelType.U16,
)


def test_the_chain_of_the_service_gets_what_the_rule_makes(tmp_path: Path) -> None:
    opened = service_with(tmp_path, [CLASSES])
    found = pixels_of(service_under(opened, FOLDED), nearest())
    folded = np.where(noise() < 20000, 50000, 100)
    assert (found.data == np.where(folded < 30000, 10, 200)).all()
    opened.close()


def test_the_rule_gets_what_the_chain_of_an_item_makes(tmp_path: Path) -> None:
    write_raster(tmp_path / "a.tif", noise(), transform=Affine(10, 0, LEFT, 0, -10, TOP))
    halves = RasterFunctionProcess(
        function="Remap",
        arguments=RemapRule(input_ranges=(0, 30000, 30000, 65536), output_values=(1000, 40000)),
    )
    opened = chain_service(tmp_path, tmp_path / "a.tif", [halves])
    found = pixels_of(service_under(opened, FOLDED), nearest())
    assert (found.data == np.where(noise() < 30000, 50000, 100)).all()
    opened.close()
