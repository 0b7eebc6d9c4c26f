"""Gains that change across a raster: the same at all levels and cuts, in both forms of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation
from engine.budget import UNLIMITED
from engine.chain import RasterFunctionProcess, Sampler2D
from engine.chain_rules import item_faults, service_faults
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import ConvolutionRule, GainSurfaceRule
from engine.functions.base import BandsInfo, BlockPlace
from engine.functions.gain_surface import GainSurface
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render import render
from engine.render_planes import render_planes
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, RenderingRule, View
from tests.engine.chain_services import chain_service, pixels_of, view_of
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

LEFT, TOP = 500_000.0, 5_200_000.0
SIZE = 320
SURFACE = RasterFunctionProcess(
    function="GainSurface",
    arguments=GainSurfaceRule(rows=2, cols=3, gains=(0.5, 1.0, 0.5, 1.5, 1.0, 0.75)),
)
BOX = Extent(LEFT, TOP - SIZE * 10, LEFT + SIZE * 10, TOP)


def expected_gains(cols: int, rows: int) -> np.ndarray:
    """The surface at the centres of so many pixels, by numpy's own interpolation."""
    nodes = np.array([[0.5, 1.0, 0.5], [1.5, 1.0, 0.75]])
    x, y = (np.arange(cols) + 0.5) / cols, (np.arange(rows) + 0.5) / rows
    along = np.stack([np.interp(x, (0, 0.5, 1), line) for line in nodes])
    return np.asarray(along[0] + (along[1] - along[0]) * y[:, np.newaxis])


def service_of(folder: Path, data: np.ndarray, *chain: RasterFunctionProcess | Sampler2D):
    """Return the service of a file of small blocks under a chain."""
    path = write_raster(folder / "i.tif", data, tiled=True, blockxsize=128, blockysize=128)
    return chain_service(folder, path, list(chain))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_pixels_are_multiplied_by_the_gain_of_their_place_whatever_their_block(
    tmp_path: Path, kind: str
) -> None:
    data = np.random.default_rng(1).integers(20, 150, (3, SIZE, SIZE)).astype(kind)
    service = service_of(tmp_path, data, SURFACE)
    found = pixels_of(service, view_of(BOX, SIZE, SIZE)).data
    expected = data * expected_gains(SIZE, SIZE)
    if kind == "float32":
        assert np.allclose(found, expected, rtol=1e-6)
    else:
        assert np.abs(found - expected).max() <= 0.5 + 1e-9


def test_averaged_levels_have_the_gains_of_full_resolution(tmp_path: Path) -> None:
    service = service_of(tmp_path, np.full((1, SIZE, SIZE), 10000, np.uint16), SURFACE)
    small = SIZE // 8
    found = pixels_of(service, view_of(BOX, small, small)).data[0]
    expected = 10000 * expected_gains(SIZE, SIZE).reshape(small, 8, small, 8).mean((1, 3))
    # Four taps between halves of halves; the gains bend in the middle.
    assert np.abs(found - expected).max() < 40


def test_functions_with_neighbours_before_it_do_not_move_the_surface(tmp_path: Path) -> None:
    smooth = RasterFunctionProcess(function="Convolution", arguments=ConvolutionRule(kind=12))
    data = np.full((1, SIZE, SIZE), 10000, np.uint16)
    service = service_of(tmp_path, data, smooth, SURFACE)
    found = pixels_of(service, view_of(BOX, SIZE, SIZE)).data[0]
    assert np.abs(found - 10000 * expected_gains(SIZE, SIZE)).max() <= 0.5 + 1e-9


def test_two_cuts_of_a_view_have_the_pixels_of_one(tmp_path: Path) -> None:
    data = np.random.default_rng(1).integers(20, 150, (3, SIZE, SIZE)).astype(np.uint8)
    service = service_of(tmp_path, data, SURFACE)
    whole = pixels_of(service, view_of(BOX, SIZE, SIZE)).data
    half = Extent(BOX.xmin + 1000, BOX.ymin, BOX.xmax, BOX.ymax)
    part = pixels_of(service, view_of(half, SIZE - 100, SIZE)).data
    assert (whole[:, :, 100:] == part).all()


def test_colours_stay_in_the_fast_form_with_the_pixels_of_planes(tmp_path: Path) -> None:
    data = np.random.default_rng(1).integers(20, 150, (3, SIZE, SIZE)).astype(np.uint8)
    service = service_of(tmp_path, data, SURFACE)
    box = Extent(LEFT + 203, TOP - 1807, LEFT + 1803, TOP - 207)
    request = ImageRequest(
        view=View(extent=box, width=230, height=230),
        encoding=Encoding(format="png"),
        interpolation=Interpolation.BILINEAR,
    )
    planned, work = plan(service, request), Work(service, UNLIMITED)
    fast = render(planned, work, PixelType.U8)
    assert isinstance(fast, Rgbv)
    assert (fast.planes().data == render_planes(planned, work, PixelType.U8).data).all()


def test_statistics_of_the_whole_raster_are_of_corrected_pixels(tmp_path: Path) -> None:
    service = service_of(tmp_path, np.full((1, SIZE, SIZE), 10000, np.uint16), SURFACE)
    (statistics,) = service.summary.statistics
    assert statistics.mean == pytest.approx(10000 * expected_gains(SIZE, SIZE).mean(), rel=1e-3)


def test_one_node_is_one_gain_and_a_block_without_place_is_the_whole_raster() -> None:
    block = PixelBlock(np.full((1, 2, 4), 10.0), np.ones((1, 2, 4), np.bool_))
    info = BandsInfo(PixelType.F64, 1)

    def bind(rule: GainSurfaceRule):
        return GainSurface().bind(info, RenderingRule(function="GainSurface", arguments=rule))

    assert (bind(GainSurfaceRule(gains=(2.0,))).apply(block).data == 20.0).all()
    ramp = bind(GainSurfaceRule(cols=2, gains=(0.0, 1.0)))
    assert ramp.apply(block).data[0, 0].tolist() == [1.25, 3.75, 6.25, 8.75]
    beyond = ramp.apply_at(block, BlockPlace(2.0, 0.0, 0.1, 0.1))
    assert (beyond.data == 10.0).all()


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (GainSurfaceRule(rows=0), "rows, cols"),
        (GainSurfaceRule(cols=65, gains=(1.0,) * 65), "rows, cols"),
        (GainSurfaceRule(cols=2, gains=(1.0,) * 3), "gains"),
        (GainSurfaceRule(gains=(float("inf"),)), "gains"),
    ],
)
def test_nodes_that_cannot_be_are_refused(rule: GainSurfaceRule, told: str) -> None:
    asked = RenderingRule(function="GainSurface", arguments=rule)
    with pytest.raises(InvalidParameter, match=told):
        GainSurface().bind(BandsInfo(PixelType.U8, 3), asked)


def test_it_cannot_stand_behind_a_sampler_or_the_mosaic() -> None:
    assert item_faults([SURFACE, Sampler2D()]) == []
    (fault,) = item_faults([Sampler2D(), SURFACE])
    assert (fault.index, "before the sampler" in fault.why) == (1, True)
    (fault,) = service_faults([SURFACE])
    assert "chains of the items" in fault.why
