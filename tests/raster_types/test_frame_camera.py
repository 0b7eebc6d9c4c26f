"""Images of frame cameras as items: where their positions are from, and what a failed one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio

from config.definition import ServiceProperties
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError, UnknownProduct
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geotransforms.frame_camera import FrameCameraRecord
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.adding.item_options import parse_item_options
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem

UTM = "EPSG:32633"
GROUND = ConstantHeight(height_m=100.0)
TABLE = "image,x,y,z,omega,phi,kappa\nframe_1,500000,5000000,1000,0,0,0\n"
CAMERAS = "C1:\n  type: pinhole\n  im_size: [40, 30]\n  focal_len: 1\n"


def _image(
    folder: Path, name: str = "frame_1.tif", size: tuple[int, int] = (40, 30), **more: object
) -> Path:
    path = folder / name
    profile = {"driver": "GTiff", "width": size[0], "height": size[1], "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, **more) as file:
        file.write(np.ones((1, size[1], size[0]), np.uint8))
    return path


def _folder(folder: Path, table: str = TABLE) -> Path:
    (folder / "exterior.csv").write_text(table, encoding="utf-8")
    (folder / "cameras.yaml").write_text(CAMERAS, encoding="utf-8")
    return folder


def _item(path: Path, options: ItemOptions) -> NewItem:
    (item,) = read_product(ProductJob("frame-camera", (str(path),), options))
    return item


def _camera(item: NewItem) -> FrameCameraRecord:
    assert item.raster.geolocation is not None
    assert isinstance(item.raster.geolocation.sensor, FrameCameraRecord)
    return item.raster.geolocation.sensor


def test_an_image_gets_its_camera_and_says_where_it_stood(tmp_path: Path) -> None:
    path = _image(_folder(tmp_path))
    item = _item(path, ItemOptions(crs=UTM, terrain=GROUND))
    assert item.name == "frame_1"
    assert _camera(item).ground_crs == UTM
    assert _camera(item).vertical_datum == "ellipsoid"
    numbers = [item.attributes[name] for name in ("CameraX", "CameraY", "CameraZ")]
    assert numbers == [500000.0, 5000000.0, 1000.0]
    # 900 m above the ground, the focal length is that of 40 pixels.
    assert item.attributes["GSD"] == pytest.approx(22.5)
    assert item.attributes["OffNadir"] == pytest.approx(0, abs=1e-6)
    # The middle of zone 33.
    assert item.attributes["NadirLongitude"] == pytest.approx(15.0, abs=1e-9)
    assert item.attributes["NadirLatitude"] == pytest.approx(45.153, abs=0.001)


def test_attributes_of_cameras_are_numbers_in_the_table(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    _image(_folder(images))
    definition = DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties())
    options = ItemOptions(crs=UTM, terrain=GROUND)
    add_rasters(definition, AddRequest(raster_type="frame-camera", paths=[images], options=options))
    with definition.table() as table:
        (row,) = table.rows()
        assert {"CameraX", "NadirLatitude"} <= set(table.fields())
    assert row.status is ItemStatus.ADDED


def test_heights_of_cameras_count_from_what_those_of_the_terrain_do(tmp_path: Path) -> None:
    path = _image(_folder(tmp_path))
    plain = ItemOptions(crs=UTM, terrain=ConstantHeight(height_m=1.0, vertical_datum="egm96"))
    assert _camera(_item(path, plain)).vertical_datum == "egm96"
    dem = _image(tmp_path, "dem.tif", crs="EPSG:32633+3855")
    stated = msgspec.structs.replace(plain, terrain=RasterTerrain(path=str(dem)))
    assert _camera(_item(path, stated)).vertical_datum == "egm2008"
    silent = _image(tmp_path, "silent.tif", crs=UTM)
    with pytest.raises(UnknownProduct, match="--dem-datum"):
        _item(path, msgspec.structs.replace(plain, terrain=RasterTerrain(path=str(silent))))


@pytest.mark.parametrize(
    ("proj", "crs"),
    [
        ("+proj=utm +zone=33 +datum=WGS84 +units=m +no_defs=True", UTM),
        (rasterio.crs.CRS.from_epsg(32634).to_wkt(), "EPSG:32634"),
    ],
)
def test_a_prj_file_beside_the_table_places_it(tmp_path: Path, proj: str, crs: str) -> None:
    path = _image(_folder(tmp_path), crs="EPSG:32635")
    (tmp_path / "exterior.prj").write_text(proj, encoding="utf-8")
    assert _camera(_item(path, ItemOptions(terrain=GROUND))).ground_crs == crs
    (tmp_path / "exterior.prj").unlink()
    # For want of anything else, the image's own.
    assert _camera(_item(path, ItemOptions(terrain=GROUND))).ground_crs == "EPSG:32635"


def test_positions_in_degrees_go_to_the_authors_grid(tmp_path: Path) -> None:
    table = "image,longitude,latitude,z,roll,pitch,yaw\nframe_1,15,45.153,1000,0,0,0\n"
    path = _image(_folder(tmp_path, table))
    found = _camera(_item(path, ItemOptions(crs=UTM, terrain=GROUND))).position
    assert (found.x, found.y) == pytest.approx((500000, 5000000), abs=100)
    with pytest.raises(UnknownProduct, match="a projected CRS"):
        _item(path, ItemOptions(terrain=GROUND))
    with pytest.raises(UnknownProduct, match="a projected CRS"):
        _item(path, ItemOptions(crs="EPSG:4326", terrain=GROUND))


def test_the_terrain_beside_the_images_is_no_image(tmp_path: Path) -> None:
    dem = _image(_folder(tmp_path), "dem.tif")
    terrain = RasterTerrain(path=str(dem), vertical_datum="ellipsoid")
    job = ProductJob("frame-camera", (str(dem),), ItemOptions(terrain=terrain))
    assert read_product(job) == []


def test_a_camera_without_ground_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(UnknownProduct, match="--dem"):
        _item(_image(_folder(tmp_path)), ItemOptions(crs=UTM))


def test_a_wrong_size_is_a_sentence(tmp_path: Path) -> None:
    path = _image(_folder(tmp_path), size=(30, 30))
    with pytest.raises(UnknownProduct, match=r"30 x 30.*proportions of the frame, 40 x 30"):
        _item(path, ItemOptions(crs=UTM, terrain=GROUND))


def test_an_image_that_the_table_forgot_fails_alone_and_is_tried_again(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    _image(_folder(images))
    _image(images, "frame_2.tif")
    definition = DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties())
    request = AddRequest(
        raster_type="frame-camera", paths=[images], options=ItemOptions(crs=UTM, terrain=GROUND)
    )
    report = add_rasters(definition, request)
    assert report.added == 2
    ((failed, why),) = report.failed
    assert failed.endswith("frame_2.tif")
    assert "not in exterior.csv" in why
    _folder(images, TABLE + TABLE.splitlines()[1].replace("frame_1", "frame_2"))
    report = add_rasters(definition, request)
    # The table lays both images out, so both are read again.
    assert (report.changed, report.unchanged, report.failed) == (2, 0, [])


def test_files_named_by_the_author_must_exist(tmp_path: Path) -> None:
    table = _folder(tmp_path) / "exterior.csv"
    found = parse_item_options(exterior=table, interior=tmp_path / "cameras.yaml")
    assert found.exterior == str(table.resolve())
    with pytest.raises(ConfigError, match="--interior"):
        parse_item_options(interior=tmp_path / "none.yaml")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    options = msgspec.structs.replace(found, crs=UTM, terrain=GROUND)
    assert _camera(_item(_image(elsewhere), options)).columns == 40
