"""Samples of a view without encoding: the service's own type, all bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation, MosaicMethod
from engine.extent import Extent
from engine.read_view import read_view
from engine.request_parts import MosaicRule, View
from tests.engine.conftest import EAST, WEST
from tests.engine.rasters import ramp, single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_a_raster_read_at_its_own_size_is_the_raster(tmp_path: Path, dtype: str) -> None:
    data = ramp(40, 30, dtype, 3)
    service = single_service(write_raster(tmp_path / "a.tif", data))
    block = read_view(
        service, View(extent=Extent(500000, 5199600, 500300, 5200000), width=30, height=40)
    )
    assert block.data.dtype == dtype
    assert block.valid.all()
    np.testing.assert_array_equal(block.data, data)


def test_the_rule_decides_what_is_seen_where_rasters_overlap(pair: ImageService) -> None:
    view = View(extent=pair.summary.extent, width=96, height=64)
    nearest = Interpolation.NEAREST
    by_default = read_view(pair, view, interpolation=nearest)
    lock = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(2, 1))
    turned = read_view(pair, view, lock, nearest)
    assert (by_default.data[0, :, :64] == WEST).all()
    assert (by_default.data[0, :, 64:] == EAST).all()
    assert (turned.data[0, :, :32] == WEST).all()
    assert (turned.data[0, :, 32:] == EAST).all()


def test_a_view_beside_the_data_is_all_invalid(pair: ImageService) -> None:
    block = read_view(pair, View(extent=Extent(0, 0, 100, 100), width=7, height=5))
    assert block.data.shape == (3, 5, 7)
    assert not block.valid.any()
