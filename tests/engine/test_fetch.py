"""Windows of a level are its own pixels, put together from decoded blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.budget import UNLIMITED
from engine.errors import Cancelled
from engine.fetch import MixedValidity, block_source, fetch_window
from engine.levels import level_view
from engine.readers.block_reader import BlockRequest
from engine.render_work import Work
from engine.samplers.window import PixelWindow
from tests.engine.rasters import ramp, single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.fetch import BlockSource
    from engine.readers.block_cache import Form
    from engine.service import ImageService

_WINDOWS = [(0, 0, 300, 260), (0, 0, 1, 1), (100, 90, 200, 180), (299, 259, 300, 260)]
_TILED = {"tiled": True, "blockxsize": 128, "blockysize": 128}


def _source(service: ImageService, form: Form = "planes") -> BlockSource:
    item = service.catalog.item(1)
    bands = tuple(range(len(item.bands)))
    number = service.memory.identities.number(item)
    request = BlockRequest(item, number, level_view(item, 0), bands, False, item.footprint)
    return block_source(request, form)


@pytest.mark.parametrize("window", _WINDOWS)
def test_a_window_holds_the_files_own_pixels(
    tmp_path: Path, window: tuple[int, int, int, int]
) -> None:
    data = ramp(260, 300, "uint16", 2)
    service = single_service(write_raster(tmp_path / "a.tif", data, **_TILED))
    found = fetch_window(Work(service, UNLIMITED), _source(service), PixelWindow(*window))
    assert found is not None
    assert found.all_valid
    col, row = found.origin
    c0, r0, c1, r1 = window
    part = found.data[:, r0 - row : r1 - row, c0 - col : c1 - col]
    np.testing.assert_array_equal(part, data[:, r0:r1, c0:c1])


def test_no_data_in_one_of_several_blocks_is_invalid_and_no_other(tmp_path: Path) -> None:
    data = ramp(256, 256)
    data[0, 10, 200] = 0
    service = single_service(write_raster(tmp_path / "a.tif", data, nodata=0, **_TILED))
    found = fetch_window(Work(service, UNLIMITED), _source(service), PixelWindow(0, 0, 256, 256))
    assert found is not None
    assert found.valid is not None
    np.testing.assert_array_equal(found.valid[0], data[0] != 0)


def test_a_window_in_one_block_copies_nothing(tmp_path: Path) -> None:
    service = single_service(write_raster(tmp_path / "a.tif", ramp(256, 256), **_TILED))
    work, source = Work(service, UNLIMITED), _source(service)
    first = fetch_window(work, source, PixelWindow(130, 5, 140, 9))
    again = fetch_window(work, source, PixelWindow(200, 90, 201, 91))
    assert first is not None
    assert again is not None
    assert first.data is again.data
    assert first.origin == (128, 0)


def test_a_window_without_a_valid_pixel_is_nothing(tmp_path: Path) -> None:
    data = np.zeros((1, 64, 64), np.uint8)
    data[0, 0, 0] = 1
    service = single_service(write_raster(tmp_path / "a.tif", data, nodata=1))
    service_empty = single_service(
        write_raster(tmp_path / "b.tif", np.zeros((1, 256, 256), np.uint8) + 7, nodata=7, **_TILED)
    )
    window = PixelWindow(0, 0, 9, 9)
    assert fetch_window(Work(service, UNLIMITED), _source(service), window) is not None
    assert fetch_window(Work(service_empty, UNLIMITED), _source(service_empty), window) is None


def test_words_cannot_hold_bands_that_disagree(tmp_path: Path) -> None:
    data = ramp(64, 64, bands=3)
    data[1, 3, 3] = 0
    service = single_service(write_raster(tmp_path / "a.tif", data, nodata=0))
    work, window = Work(service, UNLIMITED), PixelWindow(0, 0, 64, 64)
    with pytest.raises(MixedValidity):
        fetch_window(work, _source(service, "rgbv"), window)
    planes = fetch_window(work, _source(service), window)
    assert planes is not None
    assert planes.valid is not None
    np.testing.assert_array_equal(np.broadcast_to(planes.valid, data.shape), data != 0)


class _Gone:
    def check(self) -> None:
        raise Cancelled

    def remaining_s(self) -> float:
        return 1.0


def test_nothing_is_decoded_for_a_caller_who_left(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", ramp(64, 64))
    service = single_service(path)
    source, window = _source(service), PixelWindow(0, 0, 64, 64)
    with pytest.raises(Cancelled):
        fetch_window(Work(service, _Gone()), source, window)
    # What is at hand costs nothing and is given.
    fetch_window(Work(service, UNLIMITED), source, window)
    found = fetch_window(Work(service, _Gone()), source, window)
    assert found is not None
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(found.data, dataset.read())
