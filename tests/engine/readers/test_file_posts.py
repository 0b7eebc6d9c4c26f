"""Posts of files are their samples, from any corner of the lattice, at every level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec.structs import replace
from rasterio import Affine

from engine.errors import ConfigError
from engine.process_memory import process_memory
from engine.readers.file_posts import FilePosts, post_item
from engine.readers.header import read_header
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path


def _posts(path: Path, crs: str = "") -> FilePosts:
    return FilePosts(post_item(read_header(str(path)), crs), process_memory())


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 9, (700, 600)).astype(np.float32)


def test_windows_anywhere_hold_the_samples_there(tmp_path: Path, samples: np.ndarray) -> None:
    posts = _posts(write_raster(tmp_path / "a.tif", samples[None]))
    level = posts.level(0.0)
    wide = np.pad(samples.astype(np.float64), 40, constant_values=np.nan)
    for row, col in ((-30, -30), (0, 0), (500, 490), (680, 590), (300, -5)):
        found = posts.read(level, row, col, 30, 25)
        np.testing.assert_array_equal(
            found, wide[row + 40 : row + 70, col + 40 : col + 65], strict=True
        )
    assert np.isnan(posts.read(level, 5000, 5000, 3, 3)).all()


def test_levels_are_the_files_own_and_then_means(tmp_path: Path, samples: np.ndarray) -> None:
    posts = _posts(write_raster(tmp_path / "a.tif", samples[None]))
    assert posts.level(19.0).geotransform == posts.level(0.0).geotransform
    level = posts.level(20.0)
    assert level.geotransform == (500000.0, 20.0, 0.0, 5200000.0, 0.0, -20.0)
    found = posts.read(level, 0, 0, 350, 300)
    wanted = samples.reshape(350, 2, 300, 2).mean(axis=(1, 3), dtype=np.float64)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert posts.size_of(level) == (300, 350)
    assert (posts.size, posts.post_size) == ((600, 700), 10.0)


def test_a_raster_around_the_world_is_its_own_neighbour(tmp_path: Path) -> None:
    data = np.arange(180 * 360, dtype=np.float32).reshape(1, 180, 360)
    place = Affine(1, 0, -180, 0, -1, 90)
    posts = _posts(write_raster(tmp_path / "w.tif", data, "EPSG:4326", place))
    found = posts.read(posts.level(0.0), 10, 355, 2, 10)
    np.testing.assert_array_equal(found[0], [3955, 3956, 3957, 3958, 3959, *range(3600, 3605)])
    found = posts.read(posts.level(0.0), 10, -2, 1, 4)
    np.testing.assert_array_equal(found[0], [3958, 3959, 3600, 3601])


def test_a_regional_raster_in_degrees_has_no_neighbour(tmp_path: Path) -> None:
    data = np.ones((1, 10, 10), np.float32)
    posts = _posts(write_raster(tmp_path / "r.tif", data, "EPSG:4326", Affine(1, 0, 0, 0, -1, 50)))
    found = posts.read(posts.level(0.0), 0, 8, 1, 4)
    assert np.isnan(found[0]).tolist() == [False, False, True, True]


def test_a_stated_crs_stands_in_for_the_files_own(tmp_path: Path, samples: np.ndarray) -> None:
    path = write_raster(tmp_path / "a.tif", samples[None])
    assert _posts(path).crs == "EPSG:32632"
    assert _posts(path, "EPSG:32633").crs == "EPSG:32633"
    assert _posts(path).identity == _posts(path).identity


def test_a_mask_in_the_first_band_is_no_terrain(tmp_path: Path) -> None:
    data = np.ones((1, 4, 4), np.uint8)
    path = write_raster(tmp_path / "m.tif", data, photometric="minisblack")
    header = read_header(str(path))
    with pytest.raises(ConfigError, match="mask in its first band"):
        post_item(replace(header, alpha_band=1))


def test_a_post_whose_centre_the_raster_does_not_reach_is_void(tmp_path: Path) -> None:
    data = np.ones((1, 65, 67), np.float32)
    posts = _posts(write_raster(tmp_path / "odd.tif", data))
    found = posts.read(posts.level(40.0), 0, 0, 18, 18)
    # 65 is 16 × 4 + 1: too little of the last one. 67 is 16 × 4 + 3: enough.
    assert np.isnan(found).sum() == 18 * 18 - 16 * 17
    assert (found[:16, :17] == 1).all()
