"""Elevation: one band of heights, voids that nobody declared, and tiles as terrain under an image.

Covers raster_types.elevation and raster_types.items.image_files.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from config.definition import Interpolation
from engine.errors import UnknownProduct
from engine.geolocation import Geolocation, bind_geolocation
from engine.geometry.service_posts import open_service_posts
from engine.geometry.terrain_definition import RasterTerrain
from engine.process_memory import process_memory
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from tests.raster_types.products import RECORD, UTM, picture, service_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem

SIDE = 60


def _tile(path: Path, col: int, dtype: str = "int16", **more: object) -> Path:
    """A plane of heights that rises eastwards by a metre a post, with one void in its middle."""
    heights = np.tile(np.arange(SIDE) + col * SIDE + 400, (SIDE, 1)).astype(dtype)
    heights[SIDE // 2, SIDE // 2] = -32768
    place = Affine(100.0, 0.0, 5e5 + col * SIDE * 100, 0.0, -100.0, 5e6)
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": dtype}
    with rasterio.open(path, "w", **profile, crs=UTM, transform=place, **more) as file:
        file.write(heights[np.newaxis])
    return path


def _item(path: Path, **options: object) -> NewItem:
    (item,) = read_product(ProductJob("elevation", (str(path),), ItemOptions(**options)))
    return item


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_voids_that_nobody_declares_are_no_data(tmp_path: Path, dtype: str) -> None:
    service = service_of(tmp_path, "elevation", [_tile(tmp_path / "a.tif", 0, dtype)])
    found = picture(service, service.summary.extent, (SIDE, SIDE))[0]
    assert found[0, 10] == 410
    assert np.count_nonzero((found >= 400) & (found < 460)) == SIDE * SIDE - 1
    assert service.interpolation is Interpolation.BILINEAR
    assert service.summary.data_type == "elevation"
    (band,) = service.summary.statistics
    assert (band.min, band.max) == (400, 459)


def test_what_the_file_or_the_author_declares_counts(tmp_path: Path) -> None:
    (source,) = _item(_tile(tmp_path / "a.tif", 0, nodata=-1)).raster.sources
    assert (source.no_data, source.valid_range) == ("", None)
    path = _tile(tmp_path / "b.tif", 0)
    (source,) = _item(path, no_data="7.0").raster.sources
    assert source.no_data == "7.0"
    (source,) = _item(path, valid_range=(0.0, 5.0)).raster.sources
    assert (source.no_data, source.valid_range) == ("", (0.0, 5.0))


@pytest.mark.parametrize(
    ("profile", "match"),
    [
        ({"count": 3, "dtype": "int16"}, "has 3 bands, elevation has one"),
        ({"count": 1, "dtype": "uint8"}, "of type U8"),
    ],
)
def test_what_is_no_elevation_says_why(
    tmp_path: Path, profile: dict[str, object], match: str
) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(path, "w", driver="GTiff", width=4, height=4, **profile) as file:
        file.write(np.ones((file.count, 4, 4), profile["dtype"]))
    with pytest.raises(UnknownProduct, match=match):
        _item(path)


def test_one_band_of_several_may_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    place = Affine(100.0, 0.0, 5e5, 0.0, -100.0, 5e6)
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 3, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs=UTM, transform=place) as file:
        file.write(np.ones((3, 4, 4), np.float32))
    assert _item(path, bands=(2,)).raster.sources[0].bands == (2,)
    with pytest.raises(UnknownProduct, match="band 4"):
        _item(path, bands=(4,))


def test_a_service_of_tiles_is_terrain_without_a_seam(tmp_path: Path) -> None:
    tiles = [_tile(tmp_path / f"{name}.tif", col) for col, name in enumerate("ab")]
    service = service_of(tmp_path, "elevation", tiles)
    terrain = RasterTerrain(path=str(service.path), vertical_datum="ellipsoid")
    geolocation = Geolocation(sensor=RECORD, terrain=terrain)
    bound = bind_geolocation(geolocation, process_memory(), open_service=open_service_posts)
    x = 5e5 + np.array([1250.0, 5990.0, 6000.0, 6010.0, 11000.0])
    heights = bound.terrain.heights(x, np.full(5, 5e6 - 1000.0), 0.0)
    assert heights == pytest.approx(400 + (x - 5e5) / 100 - 0.5, abs=1e-6)
    void = bound.terrain.heights(np.array([5e5 + 3050.0]), np.array([5e6 - 3050.0]), 0.0)
    assert math.isnan(void[0])


def test_srtm_of_the_kit_counts_from_egm96_and_has_voids(shared_data: Path) -> None:
    path = shared_data / "04_rpc_satellite/phr_ventoux/dem/N44E005.hgt"
    item = _item(path)
    assert item.attributes["VerticalDatum"] == "egm96"
    assert item.headers[0].bands[0].no_data == -32768
    stated = _item(shared_data / "05_frame_camera/ngi/dem.tif")
    assert stated.attributes["VerticalDatum"] == "egm2008"
