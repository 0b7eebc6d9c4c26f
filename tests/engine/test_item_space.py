"""Ground to image and back, item by item, against GDAL's RPC transformer and plain geotransforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio
from rasterio.transform import RPCTransformer

from engine.build.compile_raster import compile_raster
from engine.errors import ItemNotFound
from engine.geolocation import bind_geolocation, unpack_geolocation
from engine.geometry.terrain_definition import AverageHeight
from engine.geotransforms.affine import Affine
from engine.item_space import MapSpace, Points, SensorSpace, item_space, project
from engine.service import open_service
from tests.engine.image_pairs import COLS, ROWS, pair_service, points
from tests.engine.rasters import ramp, write_raster
from tests.engine.sensor_scenes import over, sensor_service, slanting_rpc, write_image
from tests.engine.sensor_scenes import write_terrain as hills

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return pair_service(tmp_path_factory.mktemp("pair"))


def _all_over(count: int = 100) -> Points:
    random = np.random.default_rng(4)
    return Points(
        random.uniform(0, COLS, count), random.uniform(0, ROWS, count), np.full(count, np.nan)
    )


def test_an_image_meets_the_terrain_and_comes_back_to_the_pixel(pair: ImageService) -> None:
    space = item_space(pair, 1)
    image = _all_over()
    ground = space.to_ground(image)
    assert np.isfinite(ground.z).all()
    assert 290 < ground.z.min() < ground.z.max() < 710
    back = space.to_image(Points(ground.x, ground.y, image.z))
    assert np.abs(back.x - image.x).max() < 1e-6
    assert np.abs(back.y - image.y).max() < 1e-6
    assert np.abs(back.z - ground.z).max() < 1e-6


def test_a_height_that_is_given_is_used_instead_of_the_terrain(pair: ImageService) -> None:
    space = item_space(pair, 1)
    lon, lat, z = 3.002, 45.001, 650.0
    with RPCTransformer(slanting_rpc()) as gdal:
        row, col = (np.ravel(v)[0] for v in gdal.rowcol([lon], [lat], zs=[z], op=float))
    found = space.to_image(points((lon, lat, z)))
    assert (found.x[0], found.y[0]) == pytest.approx((col, row), abs=1e-6)
    assert found.z[0] == z
    back = space.to_ground(found)
    assert (back.x[0], back.y[0]) == pytest.approx((lon, lat), abs=1e-9)


def test_what_leans_in_an_image_leans_away_from_its_sensor(pair: ImageService) -> None:
    left, right = item_space(pair, 1), item_space(pair, 2)
    middle = points((COLS / 2, ROWS / 2, 500.0))
    (to_left, to_right) = (
        space.lean(middle).x[0] - space.to_ground(middle).x[0] for space in (left, right)
    )
    # Raised ground moves by -0.2 · 200 / 500 columns a metre in one, 0.25 · 200 / 500 in the other.
    assert to_left < 0 < to_right
    assert to_left / to_right == pytest.approx(-0.2 / 0.25, rel=0.02)


def test_ground_outside_an_image_is_not_seen(pair: ImageService) -> None:
    space = item_space(pair, 1)
    image = points((10, 10), (-1, 10), (10, ROWS + 1), (COLS - 1, ROWS - 1))
    ground = space.to_ground(image)
    shown = space.sees(ground, space.to_image(ground))
    assert shown.tolist() == [True, False, False, True]


def test_ground_behind_a_ridge_is_not_seen(tmp_path: Path) -> None:
    terrain = hills(tmp_path / "ridge.tif")
    with rasterio.open(terrain, "r+") as file:
        heights = np.full((120, 120), 400.0, np.float32)
        # A wall 600 m high; lines of sight lean by about 1 in 2.5 to the east.
        heights[:, 60:62] = 1000.0
        file.write(heights, 1)
    service = sensor_service(tmp_path, [write_image(tmp_path / "a.tif")], over(terrain))
    space = item_space(service, 1)
    xs = np.arange(499_200.0, 500_900.0, 60.0)
    on_map = Points(xs, np.full(xs.size, 4983300.0), np.full(xs.size, np.nan))
    ground = project(on_map, "EPSG:32631", space.crs, None)
    image = space.to_image(ground)
    shown = space.sees(ground, image)
    hidden = xs[~shown]
    assert shown.any()
    # Its shadow, 240 m long, and its western face, which the sensor in the east does not see.
    assert hidden.tolist() == [499_920.0, 499_980.0, 500_040.0, 500_100.0]


def test_a_raster_on_a_map_follows_its_geotransform(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", ramp(64, 48))
    compile_raster(path, tmp_path / "a.zmd")
    service = open_service(str(tmp_path / "a.zmd"))
    space = item_space(service, 1)
    assert isinstance(space, MapSpace)
    item = service.catalog.item(1)
    x0, step, _, y0, _, down = item.geotransform
    found = space.to_image(points((x0 + 2.5 * step, y0 + 7.25 * down, 12.0)))
    assert (found.x[0], found.y[0], found.z[0]) == pytest.approx((2.5, 7.25, 12.0))
    back = space.to_ground(found)
    assert (back.x[0], back.y[0]) == pytest.approx((x0 + 2.5 * step, y0 + 7.25 * down))
    assert np.isnan(space.lean(found).x).all()
    outside = points((-1.0, 3.0), (3.0, 3.0))
    assert space.sees(space.to_ground(outside), outside).tolist() == [False, True]


def test_an_unknown_item_is_named(pair: ImageService) -> None:
    assert isinstance(item_space(pair, 1), SensorSpace)
    with pytest.raises(ItemNotFound, match="99"):
        item_space(pair, 99)


def test_points_without_a_place_on_a_map_are_nothing() -> None:
    found = project(points((10.0, 50.0, 5.0), (10.0, 1e9)), "EPSG:4326", "EPSG:3857", None)
    assert np.isfinite(found.x).tolist() == [True, False]
    assert found.z[0] == 5.0


def _chained(service: ImageService, **changes: object) -> SensorSpace:
    """Return the first image with further geotransforms in its chain."""
    item = service.catalog.item(1)
    geolocation = msgspec.structs.replace(unpack_geolocation(item.geolocation), **changes)
    return SensorSpace(item, bind_geolocation(geolocation, service.memory))


def test_a_chain_is_followed_as_one_way(pair: ImageService) -> None:
    plain = item_space(pair, 1)
    image = _all_over(30)
    ground = plain.to_ground(image)
    # Pixels of the file are twice as large as those that the model speaks of, and begin at (8, 6).
    crop = Affine(source_to_output=(8.0, 2.0, 0.0, 6.0, 0.0, 2.0))
    cropped = _chained(pair, image_side=(crop,))
    found = cropped.to_image(Points(ground.x, ground.y, image.z))
    assert np.abs(found.x - (image.x - 8) / 2).max() < 1e-6
    assert np.abs(found.y - (image.y - 6) / 2).max() < 1e-6
    back = cropped.to_ground(Points(found.x, found.y, image.z))
    assert np.abs(back.x - ground.x).max() < 1e-9


def test_a_map_that_was_moved_keeps_the_heights_of_its_ground(pair: ImageService) -> None:
    plain = item_space(pair, 1)
    image = _all_over(30)
    ground = plain.to_ground(image)
    east = Affine(source_to_output=(0.01, 1.0, 0.0, 0.0, 0.0, 1.0))
    found = _chained(pair, ground_side=(east,)).to_ground(image)
    assert np.abs(found.x - ground.x - 0.01).max() < 1e-9
    assert np.abs(found.z - ground.z).max() < 1e-4


def test_a_chain_in_the_plane_has_no_heights(pair: ImageService) -> None:
    place = Affine(source_to_output=(500000.0, 5.0, 0.0, 4983000.0, 0.0, -5.0))
    space = _chained(
        pair, sensor=None, image_side=(place,), crs="EPSG:32631", terrain=AverageHeight()
    )
    ground = space.to_ground(points((10.0, 20.0)))
    assert (ground.x[0], ground.y[0]) == pytest.approx((500050.0, 4982900.0))
    back = space.to_image(Points(ground.x, ground.y, np.full(1, np.nan)))
    assert (back.x[0], back.y[0]) == pytest.approx((10.0, 20.0))
    assert space.vertical_datum == ""
    # Nothing leans where nothing rises.
    assert space.lean(back).x[0] == pytest.approx(ground.x[0])
