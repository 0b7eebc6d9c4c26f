"""Slopes of heights in feet, by the vertical axis of the CRS, and in chains, through the whole engine.

Covers engine.level_ground.
"""

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
from engine.chain import RasterFunctionProcess, Sampler2D
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
from engine.request_parts import ConstantInput, RenderingRule
from engine.service import open_service
from tests.engine.chain_services import chain_service, definition_with, pixels_of
from tests.engine.rasters import write_raster
from tests.engine.test_mosaic_process import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from engine.chain import Process
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


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("name", ["feet", "metres"])
def test_chains_of_items_know_the_unit_and_the_ground(
    tmp_path: Path, services: dict[str, ImageService], name: str, *, is_after: bool
) -> None:
    heights = _heights() * (FOOT if name == "metres" else 1.0)
    place = Affine(10, 0, LEFT, 0, -10, TOP)
    raster = tmp_path / "dem.tif"
    write_raster(raster, heights.astype(np.float32), transform=place, crs=CRS[name])
    slope = RasterFunctionProcess(function="Slope")
    chain: list[Process] = [Sampler2D(), slope] if is_after else [slope]
    service = chain_service(tmp_path, raster, chain)
    box = Extent(LEFT, TOP - 10 * SIDE, LEFT + 10 * SIDE, TOP)
    made = pixels_of(service, nearest(box, SIDE))
    wanted = _ran(services[name], _of(SlopeRule()))
    if is_after:
        # Vertical units are those of the file; pixels are those of the view.
        np.testing.assert_allclose(made.data, wanted.data, rtol=1e-5)
    else:
        inner = (slice(None), slice(1, -1), slice(1, -1))
        np.testing.assert_allclose(made.data[inner], wanted.data[inner], rtol=1e-5)
    # Statistics are those of slopes on the ground, too.
    assert service.summary.statistics[0].max == pytest.approx(float(wanted.data.max()), rel=0.02)


def test_slopes_of_items_in_degrees_are_those_of_the_ground(tmp_path: Path) -> None:
    row, col = np.mgrid[0:SIDE, 0:SIDE]
    heights = (5.0 * col + 0 * row)[np.newaxis].astype(np.float32)
    step = 0.0005
    write_raster(
        tmp_path / "dem.tif", heights, transform=Affine(step, 0, 8, 0, -step, 47), crs="EPSG:4326"
    )
    service = chain_service(
        tmp_path, tmp_path / "dem.tif", [RasterFunctionProcess(function="Slope")]
    )
    made = pixels_of(service, nearest(Extent(8, 47 - step * SIDE, 8 + step * SIDE, 47), SIDE))
    # A degree of longitude there, by the radius of curvature along the parallel.
    latitude = math.radians(47 - step * 20)
    radius = 6378137.0 / math.sqrt(1 - 0.00669437999014 * math.sin(latitude) ** 2)
    width = math.radians(step) * radius * math.cos(latitude)
    want = math.degrees(math.atan(5.0 / width))
    np.testing.assert_allclose(made.data[0, 19:21, 5:-5], want, rtol=1e-4)
