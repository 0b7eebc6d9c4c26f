"""Products of rendering rules through the whole engine: what is read, which rasters, tiles and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.extent import Extent
from engine.function_rules import (
    ArgStatisticsRule,
    ArithmeticRule,
    ConvolutionRule,
    ExtractBandRule,
    HillshadeRule,
    InterpolateIrregularDataRule,
    LocalRule,
    MaskRule,
    NdviRule,
    StretchRule,
    VectorFieldRendererRule,
)
from engine.pixel_type import PixelType
from engine.request import ImageRequest
from engine.request_parts import (
    ConstantInput,
    Encoding,
    ItemInput,
    MosaicInput,
    MosaicRule,
    RenderingRule,
    TileAddress,
    View,
)
from tests.engine.chain_services import pixels_of
from tests.engine.test_mosaic_process import nearest, noise, service_with

if TYPE_CHECKING:
    from engine.service import ImageService

NDVI = RenderingRule(
    function="NDVI", arguments=NdviRule(visible_band=2, infrared_band=3, scientific_output=True)
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters of four bands side by side."""
    return service_with(tmp_path_factory.mktemp("rules"), [], bands=4)


def _ndvi() -> np.ndarray:
    data = noise(4).astype(float)
    return np.asarray((data[3] - data[2]) / (data[3] + data[2]))


def test_a_function_may_use_any_band_of_the_service(service: ImageService) -> None:
    got = pixels_of(service, nearest(rendering=NDVI))
    assert got.data.shape == (1, 200, 200)
    np.testing.assert_allclose(got.data[0], _ndvi(), rtol=1e-6)


def test_bands_that_are_asked_for_are_those_the_rule_knows(service: ImageService) -> None:
    rule = RenderingRule(function="NDVI", arguments=NdviRule(scientific_output=True))
    got = pixels_of(service, nearest(rendering=rule, band_ids=(2, 3)))
    np.testing.assert_allclose(got.data[0], _ndvi(), rtol=1e-6)


def test_a_picture_of_a_tree_is_its_last_function(service: ImageService) -> None:
    rule = RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, statistics=((-1.0, 1.0, 0.0, 0.5),)),
        inputs=(NDVI,),
    )
    got = pixels_of(service, nearest(rendering=rule, encoding=Encoding(format="png")))
    want = np.rint((_ndvi() + 1) / 2 * 255)
    assert np.abs(got.data[0].astype(float) - want).max() <= 1


def test_rules_of_several_mosaics_read_each(service: ImageService) -> None:
    first, second = (MosaicInput(mosaic=MosaicRule(fids=(fid,))) for fid in (1, 2))
    both = RenderingRule(
        function="Local", arguments=LocalRule(operation=74), inputs=(first, second)
    )
    got = pixels_of(service, nearest(rendering=both))
    np.testing.assert_array_equal(got.data, noise(4))
    one = RenderingRule(inputs=(ItemInput(item=1),))
    got = pixels_of(service, nearest(rendering=one))
    valid = np.broadcast_to(got.valid, got.data.shape)
    assert valid[:, :, :100].all()
    assert not valid[:, :, 100:].any()


def test_a_raster_less_a_number_is_arithmetic(service: ImageService) -> None:
    rule = RenderingRule(
        function="Arithmetic",
        arguments=ArithmeticRule(operation=2),
        inputs=(MosaicInput(), ConstantInput(value=7.0)),
        output_pixel_type=PixelType.S32,
    )
    got = pixels_of(service, nearest(rendering=rule))
    np.testing.assert_array_equal(got.data, noise(4).astype(int) - 7)


def test_colours_of_three_bands_are_a_picture_as_they_are(service: ImageService) -> None:
    rule = RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, statistics=((0.0, 60000.0, 1.0, 1.0),)),
        inputs=(
            RenderingRule(function="ExtractBand", arguments=ExtractBandRule(band_ids=(3, 1, 0))),
        ),
    )
    got = pixels_of(service, nearest(rendering=rule, encoding=Encoding(format="png")))
    want = np.rint(noise(4)[[3, 1, 0]] / 60000 * 255)
    assert np.abs(got.data.astype(float) - want).max() <= 1


_VECTORS = RenderingRule(
    function="VectorField",
    inputs=(RenderingRule(function="ExtractBand", arguments=ExtractBandRule(band_ids=(0, 1))),),
)
_SPARSE = RenderingRule(function="Mask", arguments=MaskRule(included_ranges=(0, 7000) * 4))
TREES = {
    "arrows": RenderingRule(
        function="VectorFieldRenderer",
        arguments=VectorFieldRendererRule(symbol_tile_size=37),
        inputs=(_VECTORS,),
    ),
    "interpolated": RenderingRule(
        function="InterpolateIrregularData",
        arguments=InterpolateIrregularDataRule(interpolation_method=2, radius=6),
        inputs=(_SPARSE,),
    ),
    "arg median of two": RenderingRule(
        function="ArgStatistics",
        arguments=ArgStatisticsRule(arg_statistics_type=2),
        inputs=(
            MosaicInput(),
            RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=12)),
        ),
    ),
    "ndvi of smoothed bands": RenderingRule(
        function="NDVI",
        arguments=NdviRule(visible_band=2, infrared_band=3),
        inputs=(RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=12)),),
    ),
    "shade": RenderingRule(function="Hillshade", arguments=HillshadeRule(z_factor=0.01)),
    "smoothed shade": RenderingRule(
        function="Convolution",
        arguments=ConvolutionRule(kind=10),
        inputs=(RenderingRule(function="Hillshade", arguments=HillshadeRule(z_factor=0.01)),),
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_tiles_equal_one_export(service: ImageService, name: str) -> None:
    half = 20037508.342789244
    size = 2 * half / 2**15
    box = service.summary.extent_mercator
    assert box is not None
    col, row = int((box.center_x + half) // size), int((half - box.center_y) // size)

    def tile(number: int) -> np.ndarray:
        view = View(tile=TileAddress(level=15, row=row, col=number))
        asked = ImageRequest(view=view, encoding=Encoding(format="bsq"), rendering=TREES[name])
        return pixels_of(service, asked).data

    tiles = np.concatenate([tile(col), tile(col + 1)], axis=2)
    extent = Extent(
        col * size - half, half - (row + 1) * size, (col + 2) * size - half, half - row * size
    )
    view = View(extent=extent, extent_crs="EPSG:3857", out_crs="EPSG:3857", width=512, height=256)
    whole = pixels_of(
        service,
        ImageRequest(view=view, encoding=Encoding(format="bsq"), rendering=TREES[name]),
    )
    shown = np.broadcast_to(whole.valid, whole.data.shape)
    assert shown.any()
    np.testing.assert_array_equal(tiles[shown], whole.data[shown])
