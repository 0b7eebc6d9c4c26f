"""Rasters that lie: cut short, offsets beyond the end, deflate bombs, absurd sizes, nothing but NaN."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from config.definition import Interpolation
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.errors import ImageServerError, SourceError
from engine.readers.header import read_header
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from tests.engine.mosaics import compile_mosaic
from tests.engine.rasters import ramp, samples, single_service, write_raster
from tests.tiff_damage import (
    DAMAGES,
    SAME_SIZE,
    damage,
    damage_in_silence,
    deflate_bomb,
    set_all,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TILED = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}


def _view(service: object, size: int = 300) -> ImageRequest:
    view = View(extent=service.summary.extent, width=size, height=size)
    return ImageRequest(
        view=view, encoding=Encoding(format="bsq"), interpolation=Interpolation.NEAREST
    )


@pytest.mark.parametrize("how", DAMAGES)
def test_a_corrupt_source_is_skipped_and_counted_in_a_mosaic(
    tmp_path: Path, how: Callable[[bytearray], bytearray]
) -> None:
    bad = write_raster(tmp_path / "bad.tif", ramp(1024, 1024), **_TILED)
    good = write_raster(
        tmp_path / "good.tif",
        np.full((1, 1024, 1024), 77, np.uint8),
        transform=Affine(10, 0, 505120, 0, -10, 5200000),
        **_TILED,
    )
    stated = bad.stat()
    whole = bad.read_bytes()
    damage(bad, how)
    status = bad.stat()
    try:
        compile_mosaic([good, bad], tmp_path / "m.zmd", crs="EPSG:32632")
    except ImageServerError:
        # Too broken to be catalogued at all: then it never comes to be rendered.
        assert stated.st_size != status.st_size
        assert whole
        return
    service = open_service(str(tmp_path / "m.zmd"))
    work = Work(service, UNLIMITED)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    block = samples(service, _view(service), work)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 150
    assert (block.data[0, 20:180, 205:290] == 77).all()
    if how is not deflate_bomb:
        assert len(work.skipped) == 1
        assert "bad.tif" in work.skipped[0]
    result = answer(service, _view(service), UNLIMITED)
    assert result.cacheable is (not work.skipped)


@pytest.mark.parametrize("how", SAME_SIZE)
def test_a_corrupt_single_raster_is_an_error(
    tmp_path: Path, how: Callable[[bytearray], bytearray]
) -> None:
    path = write_raster(tmp_path / "bad.tif", ramp(1024, 1024), **_TILED)
    service = single_service(path)
    damage_in_silence(path, how)
    with pytest.raises(SourceError, match=r"bad\.tif"):
        samples(service, _view(service))


def test_a_source_deleted_after_it_was_published_is_skipped(tmp_path: Path) -> None:
    paths = [
        write_raster(tmp_path / "a.tif", ramp(64, 64)),
        write_raster(tmp_path / "b.tif", np.full((1, 64, 64), 9, np.uint8)),
    ]
    compile_mosaic(paths, tmp_path / "m.zmd", crs="EPSG:32632")
    service = open_service(str(tmp_path / "m.zmd"))
    paths[0].unlink()
    work = Work(service, UNLIMITED)
    block = samples(service, _view(service, 64), work)
    assert (block.data == 9).all()
    assert len(work.skipped) == 1


def test_a_small_file_that_claims_200000_pixels_a_side_serves_a_view(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"

    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=200_000,
        height=200_000,
        count=1,
        dtype="uint8",
        crs="EPSG:32632",
        transform=Affine(1, 0, 400000, 0, -1, 5300000),
        sparse_ok=True,
        tiled=True,
        compress="deflate",
    ):
        pass
    assert path.stat().st_size < 10_000_000
    header = read_header(str(path))
    assert (header.width, header.height) == (200_000, 200_000)


def test_bands_beyond_the_limit_are_refused_with_the_limit(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.ones((1, 4, 4), np.uint8))
    data = bytearray(path.read_bytes())
    set_all(data, 277, 65535)
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.tif"):
        read_header(str(path))


def test_a_file_of_nothing_but_nan_is_blank_everywhere(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "nan.tif", np.full((1, 64, 64), np.nan, np.float32))
    service = single_service(path)
    for kind in Interpolation:
        view = View(extent=service.summary.extent, width=50, height=50)
        request = ImageRequest(view=view, encoding=Encoding(format="bsq"), interpolation=kind)
        assert not samples(service, request).valid.any()
    png = ImageRequest(view=View(width=50, height=50), encoding=Encoding(format="png"))
    assert answer(service, png, UNLIMITED).body
    for band in service.summary.statistics:
        assert np.isfinite([band.min, band.max, band.mean, band.std]).all()
