"""Heights are those of the references, in the datum asked for, and missing where terrain is missing."""

from __future__ import annotations

import json
import math
import threading
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer

from engine.budget import InstanceMemory
from engine.errors import ConfigError, InvalidParameter, SourceUnavailable
from engine.extent import Extent
from engine.geometry.projection import LONLAT, operation, transform
from engine.geometry.terrain import TerrainOpener, stated_datum
from engine.geometry.terrain_definition import (
    AverageHeight,
    ConstantHeight,
    RasterTerrain,
    TerrainDefinition,
)
from engine.geometry.void_height import void_height
from engine.process_memory import ProcessMemory, process_memory
from tests.engine.geometry.plain_sensors import SlantedSensor, TextRpc
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain import PostTerrain

PLACE = Affine(10, 0, 500000, 0, -10, 5200000)


@pytest.fixture(scope="session")
def ventoux(shared_data: Path) -> Path:
    return shared_data / "04_rpc_satellite" / "phr_ventoux"


def _open(path: Path, datum: str = "ellipsoid", **rest: object) -> PostTerrain:
    definition = RasterTerrain(path=str(path), **rest)
    return TerrainOpener(process_memory()).open_raster(definition, datum)


def _written(tmp_path: Path, heights: np.ndarray, **profile: object) -> Path:
    return write_raster(
        tmp_path / "dem.tif", heights[None].astype(np.float32), "EPSG:32632", PLACE, **profile
    )


def _srtm(ventoux: Path, **rest: object) -> PostTerrain:
    geoid = str(ventoux / "dem" / "egm96_15.gtx")
    return _open(ventoux / "dem" / "N44E005.hgt", vertical_datum=geoid, **rest)


# Against the kit.


def test_srtm_over_the_ellipsoid_is_the_references_crop(ventoux: Path) -> None:
    with rasterio.open(ventoux / "reference" / "dem_ellipsoidal_crop.tif") as dataset:
        known = dataset.read(1).astype(np.float64)
        row, col = np.mgrid[: dataset.height, : dataset.width]
        lon, lat = dataset.transform @ (col.ravel() + 0.5, row.ravel() + 0.5)
    found = _srtm(ventoux).heights(np.asarray(lon), np.asarray(lat), 0.0)
    np.testing.assert_allclose(found, known.ravel(), rtol=0, atol=1e-3)


def test_published_height_over_the_ellipsoid(ventoux: Path) -> None:
    truth = json.loads((ventoux / "reference" / "truth.json").read_text())
    case = truth["published"]["ellipsoidal_dem_height"][0]
    found = _srtm(ventoux).heights(np.array([case["lon"]]), np.array([case["lat"]]), 0.0)
    assert found[0] == pytest.approx(case["h"], rel=case["tol_rel"])


def test_heights_between_posts_are_bilinear(ventoux: Path) -> None:
    path = ventoux / "dem" / "N44E005.hgt"
    terrain = _open(path, vertical_datum="ellipsoid")
    with rasterio.open(path) as dataset:
        grid = dataset.read(1).astype(np.float64)
        inverse = ~dataset.transform
    grid[grid == -32768] = np.nan
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(5.0, 6.0, 2000), rng.uniform(44.0, 45.0, 2000)
    col, row = inverse @ (lon, lat)
    i, j = np.floor(row - 0.5).astype(int), np.floor(col - 0.5).astype(int)
    v, u = row - 0.5 - i, col - 0.5 - j
    wanted = (grid[i, j] * (1 - u) + grid[i, j + 1] * u) * (1 - v) + (
        grid[i + 1, j] * (1 - u) + grid[i + 1, j + 1] * u
    ) * v
    found = terrain.heights(lon, lat, 0.0)
    whole = ~np.isnan(wanted)
    assert whole.sum() > 1900
    np.testing.assert_allclose(found[whole], wanted[whole], rtol=0, atol=1e-6)


