"""A compiled mosaic of elevation tiles is one terrain without seams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from engine.build.compile_raster import compile_raster
from engine.errors import ConfigError, SourceUnavailable
from engine.extent import Extent
from engine.geometry.projection import LONLAT, operation, transform
from engine.geometry.service_posts import open_service_posts
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import RasterTerrain
from engine.process_memory import process_memory
from tests.engine.mosaics import compile_mosaic
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain import PostTerrain

SIDE = 300


def _open(path: Path, **rest: object) -> PostTerrain:
    opener = TerrainOpener(process_memory(), open_service=open_service_posts)
    definition = RasterTerrain(path=str(path), vertical_datum="ellipsoid", **rest)
    return opener.open_raster(definition, "ellipsoid")


@pytest.fixture
def heights() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1000, (2 * SIDE, 2 * SIDE)).astype(np.float32)


@pytest.fixture
def tiles(tmp_path: Path, heights: np.ndarray) -> list[Path]:
    """Four tiles of one grid; with "whole.tif" all of it. Origins are on no round number."""
    write_raster(tmp_path / "whole.tif", heights[None], transform=_place(0, 0))
    return [
        write_raster(
            tmp_path / f"tile{row}{col}.tif",
            heights[None, row : row + SIDE, col : col + SIDE].copy(),
            transform=_place(row, col),
        )
        for row in (0, SIDE)
        for col in (0, SIDE)
    ]


def _place(row: int, col: int) -> Affine:
    return Affine(10, 0, 500003 + 10 * col, 0, -10, 5200007 - 10 * row)


@pytest.mark.parametrize("pixel_size", [0.0, 10.0, 25.0, 45.0])
def test_tiles_of_one_grid_are_that_grid(
    tmp_path: Path, tiles: list[Path], pixel_size: float
) -> None:
    compile_mosaic(tiles, tmp_path / "dem.zmd", crs="EPSG:32632")
    mosaic, whole = _open(tmp_path / "dem.zmd"), _open(tmp_path / "whole.tif")
    rng = np.random.default_rng(1)
    x, y = rng.uniform(499000, 507000, 5000), rng.uniform(5193000, 5201000, 5000)
    # Along the seams above all.
    x[:1000] = 503003 + rng.uniform(-12, 12, 1000)
    y[1000:2000] = 5197007 + rng.uniform(-12, 12, 1000)
    found, wanted = mosaic.heights(x, y, pixel_size), whole.heights(x, y, pixel_size)
    assert 0 < np.isnan(wanted).sum() < 4000
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-3)


def test_bounds_of_a_mosaic_hold_across_tiles(
    tmp_path: Path, tiles: list[Path], heights: np.ndarray
) -> None:
    compile_mosaic(tiles, tmp_path / "dem.zmd", crs="EPSG:32632")
    low, high = _open(tmp_path / "dem.zmd").relief(Extent(502900, 5196900, 503100, 5197100), 0.0)
    part = heights[SIDE - 12 : SIDE + 12, SIDE - 12 : SIDE + 12]
    assert part[2:-2, 2:-2].min() >= low >= part.min()
    assert part[2:-2, 2:-2].max() <= high <= part.max()


def test_where_no_tile_is_terrain_is_missing(tmp_path: Path, tiles: list[Path]) -> None:
    compile_mosaic([tiles[0], tiles[3]], tmp_path / "dem.zmd", crs="EPSG:32632")
    terrain = _open(tmp_path / "dem.zmd")
    x, y = np.array([501000.0, 504000.0]), np.array([5199000.0, 5199000.0])
    assert np.isnan(terrain.heights(x, y, 0.0)).tolist() == [False, True]


def test_a_tile_that_cannot_be_read_is_an_error_not_a_hole(
    tmp_path: Path, tiles: list[Path]
) -> None:
    compile_mosaic(tiles, tmp_path / "dem.zmd", crs="EPSG:32632")
    tiles[1].unlink()
    terrain = _open(tmp_path / "dem.zmd")
    with pytest.raises(SourceUnavailable):
        terrain.heights(np.array([504000.0]), np.array([5199000.0]), 0.0)


def test_tiles_in_another_crs_are_projected(tmp_path: Path) -> None:
    col = np.arange(200)
    ramp = np.broadcast_to(col * 2.0, (200, 200)).astype(np.float32)
    dem = write_raster(
        tmp_path / "ramp.tif", ramp[None].copy(), transform=Affine(10, 0, 500000, 0, -10, 5200000)
    )
    compile_mosaic([dem], tmp_path / "dem.zmd", crs="EPSG:4326")
    terrain = _open(tmp_path / "dem.zmd")
    assert terrain.crs == "EPSG:4326"
    whole = _open(dem)
    rng = np.random.default_rng(2)
    x, y = rng.uniform(500100, 501900, 200), rng.uniform(5198100, 5199900, 200)
    from_map = whole.heights(x, y, 0.0)
    lon, lat = _lonlat(x, y)
    np.testing.assert_allclose(terrain.heights(lon, lat, 0.0), from_map, rtol=0, atol=0.05)


def _lonlat(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return transform(operation("EPSG:32632", LONLAT).pipeline, x, y)


def test_a_crs_cannot_be_stated_for_a_service(tmp_path: Path, tiles: list[Path]) -> None:
    compile_mosaic(tiles, tmp_path / "dem.zmd", crs="EPSG:32632")
    with pytest.raises(ConfigError, match="service's own"):
        _open(tmp_path / "dem.zmd", crs="EPSG:32633")


def test_a_compiled_srtm_tile_is_the_tile(tmp_path: Path, shared_data: Path) -> None:
    tile = shared_data / "04_rpc_satellite" / "phr_ventoux" / "dem" / "N44E005.hgt"
    compile_raster(tile, tmp_path / "srtm.zmd")
    compiled, plain = _open(tmp_path / "srtm.zmd"), _open(tile)
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(4.9, 6.1, 3000), rng.uniform(43.9, 45.1, 3000)
    found, wanted = (terrain.heights(lon, lat, 0.0) for terrain in (compiled, plain))
    assert 0 < np.isnan(wanted).sum() < 1500
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-3)
    # 1201 posts are no whole number of 4: only away from the last ones levels are alike.
    lon, lat = rng.uniform(5.02, 5.98, 3000), rng.uniform(44.02, 44.98, 3000)
    found, wanted = (terrain.heights(lon, lat, 0.004) for terrain in (compiled, plain))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-3)
