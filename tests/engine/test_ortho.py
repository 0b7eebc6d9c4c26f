"""Images with a sensor model, rendered over terrain, against GDAL's exact RPC transformer and orthos.

Covers engine.geolocation, engine.sensor_place, engine.geometry.ortho_locator,
engine.build.sensor_placement and raster_types.rpc_image.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer
from rasterio.warp import transform

from config.definition import Interpolation, ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import InvalidParameter
from engine.explain import explain
from engine.extent import Extent
from engine.geolocation import unpack_geolocation
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.service import ImageService

UTM = "EPSG:32631"


def _rpc() -> RPC:
    """A slanting view of 400 × 300 pixels of about 5 m near 3° E, 45° N."""
    plain = [0.0] * 20
    one = [1.0, *plain[1:]]
    line = [*plain]
    line[2], line[3], line[4] = -1.0, 0.12, 0.01
    sample = [*plain]
    sample[1], sample[3], sample[4] = 1.0, -0.2, 0.015
    return RPC(
        height_off=500.0,
        height_scale=500.0,
        lat_off=45.0,
        lat_scale=0.00675,
        line_den_coeff=one,
        line_num_coeff=line,
        line_off=149.5,
        line_scale=150.0,
        long_off=3.0,
        long_scale=0.0127,
        samp_den_coeff=one,
        samp_num_coeff=sample,
        samp_off=199.5,
        samp_scale=200.0,
        err_bias=None,
        err_rand=None,
    )


def _image(path: Path) -> Path:
    """Each pixel holds a thousand times nothing but where it is: 10 · col + 40 · row."""
    rows, cols = np.mgrid[0:300, 0:400]
    profile = {"driver": "GTiff", "width": 400, "height": 300, "count": 2, "dtype": "uint16"}
    with rasterio.open(path, "w", **profile, tiled=True, blockxsize=128, blockysize=128) as file:
        file.write(np.stack([cols * 100, rows * 100]).astype(np.uint16))
        file.rpcs = _rpc()
    return path


def _terrain(path: Path) -> Path:
    """Hills between 300 and 700 m, one post every 60 m."""
    rows, cols = np.mgrid[0:120, 0:120]
    heights = 500 + 150 * np.sin(cols / 9.0) + 50 * np.cos(rows / 7.0)
    profile = {"driver": "GTiff", "width": 120, "height": 120, "count": 1, "dtype": "float32"}
    west_north = Affine(60, 0, 496500, 0, -60, 4986900)
    with rasterio.open(path, "w", **profile, crs=UTM, transform=west_north) as file:
        file.write(heights.astype(np.float32), 1)
    return path


def _service(
    folder: Path, image: Path, terrain: TerrainDefinition | None, crs: str = UTM
) -> ImageService:
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties(crs=crs))
    options = ItemOptions(terrain=terrain)
    add_rasters(definition, AddRequest(raster_type="rpc", paths=[image], options=options))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def _samples(service: ImageService, extent: Extent, size: tuple[int, int]) -> np.ndarray:
    view = View(extent=extent, width=size[0], height=size[1], out_crs=service.summary.crs)
    request = ImageRequest(
        view=view, encoding=Encoding(format="bsq"), interpolation=Interpolation.BILINEAR
    )
    pixel_type = service.summary.pixel_type.dtype_name
    bands = len(service.summary.bands)
    count = bands * size[0] * size[1]
    body = bytes(answer(service, request, UNLIMITED).body)
    return np.frombuffer(body, pixel_type, count).reshape(bands, size[1], size[0])


def _inside(service: ImageService, share: float = 0.3) -> Extent:
    box = service.summary.extent
    half = share * min(box.width, box.height)
    x, y = round(box.center_x / 5) * 5, round(box.center_y / 5) * 5
    half = round(half / 40) * 40
    return Extent(x - half, y - half, x + half, y + half)


def _oracle(extent: Extent, size: int, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return column and row positions (corner origin) by GDAL's transformer at stated heights."""
    step = extent.width / size
    x, y = np.meshgrid(
        extent.xmin + (np.arange(size) + 0.5) * step, extent.ymax - (np.arange(size) + 0.5) * step
    )
    lon, lat = transform(UTM, "EPSG:4326", x.ravel(), y.ravel())
    with RPCTransformer(_rpc()) as transformer:
        found = [
            transformer.rowcol([a], [b], zs=[z], op=float)
            for a, b, z in zip(lon, lat, heights.ravel(), strict=True)
        ]
    rows, cols = (np.array([np.ravel(pair[k])[0] for pair in found]) for k in (0, 1))
    return cols.reshape(size, size), rows.reshape(size, size)