def test_voids_of_srtm_are_missing_where_they_are_nearest(ventoux: Path) -> None:
    path = ventoux / "dem" / "N44E005.hgt"
    with rasterio.open(path) as dataset:
        void = dataset.read(1) == -32768
        forward = dataset.transform
    assert void.any()
    rng = np.random.default_rng(5)
    row, col = rng.uniform(0, 1201, (2, 5000))
    near = np.argwhere(void)[rng.integers(0, void.sum(), 500)]
    row[:500], col[:500] = near[:, 0] + rng.uniform(-1, 2, 500), near[:, 1] + rng.uniform(0, 1, 500)
    row = np.clip(row, 0, 1200.999)
    lon, lat = forward @ (col, row)
    found = _srtm(ventoux).heights(np.asarray(lon), np.asarray(lat), 0.0)
    missing = void[row.astype(int), col.astype(int)]
    assert missing.sum() > 100
    # Positions within rounding of a post's edge may fall on either side.
    sure = (np.abs(row - np.round(row)) > 1e-6) & (np.abs(col - np.round(col)) > 1e-6)
    assert (np.isnan(found) == missing)[sure].all()


@pytest.mark.parametrize(("statistic", "key"), [("mean", 1), ("median", 1), ("min", 0), ("max", 0)])
def test_height_for_voids_is_the_published_statistic(
    ventoux: Path, statistic: str, key: int
) -> None:
    truth = json.loads((ventoux / "reference" / "truth.json").read_text())
    path = str(ventoux / "dem" / "N44E005.hgt")
    found = void_height(path, statistic, process_memory())
    # The published values are whole numbers.
    assert abs(found - truth["published"]["srtm_void_fill_values"][statistic]) <= key


def test_a_stated_void_height_counts_from_the_terrains_own_datum(ventoux: Path) -> None:
    with rasterio.open(ventoux / "dem" / "N44E005.hgt") as dataset:
        row, col = np.argwhere(dataset.read(1) == -32768)[0]
        lon, lat = dataset.transform @ (col + 0.5, row + 0.5)
    place = np.array([lon]), np.array([lat])
    plain = _srtm(ventoux).heights(*place, 0.0)
    filled = _srtm(ventoux, void_height_m=872.0).heights(*place, 0.0)
    assert math.isnan(plain[0])
    assert 872 + 48 < filled[0] < 872 + 54


def test_a_map_projected_dem_agrees_with_the_geographic_one_it_was_made_of(ventoux: Path) -> None:
    geoid = str(ventoux / "dem" / "egm96_15.gtx")
    utm = _open(ventoux / "dem" / "N44E005_UTM.tif", vertical_datum=geoid)
    bare = _open(ventoux / "dem" / "N44E005_UTM.tif", vertical_datum="ellipsoid")
    rng = np.random.default_rng(6)
    lon, lat = rng.uniform(5.2, 5.8, 300), rng.uniform(44.2, 44.8, 300)
    x, y = transform(operation(LONLAT, "EPSG:32631").pipeline, lon, lat)
    assert utm.crs == "EPSG:32631"
    with rasterio.open(geoid) as dataset:
        grid = dataset.read(1).astype(np.float64)
    row, col = (90 - lat) / 0.25, (lon + 180) / 0.25
    i, j = row.astype(int), col.astype(int)
    v, u = row - i, col - j
    wanted = (grid[i, j] * (1 - u) + grid[i, j + 1] * u) * (1 - v) + (
        grid[i + 1, j] * (1 - u) + grid[i + 1, j + 1] * u
    ) * v
    # Undulations are added at posts; between them both are bilinear, in different CRSs.
    np.testing.assert_allclose(
        utm.heights(x, y, 0.0) - bare.heights(x, y, 0.0), wanted, rtol=0, atol=1e-3
    )


def test_the_datum_of_a_compound_crs_is_taken(shared_data: Path) -> None:
    path = shared_data / "05_frame_camera" / "ngi" / "dem.tif"
    terrain = _open(path, "egm2008")
    x, y = np.array([-60454 + 100 * 24.0 + 12]), np.array([-3723500 - 200 * 24.0 - 12])
    with rasterio.open(path) as dataset:
        assert stated_datum(terrain.crs) == ""
        assert "VERT" not in terrain.crs
        assert terrain.heights(x, y, 0.0)[0] == pytest.approx(float(dataset.read(1)[200, 100]))


