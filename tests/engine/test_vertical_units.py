"""Slopes of heights in feet, by the vertical axis of the service's CRS, through the whole engine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rasterio import Affine

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.chain_files import set_service_chain
from engine.build.compile import compile_definition
from engine.extent import Extent
from engine.function_rules import (
    ArithmeticRule,
    ConvolutionRule,
    CurvatureRule,
    FunctionArguments,
    GainOffsetRule,
    HillshadeRule,
    SlopeRule,
)
from engine.request import ConstantInput, RenderingRule
from engine.service import open_service
from tests.engine.chain_services import chain_service, definition_with, pixels_of
from tests.engine.rasters import write_raster
from tests.engine.test_mosaic_process import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService

FOOT = 1200 / 3937
LEFT, TOP = 600_000.0, 4_000_000.0
SIDE = 40
# UTM zone 17 in metres, with heights in metres, in feet, and without any axis of heights.
CRS = {"metres": "EPSG:26917+5703", "feet": "EPSG:26917+6360", "flat": "EPSG:26917"}


def _heights() -> np.ndarray:
    """A plane that rises half a unit a metre to the east, with a hill."""
    row, col = np.mgrid[0:SIDE, 0:SIDE]
    hill = 30 * np.exp(-((row - 20) ** 2 + (col - 20) ** 2) / 60)
    return np.asarray((5.0 * col + hill + 1000)[np.newaxis].astype(np.float32))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageService]:
    found = {}
    for name, crs in CRS.items():
        folder = tmp_path_factory.mktemp(name)
        heights = _heights() * (FOOT if name == "metres" else 1.0)
        place = Affine(10, 0, LEFT, 0, -10, TOP)
        write_raster(folder / "dem.tif", heights.astype(np.float32), transform=place, crs=crs)
        found[name] = chain_service(folder, folder / "dem.tif", [])
    return found


def _ran(service: ImageService, rule: RenderingRule) -> PixelBlock:
    box = Extent(LEFT, TOP - 10 * SIDE, LEFT + 10 * SIDE, TOP)
    return pixels_of(service, nearest(box, SIDE, rendering=rule))


def _of(arguments: FunctionArguments, *inputs: Any) -> RenderingRule:
    return RenderingRule(
        function=str(arguments.__struct_config__.tag), arguments=arguments, inputs=inputs
    )


def test_the_slope_of_feet_is_that_of_the_ground(services: dict[str, ImageService]) -> None:
    found = _ran(services["feet"], _of(SlopeRule())).data[0]
    # Far from the hill half a foot a metre, but for the scale of the projection there.
    assert found[2, 2] == pytest.approx(math.degrees(math.atan(0.5 * FOOT)), rel=2e-3)
    bare = _ran(services["flat"], _of(SlopeRule())).data[0]
    assert bare[2, 2] == pytest.approx(math.degrees(math.atan(0.5)), rel=2e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        SlopeRule(),
        SlopeRule(slope_type=3),
        SlopeRule(slope_type=2, z_factor=3.0),
        HillshadeRule(z_factor=2.0),
        HillshadeRule(hillshade_type=1),
        CurvatureRule(),
    ],
)
def test_feet_and_metres_are_one_ground(
    services: dict[str, ImageService], arguments: FunctionArguments
) -> None:
    feet, metres = (_ran(services[name], _of(arguments)).data for name in ("feet", "metres"))
    np.testing.assert_allclose(
        feet, metres, rtol=1e-3, atol=1.001 if feet.dtype == np.uint8 else 0.01
    )
    assert np.ptp(feet) > 0


def test_esris_plain_arithmetic_takes_heights_as_they_are(
    services: dict[str, ImageService],
) -> None:
    found = _ran(services["feet"], _of(SlopeRule(plain_cells=True))).data[0]
    assert found[2, 2] == pytest.approx(math.degrees(math.atan(0.5)), rel=1e-3)


def test_smoothed_heights_are_heights_and_heights_times_a_number_are_not(
    services: dict[str, ImageService],
) -> None:
    smooth = _of(ConvolutionRule(kind=10))
    found = _ran(services["feet"], _of(SlopeRule(), smooth)).data[0, 2, 2]
    assert found == pytest.approx(math.degrees(math.atan(0.5 * FOOT)), rel=2e-3)
    for changed in (
        _of(ArithmeticRule(operation=3), RenderingRule(), ConstantInput(value=FOOT)),
        _of(GainOffsetRule(gains=(FOOT,))),
    ):
        found = _ran(services["feet"], _of(SlopeRule(), changed)).data[0, 2, 2]
        assert found == pytest.approx(math.degrees(math.atan(0.5 * FOOT)), rel=2e-3)


def test_a_service_chain_knows_the_unit_and_the_ground(
    tmp_path: Path, services: dict[str, ImageService]
) -> None:
    raster = tmp_path / "dem.tif"
    place = Affine(10, 0, LEFT, 0, -10, TOP)
    write_raster(raster, _heights(), transform=place, crs=CRS["feet"])
    folder = definition_with(tmp_path / "d.isdef", raster, properties={})
    (tmp_path / "chain.json").write_text('[{"process": "RasterFunction", "function": "Slope"}]')
    set_service_chain(folder, tmp_path / "chain.json")
    build_definition(folder, BuildOptions(overviews="none"))
    compile_definition(folder.path, tmp_path / "d.zmd")
    box = Extent(LEFT, TOP - 10 * SIDE, LEFT + 10 * SIDE, TOP)
    made = pixels_of(open_service(str(tmp_path / "d.zmd")), nearest(box, SIDE))
    np.testing.assert_array_equal(made.data, _ran(services["feet"], _of(SlopeRule())).data)
