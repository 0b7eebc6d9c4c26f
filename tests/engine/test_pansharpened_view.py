"""Pansharpening through the whole engine: both rasters once, and the multispectral one alone from afar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from config.definition import PictureStretch, ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.chain import RasterFunctionProcess
from engine.extent import Extent
from engine.function_rules import ArithmeticRule, ExtractBandRule, PansharpeningRule
from engine.pixel_type import PixelType
from engine.request import ImageRequest
from engine.request_parts import (
    Encoding,
    ItemInput,
    MosaicInput,
    MosaicRule,
    RenderingRule,
    TileAddress,
    View,
)
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.chain_services import chain_service, pixels_of, view_of
from tests.engine.rasters import write_raster
from tests.engine.test_mosaic_process import LEFT, TOP, nearest
from tests.engine.test_multi_resolution import multi_resolution_service
from tests.raster_types.landsat_scenes import write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

RNG = np.random.default_rng(31)
MS = RNG.integers(50, 200, (3, 40, 40)).astype(np.uint8)
PAN = np.repeat(RNG.integers(50, 200, (1, 160, 160)), 3, axis=0).astype(np.uint8)
BOX = Extent(LEFT, TOP - 1600, LEFT + 1600, TOP)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """A multispectral raster of 40 m (OBJECTID 1) and a panchromatic one of 10 m (2) of the same place."""
    folder = tmp_path_factory.mktemp("pan")
    write_raster(folder / "a_ms.tif", MS, transform=Affine(40, 0, LEFT, 0, -40, TOP))
    write_raster(folder / "b_pan.tif", PAN, transform=Affine(10, 0, LEFT, 0, -10, TOP))
    properties = ServiceProperties(picture_stretch=PictureStretch.AUTO)
    definition = DefinitionFolder.create(folder / "d.isdef", properties)
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[folder]))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def _rule(kind: int = 3) -> RenderingRule:
    return RenderingRule(
        function="Pansharpening",
        arguments=PansharpeningRule(pansharpening_type=kind),
        inputs=(ItemInput(item=2), ItemInput(item=1)),
        output_pixel_type=PixelType.F32,
    )


def test_both_rasters_are_sampled_onto_the_grid_of_the_answer(service: ImageService) -> None:
    got = pixels_of(service, nearest(BOX, 160, rendering=_rule()))
    wide = MS.repeat(4, axis=1).repeat(4, axis=2).astype(float)
    np.testing.assert_allclose(got.data, (wide + PAN[0]) / 2)


@pytest.mark.parametrize(("size", "is_sharp"), [(160, True), (80, True), (40, False), (20, False)])
def test_pixels_no_finer_than_multispectral_ones_are_those_alone(
    service: ImageService, size: int, *, is_sharp: bool
) -> None:
    got = pixels_of(service, nearest(BOX, size, rendering=_rule()))
    lock = RenderingRule(inputs=(ItemInput(item=1),))
    plain = pixels_of(service, nearest(BOX, size, rendering=lock))
    assert np.array_equal(got.data, plain.data) is not is_sharp


def test_rules_around_it_stay(service: ImageService) -> None:
    around = RenderingRule(
        function="Arithmetic",
        arguments=ArithmeticRule(operation=1, constants=(1000.0,)),
        inputs=(_rule(),),
        output_pixel_type=PixelType.F32,
    )
    got = pixels_of(service, nearest(BOX, 40, rendering=around))
    np.testing.assert_allclose(got.data, MS.astype(float) + 1000)


@pytest.mark.parametrize("level", [13, 11])
def test_tiles_equal_one_export(service: ImageService, level: int) -> None:
    half = 20037508.342789244
    size = 2 * half / 2**level
    box = service.summary.extent_mercator
    assert box is not None
    col, row = int((box.center_x + half) // size), int((half - box.center_y) // size)

    def tile(number: int) -> np.ndarray:
        view = View(tile=TileAddress(level=level, row=row, col=number))
        request = ImageRequest(view=view, rendering=_rule(2), encoding=Encoding(format="bsq"))
        return pixels_of(service, request).data

    tiles = np.concatenate([tile(col), tile(col + 1)], axis=2)
    left, top = col * size - half, half - row * size
    both = Extent(left, top - size, left + 2 * size, top)
    whole = pixels_of(service, view_of(both, 512, 256, "EPSG:3857", rendering=_rule(2)))
    np.testing.assert_array_equal(tiles, whole.data)
    assert np.ptp(tiles) > 0


def test_an_item_may_be_sharpened_by_its_own_chain(tmp_path: Path) -> None:
    """Of bands without names the first is the panchromatic one."""
    bands = RNG.integers(50, 200, (4, 40, 40)).astype(np.uint16)
    write_raster(tmp_path / "a.tif", bands, transform=Affine(10, 0, LEFT, 0, -10, TOP))
    process = RasterFunctionProcess(
        function="Pansharpening", arguments=PansharpeningRule(pansharpening_type=3)
    )
    service = chain_service(tmp_path, tmp_path / "a.tif", [process])
    assert len(service.summary.bands) == 3
    box = Extent(LEFT, TOP - 400, LEFT + 400, TOP)
    got = pixels_of(service, nearest(box, 40))
    np.testing.assert_array_equal(got.data, np.rint((bands[1:] + bands[0].astype(float)) / 2))


def _bands(*numbers: int) -> RenderingRule:
    return RenderingRule(function="ExtractBand", arguments=ExtractBandRule(band_ids=numbers))


@pytest.mark.parametrize(("pixel_m", "is_sharp"), [(10, True), (20, False), (40, False)])
def test_bands_of_one_item_may_have_pixels_of_several_sizes(
    tmp_path: Path, pixel_m: int, *, is_sharp: bool
) -> None:
    """The second band has pixels of 10 m, the third of 20 m."""
    service = multi_resolution_service(tmp_path)
    rule = RenderingRule(
        function="Pansharpening",
        arguments=PansharpeningRule(pansharpening_type=3),
        inputs=(_bands(1), _bands(2)),
    )
    box = Extent(300_000, 5_700_000 - 4800, 300_000 + 4800, 5_700_000)
    got = pixels_of(service, nearest(box, 4800 // pixel_m, rendering=rule))
    plain = pixels_of(service, nearest(box, 4800 // pixel_m, rendering=_bands(2)))
    both = np.broadcast_to(got.valid & plain.valid, got.data.shape)
    assert np.array_equal(got.data[both], plain.data[both]) is not is_sharp


@pytest.mark.parametrize(("size", "is_sharp"), [(40, True), (20, False)])
def test_a_landsat_scene_is_sharpened_by_its_companion(
    tmp_path: Path, size: int, *, is_sharp: bool
) -> None:
    """The panchromatic band is an item that shows where its tag is asked for."""
    write_scene(tmp_path / "scene", ("2", "3", "4", "5", "8"))
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    add_rasters(folder, AddRequest(raster_type="landsat", paths=[tmp_path / "scene"]))
    build_definition(folder, BuildOptions(overviews="none"))
    compile_definition(folder.path, tmp_path / "a.zmd")
    service = open_service(str(tmp_path / "a.zmd"))
    pan = MosaicInput(mosaic=MosaicRule(where="Tag = 'Pan'"))
    rule = RenderingRule(
        function="Pansharpening",
        arguments=PansharpeningRule(pansharpening_type=3),
        inputs=(pan, MosaicInput()),
    )
    box = service.summary.extent
    got, plain, detail = (
        pixels_of(service, nearest(box, size, rendering=each))
        for each in (rule, None, RenderingRule(inputs=(pan,)))
    )
    both = np.broadcast_to(got.valid & plain.valid, got.data.shape)
    assert both[0].any()
    want = (plain.data + detail.data[0]) / 2 if is_sharp else plain.data
    np.testing.assert_allclose(got.data[both], want[both], rtol=1e-6)