def test_an_image_over_level_ground_lies_where_gdal_puts_it(tmp_path: Path) -> None:
    service = _service(tmp_path, _image(tmp_path / "i.tif"), ConstantHeight(height_m=640.0))
    extent = _inside(service)
    size = 40
    found = _samples(service, extent, (size, size)).astype(float)
    cols, rows = _oracle(extent, size, np.full((size, size), 640.0))
    # A sample is 100 times the position of its centre.
    assert np.abs(found[0] / 100 + 0.5 - cols).max() < 0.05
    assert np.abs(found[1] / 100 + 0.5 - rows).max() < 0.05


def test_terrain_moves_pixels_as_far_as_its_heights_say(tmp_path: Path) -> None:
    terrain = RasterTerrain(path=str(_terrain(tmp_path / "t.tif")), vertical_datum="ellipsoid")
    service = _service(tmp_path, _image(tmp_path / "i.tif"), terrain)
    extent = _inside(service)
    size = 40
    found = _samples(service, extent, (size, size)).astype(float)
    step = extent.width / size
    with rasterio.open(tmp_path / "t.tif") as file:
        posts = file.read(1).astype(float)
        x = extent.xmin + (np.arange(size) + 0.5) * step
        y = extent.ymax - (np.arange(size) + 0.5) * step
        col = (x - file.transform.c) / 60 - 0.5
        row = (file.transform.f - y) / 60 - 0.5
    heights = _bilinear(posts, col, row)
    cols, rows = _oracle(extent, size, heights)
    assert np.ptp(heights) > 100
    assert np.abs(found[0] / 100 + 0.5 - cols).max() < 0.2
    assert np.abs(found[1] / 100 + 0.5 - rows).max() < 0.2


def _bilinear(posts: np.ndarray, col: np.ndarray, row: np.ndarray) -> np.ndarray:
    c0, r0 = np.floor(col).astype(int), np.floor(row).astype(int)
    fc, fr = col - c0, (row - r0)[:, np.newaxis]
    top = posts[np.ix_(r0, c0)] * (1 - fc) + posts[np.ix_(r0, c0 + 1)] * fc
    low = posts[np.ix_(r0 + 1, c0)] * (1 - fc) + posts[np.ix_(r0 + 1, c0 + 1)] * fc
    return np.asarray(top * (1 - fr) + low * fr)


def test_any_cut_of_an_ortho_gives_the_same_pixels(tmp_path: Path) -> None:
    terrain = RasterTerrain(path=str(_terrain(tmp_path / "t.tif")), vertical_datum="ellipsoid")
    service = _service(tmp_path, _image(tmp_path / "i.tif"), terrain)
    box = _inside(service)
    whole = _samples(service, box, (96, 96))
    middle = box.xmin + box.width / 2
    left = _samples(service, Extent(box.xmin, box.ymin, middle, box.ymax), (48, 96))
    right = _samples(service, Extent(middle, box.ymin, box.xmax, box.ymax), (48, 96))
    assert np.array_equal(np.concatenate([left, right], axis=2), whole)
    assert np.ptp(whole) > 0


def test_the_footprint_holds_what_the_image_shows(tmp_path: Path) -> None:
    service = _service(tmp_path, _image(tmp_path / "i.tif"), ConstantHeight(height_m=640.0))
    box = service.summary.extent
    assert 1800 < box.width < 2300
    assert 1350 < box.height < 1800
    samples = _samples(service, box.expand(200, 200), (100, 100))
    assert 0.4 < np.count_nonzero(samples[1]) / samples[1].size < 0.95