def test_a_wrong_datum_is_not_guessed_away(shared_data: Path) -> None:
    with pytest.raises(ConfigError, match=r"not known.*states none.*egm96"):
        _open(shared_data / "06_dem" / "gdal" / "n43.tif")


def test_heights_in_degrees_stay_metres(shared_data: Path) -> None:
    path = shared_data / "06_dem" / "gdal" / "n43.tif"
    terrain = _open(path, vertical_datum="ellipsoid")
    with rasterio.open(path) as dataset:
        lon, lat = dataset.transform @ (60.5, 30.5)
        known = float(dataset.read(1)[30, 60])
    found = terrain.heights(np.array([lon]), np.array([lat]), 0.0)
    assert found[0] == pytest.approx(known, abs=1e-9)
    box = Extent(-79.9, 43.1, -79.1, 43.9)
    low, high = terrain.relief(box, 0.0)
    assert 0 < low < known < high < 700


def test_heights_are_those_that_gdals_rpc_transformer_takes_from_a_dem(ventoux: Path) -> None:
    side_car = ventoux / "reference" / "left_image_crop_RPC.TXT"
    dem = ventoux / "dem" / "N44E005.hgt"
    rng = np.random.default_rng(12)
    lon, lat = rng.uniform(5.17, 5.24, 200), rng.uniform(44.18, 44.24, 200)
    options = {"RPC_DEM": str(dem), "RPC_DEMINTERPOLATION": "bilinear"}
    with RPCTransformer(_rpc(side_car), **options) as transformer:
        row, col = transformer.rowcol(lon, lat, op=lambda value: value)
    heights = _open(dem, vertical_datum="ellipsoid").heights(lon, lat, 0.0)
    own_col, own_row = TextRpc(side_car).ground_to_image(lon, lat, heights)
    np.testing.assert_allclose(own_col, col, rtol=0, atol=1e-3)
    np.testing.assert_allclose(own_row, row, rtol=0, atol=1e-3)


def _rpc(side_car: Path) -> RPC:
    lines = (line.split(":") for line in side_car.read_text().splitlines() if ":" in line)
    held = {key.strip(): rest.split()[0] for key, rest in lines}
    for name in ("LINE_NUM", "LINE_DEN", "SAMP_NUM", "SAMP_DEN"):
        held[f"{name}_COEFF"] = " ".join(held[f"{name}_COEFF_{k}"] for k in range(1, 21))
    return RPC.from_gdal(held)


# Synthetic.


def test_factor_and_offset_come_before_the_datum(tmp_path: Path) -> None:
    path = _written(tmp_path, np.full((20, 20), 100.0))
    terrain = _open(path, vertical_datum="ellipsoid", z_factor=0.3048, z_offset_m=7.0)
    assert terrain.heights(np.array([500100.0]), np.array([5199900.0]), 0.0)[0] == pytest.approx(
        37.48, abs=1e-5
    )


def test_scale_and_offset_of_the_file_are_applied(tmp_path: Path) -> None:
    path = tmp_path / "scaled.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 4, "width": 4, "dtype": "int16"}
    with rasterio.open(path, "w", crs="EPSG:32632", transform=PLACE, **profile) as dataset:
        dataset.write(np.full((1, 4, 4), 250, np.int16))
        dataset.scales, dataset.offsets = (0.1,), (400.0,)
    terrain = _open(path, vertical_datum="ellipsoid")
    assert terrain.heights(np.array([500020.0]), np.array([5199980.0]), 0.0)[0] == pytest.approx(
        425
    )


