"""Planes painted by squares of cells, as large views are, hold the same bits as cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation, MosaicOperator, ServiceProperties
from engine import render_planes as module
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.extent import Extent
from engine.geometry.terrain_definition import RasterTerrain
from engine.plan import plan
from engine.render_planes import render_planes
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from tests.engine.rasters import ramp, single_service, write_raster
from tests.engine.test_ortho import UTM, _image, _terrain

if TYPE_CHECKING:
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService


def _rendered(
    service: ImageService, request: ImageRequest, monkeypatch: pytest.MonkeyPatch, least: int
) -> tuple[PixelBlock, Work]:
    monkeypatch.setattr(module, "_LEAST_WIDE_PX", least)
    work = Work(service, UNLIMITED)
    return render_planes(plan(service, request), work, service.summary.pixel_type), work


def _holds_equal_bits(
    service: ImageService, request: ImageRequest, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Return how many cells fewer the wide way painted one by one."""
    plain, cell_work = _rendered(service, request, monkeypatch, 1 << 60)
    wide, wide_work = _rendered(service, request, monkeypatch, 0)
    np.testing.assert_array_equal(plain.valid, wide.valid)
    valid = np.broadcast_to(plain.valid, plain.data.shape)
    np.testing.assert_array_equal(plain.data[valid], wide.data[valid])
    assert valid.any()
    assert cell_work.filled == wide_work.filled
    return cell_work.samplings - wide_work.samplings


@pytest.mark.parametrize("operator", [MosaicOperator.FIRST, MosaicOperator.LAST])
@pytest.mark.parametrize("interpolation", [Interpolation.BILINEAR, Interpolation.CUBIC])
def test_two_rasters_side_by_side_and_around_them(
    pair: ImageService,
    operator: MosaicOperator,
    interpolation: Interpolation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = pair.summary.extent
    around = Extent(box.xmin - 203, box.ymin - 101, box.xmax + 77, box.ymax + 55)
    request = ImageRequest(
        view=View(extent=around, width=1300, height=900),
        encoding=Encoding(format="bsq"),
        mosaic=MosaicRule(operator=operator),
        interpolation=interpolation,
    )
    _holds_equal_bits(pair, request, monkeypatch)


def test_a_raster_larger_than_the_view_is_painted_in_fewer_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ramp(900, 900, bands=2).astype(np.uint16) * 37
    service = single_service(write_raster(tmp_path / "a.tif", data))
    box = service.summary.extent
    part = Extent(box.xmin + 50, box.ymin + 50, box.xmax - 50, box.ymax - 50)
    request = ImageRequest(
        view=View(extent=part, width=2100, height=1500, out_crs="EPSG:3857"),
        encoding=Encoding(format="bsq"),
    )
    assert _holds_equal_bits(service, request, monkeypatch) >= 20


def test_an_ortho_over_hills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = DefinitionFolder.create(tmp_path / "one.isdef", ServiceProperties(crs=UTM))
    terrain = RasterTerrain(path=str(_terrain(tmp_path / "dem.tif")), vertical_datum="ellipsoid")
    request = AddRequest(
        raster_type="rpc",
        paths=[_image(tmp_path / "raw.tif")],
        options=ItemOptions(terrain=terrain),
    )
    add_rasters(definition, request)
    build_definition(definition, BuildOptions(overviews="none", statistics=False))
    compile_definition(tmp_path / "one.isdef", tmp_path / "one.zmd")
    service = open_service(str(tmp_path / "one.zmd"))
    box = service.summary.extent
    for margin in (-150.0, 200.0):
        around = Extent(box.xmin - margin, box.ymin - margin, box.xmax + margin, box.ymax + margin)
        view = View(extent=around, width=1700, height=1200)
        asked = ImageRequest(view=view, encoding=Encoding(format="bsq"))
        _holds_equal_bits(service, asked, monkeypatch)
    service.close()