def test_explain_tells_the_way_over_the_terrain(tmp_path: Path) -> None:
    service = _service(tmp_path, _image(tmp_path / "i.tif"), ConstantHeight(height_m=640.0))
    view = View(extent=_inside(service), width=50, height=50)
    request = ImageRequest(view=view, encoding=Encoding(format="png"))
    (raster,) = explain(request, Work(service, UNLIMITED)).rasters
    assert "terrain (ellipsoid), 640 m everywhere" in raster.operation


def test_ground_without_terrain_is_no_data(tmp_path: Path) -> None:
    path = _terrain(tmp_path / "t.tif")
    with rasterio.open(path, "r+") as file:
        posts = file.read(1)
        posts[:, 60:] = -9999
        file.nodata = -9999
        file.write(posts, 1)
    terrain = RasterTerrain(path=str(path), vertical_datum="ellipsoid")
    service = _service(tmp_path, _image(tmp_path / "i.tif"), terrain)
    extent = Extent(499800, 4982900, 500400, 4983500)
    samples = _samples(service, extent, (120, 120))
    assert samples[1][:, :40].min() > 0
    assert samples[1][:, 60:].max() == 0


@pytest.mark.parametrize("broken", ["LINE_NUM_COEFF", "SAMP_SCALE"])
def test_a_bad_model_fails_its_item_with_a_sentence(tmp_path: Path, broken: str) -> None:
    image = _image(tmp_path / "i.tif")
    with rasterio.open(image, "r+") as file:
        file.update_tags(ns="RPC", **{broken: "RATIONAL" if "COEFF" in broken else "0"})
    definition = DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties(crs=UTM))
    add_rasters(definition, AddRequest(raster_type="rpc", paths=[image], options=ItemOptions()))
    with definition.table() as table:
        (row,) = table.rows()
    assert row.status is ItemStatus.NOT_SUPPORTED
    assert "sensor model" in row.message


def test_bytes_that_are_no_geolocation_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="geolocation"):
        unpack_geolocation(b"\xc1")


def test_a_quickbird_ortho_equals_gdals_exact_one(tmp_path: Path, shared_data: Path) -> None:
    kit = shared_data / "04_rpc_satellite/qb2_baviaans"
    # The reference took the terrain's heights as they are.
    dem = str(shared_data / "05_frame_camera/ngi/dem.tif")
    terrain = RasterTerrain(path=dem, vertical_datum="ellipsoid")
    service = _service(tmp_path, kit / "qb2_basic1b.tif", terrain, "EPSG:32735")
    with rasterio.open(kit / "reference/ortho_utm35s_5m.tif") as file:
        expected = file.read(1).astype(float)
        box = Extent(*file.bounds)
    found = _samples(service, box, (expected.shape[1], expected.shape[0]))[0].astype(float)
    both = (expected > 0) & (found > 0)
    assert both.sum() > 0.998 * (expected > 0).sum()
    difference = np.abs(found[both] - expected[both])
    assert difference.mean() < 0.2
    assert np.quantile(difference, 0.99) <= 2
    assert np.corrcoef(found[both], expected[both])[0, 1] > 0.9998


def test_a_pleiades_crop_over_orthometric_terrain_equals_gdals_exact_ortho(
    tmp_path: Path, shared_data: Path
) -> None:
    kit = shared_data / "04_rpc_satellite/phr_ventoux"
    for name in ("left_image.tif", "left_image.geom"):
        shutil.copyfile(kit / name, tmp_path / name)
    terrain = RasterTerrain(
        path=str(kit / "dem/N44E005.hgt"), vertical_datum=str(kit / "dem/egm96_15.gtx")
    )
    # Its geotransform is the crop's place in the full scene, its RPC the full scene's.
    service = _service(tmp_path, tmp_path, terrain)
    with rasterio.open(kit / "reference/ortho_left_utm31_50cm.tif") as file:
        expected = file.read(1).astype(float)
        box = Extent(*file.bounds)
    found = _samples(service, box, (expected.shape[1], expected.shape[0]))[0].astype(float)
    assert np.array_equal(found > 0, expected > 0)
    assert np.abs(found - expected)[expected > 0].mean() < 0.02
