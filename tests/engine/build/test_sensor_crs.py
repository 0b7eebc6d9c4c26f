"""The CRS of services of images that have none of their own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.build.sensor_crs import crs_around
from engine.geometry.projection import describe_crs
from engine.geometry.terrain_definition import ConstantHeight
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.adding.item_options import parse_item_options
from raster_types.base import ItemOptions
from tests.engine.rasters import ramp, write_raster
from tests.engine.sensor_scenes import add_images, sensor_service, write_image

if TYPE_CHECKING:
    from pathlib import Path

LEVEL = ConstantHeight(height_m=500.0)


@pytest.mark.parametrize(
    ("places", "crs"),
    [
        ([(3.0, 45.0)], "EPSG:32631"),
        ([(5.9, 45.0), (6.3, 45.0)], "EPSG:32632"),
        ([(24.0, -33.5)], "EPSG:32735"),
        ([(179.9, 10.0), (-179.8, 10.0)], "EPSG:32601"),
        ([(-180.0, 10.0)], "EPSG:32601"),
        ([(180.0, -10.0)], "EPSG:32760"),
        ([(20.0, 85.0)], "EPSG:3995"),
        ([(20.0, -85.0)], "EPSG:3031"),
        ([(0.0, 45.0), (40.0, 45.0)], "EPSG:3857"),
    ],
)
def test_the_zone_is_that_of_the_middle(places: list[tuple[float, float]], crs: str) -> None:
    found = crs_around(places)
    if places == [(180.0, -10.0)]:
        # 180° is as much the edge of one zone as of the other.
        assert found in ("EPSG:32701", crs)
    else:
        assert found == crs


def test_satellite_images_are_served_in_the_utm_zone_of_their_middle(tmp_path: Path) -> None:
    images = [write_image(tmp_path / "a.tif"), write_image(tmp_path / "b.tif", 3.01)]
    service = sensor_service(tmp_path, images, LEVEL, crs="")
    assert service.summary.crs == "EPSG:32631"
    assert service.summary.item_count == 2


def test_rasters_on_a_map_come_first(tmp_path: Path) -> None:
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], LEVEL, crs="")
    raster = write_raster(tmp_path / "r.tif", ramp(8, 8, "uint16", 2), crs="EPSG:32632")
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[raster]))
    report = build_definition(definition, BuildOptions(overviews="none"))
    assert report.facts is not None
    assert report.facts.crs == "EPSG:32632"


def test_aerial_images_are_served_in_the_crs_of_their_orientations(
    tmp_path: Path, shared_data: Path
) -> None:
    kit = shared_data / "05_frame_camera/ngi"
    for name in ("ngi_xyz_opk.csv", "ngi_xyz_opk.prj", "ngi_int_param.yaml", "dem.tif"):
        shutil.copy(kit / name, tmp_path)
    image = tmp_path / "3324c_2015_1004_05_0182_RGB.tif"
    shutil.copy(kit / image.name, image)
    definition = DefinitionFolder.create(tmp_path / "d.isdef", ServiceProperties())
    options = parse_item_options(
        dem=str(tmp_path / "dem.tif"), dem_datum="ellipsoid", exterior=tmp_path / "ngi_xyz_opk.csv"
    )
    options = ItemOptions(
        terrain=options.terrain,
        exterior=options.exterior,
        interior=str(tmp_path / "ngi_int_param.yaml"),
    )
    request = AddRequest(raster_type="frame-camera", paths=[image], options=options)
    assert add_rasters(definition, request).failed == []
    report = build_definition(definition, BuildOptions(overviews="none"))
    assert report.facts is not None
    with definition.table() as table:
        (row,) = table.rows()
    geolocation = row.raster.geolocation
    assert geolocation is not None
    assert geolocation.sensor is not None
    assert report.facts.crs == geolocation.sensor.ground_crs
    assert not describe_crs(report.facts.crs).is_geographic
