"""Adding again: with other options, and after files changed that say how images lie."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import rasterio

from config.definition import ServiceProperties
from engine.build.definition_folder import DefinitionFolder
from engine.geometry.terrain_definition import ConstantHeight
from engine.geotransforms.frame_camera import FrameCameraRecord
from engine.geotransforms.rpc import RpcRecord
from raster_types.adding.add import AddReport, AddRequest, add_rasters
from raster_types.adding.added import Added, AddedItems
from raster_types.adding.item_options import parse_item_options
from raster_types.base import ItemOptions, state_of_file
from tests.engine.rasters import ramp, write_raster
from tests.engine.sensor_scenes import write_image

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.item_row import ItemRow

HIGH, LOW = ConstantHeight(height_m=900.0), ConstantHeight(height_m=100.0)


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties())


def _add(
    folder: DefinitionFolder, path: Path, raster_type: str = "rpc", **options: object
) -> AddReport:
    request = AddRequest(raster_type=raster_type, paths=[path], options=ItemOptions(**options))
    return add_rasters(folder, request)


def _counts(report: AddReport) -> tuple[int, int, int]:
    return report.added, report.changed, report.unchanged


def _row(folder: DefinitionFolder) -> ItemRow:
    with folder.table() as table:
        (row,) = table.rows()
    return row


def test_images_are_read_again_with_another_terrain(
    tmp_path: Path, folder: DefinitionFolder
) -> None:
    image = write_image(tmp_path / "i.tif")
    assert _counts(_add(folder, image, terrain=LOW)) == (1, 0, 0)
    assert _counts(_add(folder, image, terrain=LOW)) == (0, 0, 1)
    before = _row(folder)
    assert _counts(_add(folder, image, terrain=HIGH)) == (0, 1, 0)
    after = _row(folder)
    assert after.id == before.id
    assert after.raster.geolocation is not None
    assert after.raster.geolocation.terrain == HIGH
    # What is not stated stays.
    assert _counts(_add(folder, image)) == (0, 0, 1)
    assert _counts(_add(folder, image, bands=(2,))) == (0, 1, 0)
    found = _row(folder).raster
    assert found.sources[0].bands == (2,)
    assert found.geolocation is not None
    assert found.geolocation.terrain == HIGH


def _sidecar(image: Path, row_offset: float) -> Path:
    """Write the RPC of an image beside it, with another offset."""
    with rasterio.open(image) as file:
        tags = file.tags(ns="RPC")
    plain = ("SAMP_OFF", "LAT_OFF", "LONG_OFF", "HEIGHT_OFF", "LINE_SCALE", "SAMP_SCALE")
    plain += ("LAT_SCALE", "LONG_SCALE", "HEIGHT_SCALE")
    lines = [f"LINE_OFF: {row_offset}", *(f"{name}: {tags[name]}" for name in plain)]
    for name in ("LINE_NUM_COEFF", "LINE_DEN_COEFF", "SAMP_NUM_COEFF", "SAMP_DEN_COEFF"):
        values = tags[name].split()
        lines += [f"{name}_{number}: {value}" for number, value in enumerate(values, 1)]
    path = image.with_name(f"{image.stem}_rpc.txt")
    path.write_text("\n".join(lines) + "\n")
    return path


def _row_offset(folder: DefinitionFolder) -> float:
    geolocation = _row(folder).raster.geolocation
    assert geolocation is not None
    assert isinstance(geolocation.sensor, RpcRecord)
    return geolocation.sensor.row_offset_px


def test_an_rpc_that_changed_beside_the_image_is_read_again(
    tmp_path: Path, folder: DefinitionFolder
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    image = write_image(images / "i.tif")
    assert _counts(_add(folder, images, terrain=LOW)) == (1, 0, 0)
    first = _row_offset(folder)
    _sidecar(image, 159.5)
    # A file that came is noticed as well as one that changed.
    assert _counts(_add(folder, images)) == (0, 1, 0)
    assert _row_offset(folder) - first == pytest.approx(10.0)
    assert _counts(_add(folder, images)) == (0, 0, 1)
    _sidecar(image, 179.5)
    assert _counts(_add(folder, images)) == (0, 1, 0)
    assert _row_offset(folder) - first == pytest.approx(30.0)
    geolocation = _row(folder).raster.geolocation
    assert geolocation is not None
    assert geolocation.terrain == LOW


def test_an_orientation_that_changed_is_read_again(
    tmp_path: Path, folder: DefinitionFolder, shared_data: Path
) -> None:
    kit = shared_data / "05_frame_camera/ngi"
    images = tmp_path / "images"
    images.mkdir()
    image = next(path for path in sorted(kit.glob("*.tif")) if path.stem != "dem")
    shutil.copy(image, images)
    for name in ("ngi_xyz_opk.csv", "ngi_xyz_opk.prj", "ngi_int_param.yaml"):
        shutil.copy(kit / name, images)
    options = parse_item_options(dem="300", exterior=images / "ngi_xyz_opk.csv")
    request = AddRequest(raster_type="frame-camera", paths=[images / image.name], options=options)
    assert _counts(add_rasters(folder, request))[0] == 1
    before = _camera_height(folder)
    assert _counts(add_rasters(folder, request)) == (0, 0, 1)
    table = images / "ngi_xyz_opk.csv"
    table.write_text(table.read_text() + "\n")
    assert _counts(add_rasters(folder, request)) == (0, 1, 0)
    assert _camera_height(folder) == before


def _camera_height(folder: DefinitionFolder) -> float:
    geolocation = _row(folder).raster.geolocation
    assert geolocation is not None
    assert isinstance(geolocation.sensor, FrameCameraRecord)
    return geolocation.sensor.position.z_m


def test_plain_rasters_need_no_record_and_follow_options(
    tmp_path: Path, folder: DefinitionFolder
) -> None:
    raster = write_raster(tmp_path / "r.tif", ramp(8, 8))
    assert _counts(_add(folder, raster, "raster-dataset")) == (1, 0, 0)
    assert _counts(_add(folder, raster, "raster-dataset")) == (0, 0, 1)
    with folder.table() as table:
        assert AddedItems(table, [1]).of_product(str(raster)) == {}
    assert _counts(_add(folder, raster, "raster-dataset", no_data="0.0")) == (0, 1, 0)
    assert _row(folder).raster.sources[0].no_data == "0.0"
    assert _counts(_add(folder, raster, "raster-dataset", no_data="0.0")) == (0, 0, 1)
    assert _counts(_add(folder, raster, "raster-dataset")) == (0, 0, 1)


def test_a_type_that_is_not_stated_does_not_undo_one_that_was(
    tmp_path: Path, folder: DefinitionFolder
) -> None:
    image = write_image(tmp_path / "i.tif")
    _add(folder, image, "raster-dataset")
    assert _row(folder).status.is_failed
    assert _counts(_add(folder, image, "rpc", terrain=LOW)) == (0, 1, 0)
    assert not _row(folder).status.is_failed
    assert _counts(_add(folder, image, "raster-dataset")) == (0, 0, 1)
    assert _row(folder).raster.raster_type == "rpc"


def test_records_of_items_that_are_gone_are_forgotten(
    tmp_path: Path, folder: DefinitionFolder
) -> None:
    image = write_image(tmp_path / "i.tif")
    _add(folder, image, terrain=LOW)
    with folder.table() as table:
        assert list(AddedItems(table, [1]).of_product(str(image))) == [1]
        assert AddedItems(table, []).of_product(str(image)) == {}


def test_a_file_that_is_gone_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a")
    added = Added("rpc", (str(path),), ItemOptions(), {str(path): state_of_file(str(path))})
    assert not added.has_changed_files()
    path.unlink()
    assert added.has_changed_files()