def test_level_is_chosen_by_output_pixel_size_and_neighbours_agree(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    heights = rng.uniform(0, 100, (512, 512)).astype(np.float32)
    path = _written(tmp_path, heights)
    terrain = _open(path, vertical_datum="ellipsoid")
    coarse = heights.reshape(128, 4, 128, 4).mean(axis=(1, 3), dtype=np.float64)
    x, y = np.array([500000 + 40 * 10.5]), np.array([5200000 - 40 * 20.5])
    for size in (40.0, 55.0, 79.0):
        assert terrain.heights(x, y, size)[0] == pytest.approx(coarse[20, 10], abs=1e-3)
    fine = _open(path, vertical_datum="ellipsoid").heights(x - 5, y - 5, 10.0)[0]
    assert fine == pytest.approx(heights[82, 41])


def test_relief_bounds_every_height_of_its_level(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    path = _written(tmp_path, rng.uniform(0, 100, (300, 300)))
    terrain = _open(path, vertical_datum="ellipsoid")
    for size in (0.0, 40.0):
        for _ in range(20):
            x0, y0 = 500000 + rng.uniform(0, 2500), 5197000 + rng.uniform(0, 2500)
            box = Extent(x0, y0, x0 + rng.uniform(1, 400), y0 + rng.uniform(1, 400))
            low, high = terrain.relief(box, size)
            x, y = rng.uniform(box.xmin, box.xmax, 300), rng.uniform(box.ymin, box.ymax, 300)
            found = terrain.heights(x, y, size)
            assert low <= found.min()
            assert found.max() <= high


def test_an_earth_tide_of_undulations_is_added_post_by_post(tmp_path: Path) -> None:
    # A grid around the pole: longitudes are anything but straight within a block.
    lon, lat = np.meshgrid(np.arange(-180, 180, 10.0), np.arange(90, 39, -10.0))
    grid = (lat + np.cos(np.radians(lon))).astype(np.float32)
    geoid = write_raster(
        tmp_path / "g.tif", grid[None], "EPSG:4326", Affine(10, 0, -185, 0, -10, 95)
    )
    place = Affine(1000, 0, -20000, 0, -1000, 20000)
    dem = write_raster(tmp_path / "p.tif", np.zeros((1, 40, 40), np.float32), "EPSG:3413", place)
    terrain = _open(dem, vertical_datum=str(geoid))
    col, row = np.meshgrid(np.arange(40), np.arange(40))
    x, y = -20000 + (col.ravel() + 0.5) * 1000.0, 20000 - (row.ravel() + 0.5) * 1000.0
    lon, lat = transform(operation("EPSG:3413", LONLAT).pipeline, x, y)
    shift = TerrainOpener(process_memory())._shift(str(geoid), "ellipsoid")
    np.testing.assert_allclose(terrain.heights(x, y, 0.0), shift.at(lon, lat), rtol=0, atol=1e-4)


def test_masks_and_nan_are_voids(tmp_path: Path) -> None:
    heights = np.full((20, 20), 5.0)
    heights[4, 4], heights[10, 10] = np.nan, -9999
    terrain = _open(_written(tmp_path, heights, nodata=-9999), vertical_datum="ellipsoid")
    at = np.array([4.5, 10.5, 11.4, 15.5]) * 10
    found = terrain.heights(500000 + at, 5200000 - at, 0.0)
    assert np.isnan(found).tolist() == [True, True, False, False]
    surface = terrain.surface(Extent(500030, 5199940, 500060, 5199970), 0.0)
    assert surface.has_voids
    assert (surface.low, surface.high) == (5.0, 5.0)


def test_a_stated_void_height_also_holds_beside_the_raster(tmp_path: Path) -> None:
    path = _written(tmp_path, np.full((20, 20), 100.0))
    terrain = _open(path, vertical_datum="ellipsoid", void_height_m=0.0)
    found = terrain.heights(np.array([400000.0, 500100.0]), np.full(2, 5199900.0), 0.0)
    assert found.tolist() == [0.0, 100.0]


def test_relief_of_a_wide_box_holds_what_is_stated_for_voids(tmp_path: Path) -> None:
    path = _written(tmp_path, np.full((20, 20), 100.0))
    world = Extent(-1e6, -1e6, 1e7, 1e7)
    assert _open(path, vertical_datum="ellipsoid").relief(world, 0.0) == (100.0, 100.0)
    filled = _open(path, vertical_datum="ellipsoid", void_height_m=-5.0)
    assert filled.relief(world, 0.0) == (-5.0, 100.0)


def test_threads_get_equal_heights_from_one_terrain(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    path = _written(tmp_path, rng.uniform(0, 100, (700, 700)))
    memory = ProcessMemory(InstanceMemory(terrain_bytes=600_000, block_cache_bytes=1 << 20))
    definition = RasterTerrain(path=str(path), vertical_datum="ellipsoid")
    terrain = TerrainOpener(memory).open_raster(definition, "ellipsoid")
    x, y = 500000 + rng.uniform(0, 7000, 3000), 5200000 - rng.uniform(0, 7000, 3000)
    wanted = _open(path, vertical_datum="ellipsoid").heights(x, y, 0.0)
    results: list[np.ndarray] = []

    def look() -> None:
        results.extend(terrain.heights(x, y, 0.0) for _ in range(3))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    assert all(np.array_equal(found, wanted) for found in results)
    assert memory.posts.nbytes <= 600_000


def test_a_changed_file_gives_no_heights(tmp_path: Path) -> None:
    path = _written(tmp_path, np.full((20, 20), 100.0))
    memory = ProcessMemory(InstanceMemory())
    definition = RasterTerrain(path=str(path), vertical_datum="ellipsoid")
    terrain = TerrainOpener(memory).open_raster(definition, "ellipsoid")
    _written(tmp_path, np.full((30, 30), 200.0))
    with pytest.raises(SourceUnavailable, match="has changed"):
        terrain.heights(np.array([500100.0]), np.array([5199900.0]), 0.0)


def test_a_raster_without_a_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.png"
    profile = {"driver": "PNG", "count": 1, "height": 4, "width": 4, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(ConfigError, match="no geotransform"):
        _open(path, vertical_datum="ellipsoid")


def test_a_compiled_service_needs_to_be_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="compiled service"):
        _open(tmp_path / "dem.zmd", vertical_datum="ellipsoid")


# One height.


def test_constant_and_average_heights() -> None:
    opener = TerrainOpener(process_memory())
    sensor = SlantedSensor(height_range=(100.0, 300.0))
    x = np.array([500000.0, math.nan])
    constant = opener.open(ConstantHeight(height_m=42.0), sensor)
    assert constant.heights(x, x, 0.0)[0] == 42.0
    assert math.isnan(constant.heights(x, x, 0.0)[1])
    average = opener.open(AverageHeight(), sensor)
    assert average.heights(x[:1], x[:1], 0.0)[0] == 200.0
    assert average.relief(Extent(0, 0, 1, 1), 0.0) == (200.0, 200.0)
    assert (average.crs, average.vertical_datum) == ("EPSG:32631", "ellipsoid")


def test_a_constant_height_follows_its_geoid(ventoux: Path) -> None:
    definition = ConstantHeight(height_m=10.0, vertical_datum=str(ventoux / "dem" / "egm96_15.gtx"))
    sensor = SlantedSensor(ground_crs="EPSG:4326")
    terrain = TerrainOpener(process_memory()).open(definition, sensor)
    found = terrain.heights(np.array([5.19368066]), np.array([44.20749145]), 0.0)
    assert found[0] == pytest.approx(60.8618354, abs=1e-6)
    low, high = terrain.relief(Extent(5, 44, 6, 45), 0.0)
    assert low <= found[0] <= high


@pytest.mark.parametrize(
    "definition",
    [
        RasterTerrain(path="x.tif", z_factor=0.0),
        RasterTerrain(path="x.tif", z_offset_m=math.nan),
        RasterTerrain(path="x.tif", void_height_m=math.inf),
        ConstantHeight(height_m=math.nan),
    ],
)
def test_senseless_numbers_are_refused(definition: TerrainDefinition) -> None:
    with pytest.raises(InvalidParameter):
        TerrainOpener(process_memory()).open(definition, SlantedSensor())


def test_definitions_are_json_with_a_tag() -> None:
    definition = RasterTerrain(path="dem.tif", vertical_datum="egm96")
    text = msgspec.json.encode(definition)
    assert json.loads(text) == {"terrain": "Raster", "path": "dem.tif", "vertical_datum": "egm96"}
    assert msgspec.json.decode(text, type=TerrainDefinition) == definition
    assert msgspec.json.decode(b'{"terrain":"Average"}', type=TerrainDefinition) == AverageHeight()
