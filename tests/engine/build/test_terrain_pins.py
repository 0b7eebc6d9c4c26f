"""Published services as terrain, and building after a terrain changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile_raster import compile_raster
from engine.build.raster_record import ItemStatus
from engine.build.terrain_pins import terrain_of_row
from engine.errors import ConfigError
from engine.geolocation import unpack_geolocation
from engine.geometry.published_terrain import is_published, published_file
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from server.authoring.definition_report import describe, faults
from server.site.publishing import Publisher
from tests.engine.rasters import samples
from tests.engine.sensor_scenes import (
    add_images,
    compiled_service,
    image_request,
    middle,
    over,
    sensor_service,
    write_image,
    write_terrain,
)

if TYPE_CHECKING:
    from engine.build.build_options import BuildReport
    from engine.build.definition_folder import DefinitionFolder

NO_OVERVIEWS = BuildOptions(overviews="none")


def _publish(folder: Path, name: str, raised_m: float = 0.0) -> Path:
    """Publish a terrain; returns the folder of the service."""
    raster = write_terrain(folder / f"dem{raised_m:g}.tif", raised_m)
    compiled = folder / f"dem{raised_m:g}.zmd"
    compile_raster(raster, compiled)
    Publisher(folder / "data").publish(compiled, name)
    return folder / "data/services" / name


def _footprint(definition: DefinitionFolder) -> shapely.Geometry:
    with definition.table() as table:
        (row,) = table.rows()
    return shapely.from_wkb(row.wkb)


def _build(definition: DefinitionFolder) -> BuildReport:
    return build_definition(definition, NO_OVERVIEWS)


def test_a_published_service_is_terrain(tmp_path: Path) -> None:
    home = _publish(tmp_path, "heights/hills")
    image = write_image(tmp_path / "i.tif")
    terrain = RasterTerrain(path=str(home), vertical_datum="ellipsoid")
    (tmp_path / "a").mkdir()
    service = sensor_service(tmp_path / "a", [image], terrain)
    (tmp_path / "b").mkdir()
    plain = sensor_service(tmp_path / "b", [image], over(tmp_path / "dem0.tif"))
    request = image_request(service, middle(service))
    found, expected = samples(service, request), samples(plain, request)
    assert found.valid.all()
    assert np.array_equal(found.data, expected.data)


def test_what_is_published_later_counts_after_the_next_build(tmp_path: Path) -> None:
    home = _publish(tmp_path, "hills")
    terrain = RasterTerrain(path=str(home), vertical_datum="ellipsoid")
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], terrain)
    _build(definition)
    first = compiled_service(definition, tmp_path / "first.zmd")
    before, request = _footprint(definition), image_request(first, middle(first))
    old = samples(first, request)
    for raised in (100.0, 200.0, 300.0, 400.0, 500.0):
        _publish(tmp_path, "hills", raised)
    again = compiled_service(definition, tmp_path / "again.zmd")
    assert np.array_equal(samples(again, request).data, old.data)
    assert _build(definition).built == 1
    assert _footprint(definition).distance(before) == 0
    assert _footprint(definition).centroid.distance(before.centroid) > 50
    assert _build(definition).built == 0
    last = compiled_service(definition, tmp_path / "last.zmd")
    assert not np.array_equal(samples(last, request).data, old.data)
    # The version compiled first still has its terrain.
    (item,) = first.catalog.items_by_id([1])
    pinned = unpack_geolocation(item.geolocation).terrain
    assert isinstance(pinned, RasterTerrain)
    assert Path(pinned.path).parent == definition.path / "terrain"
    assert Path(pinned.path).is_file()


def test_a_deleted_service_leaves_what_was_pinned(tmp_path: Path) -> None:
    home = _publish(tmp_path, "hills")
    terrain = RasterTerrain(path=str(home), vertical_datum="ellipsoid")
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], terrain)
    _build(definition)
    Publisher(tmp_path / "data").delete("hills")
    assert not is_published(home)
    assert _build(definition).built == 0
    service = compiled_service(definition, tmp_path / "d.zmd")
    assert samples(service, image_request(service, middle(service))).valid.all()


def test_a_service_that_is_not_there_fails_the_item_with_a_sentence(tmp_path: Path) -> None:
    home = _publish(tmp_path, "hills")
    terrain = RasterTerrain(path=str(home), vertical_datum="ellipsoid")
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], terrain)
    (home / f"{(home / 'current').read_text().strip()}.zmd").unlink()
    with pytest.raises(ConfigError, match="current"):
        published_file(home)
    with pytest.raises(ConfigError, match="no raster could be placed"):
        _build(definition)
    with definition.table() as table:
        (row,) = table.rows()
    assert row.status is ItemStatus.BAD_DEFINITION
    assert "which is not there" in row.message


def test_a_footprint_moves_as_far_as_the_terrain_says(tmp_path: Path) -> None:
    dem = write_terrain(tmp_path / "t.tif")
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], over(dem))
    _build(definition)
    before = _footprint(definition).centroid
    dem.unlink()
    write_terrain(dem, raised_m=100.0)
    assert _build(definition).built == 1
    after = _footprint(definition).centroid
    # 100 m are a fifth of the height scale. The line of sight keeps its pixel, so in normalised
    # longitude it goes by 0.2 · 0.2 of the scale of 0.0127°, in latitude by 0.2 · 0.12 of 0.00675°.
    metres_lon, metres_lat = 78847.0, 111132.0
    assert after.x - before.x == pytest.approx(0.04 * 0.0127 * metres_lon, abs=2.0)
    assert after.y - before.y == pytest.approx(0.024 * 0.00675 * metres_lat, abs=2.0)


def test_rows_without_a_raster_for_terrain_have_none() -> None:
    assert terrain_of_row('{"raster_type": "rpc"}') is None
    assert terrain_of_row('{"geolocation":{"terrain":{"terrain":"Raster"}}}') is None
    assert terrain_of_row("{") is None
    text = '{"geolocation":{"terrain":{"terrain":"Raster","path":"/a.tif"}}}'
    assert terrain_of_row(text) == RasterTerrain(path="/a.tif")


def test_terrain_that_is_gone_fails_the_item_until_it_is_back(tmp_path: Path) -> None:
    dem = write_terrain(tmp_path / "t.tif")
    images = [write_image(tmp_path / "i.tif")]
    definition = add_images(tmp_path, images, over(dem))
    add_rasters(
        definition,
        AddRequest(
            raster_type="rpc",
            paths=[write_image(tmp_path / "level.tif")],
            options=ItemOptions(terrain=ConstantHeight(height_m=500.0)),
        ),
    )
    away = dem.rename(tmp_path / "away.tif")
    report = _build(definition)
    assert [(name, why) for _, name, why in report.failed] == [
        ("i", "Its terrain t.tif cannot be read: No such file or directory.")
    ]
    # Nothing is tried while nothing changed.
    assert _build(definition).failed == []
    away.rename(dem)
    report = _build(definition)
    assert (report.built, report.failed) == (1, [])


def test_an_rpc_that_changed_in_the_file_is_told(tmp_path: Path) -> None:
    image = write_image(tmp_path / "i.tif")
    definition = add_images(tmp_path, [image], ConstantHeight(height_m=500.0))
    assert _build(definition).notes == []
    image.unlink()
    write_image(image, 3.001)
    (note,) = _build(definition).notes
    assert note[2] == "The RPC in its file has changed since it was added; add it again."


def _terrain_lines(definition: DefinitionFolder) -> tuple[list[str], list[str]]:
    shown = [line for line in describe(definition) if line.startswith("terrain")]
    return shown, [line for line in faults(definition) if line.startswith("terrain")]


def test_show_and_validate_tell_of_the_terrain(tmp_path: Path) -> None:
    home = _publish(tmp_path, "hills")
    terrain = RasterTerrain(path=str(home), vertical_datum="ellipsoid")
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], terrain)
    _build(definition)
    (shown,), wrong = _terrain_lines(definition)
    assert "published service, version" in shown
    assert wrong == []
    _publish(tmp_path, "hills", 100.0)
    assert "another version serves now; build again" in _terrain_lines(definition)[1][0]
    _build(definition)
    assert _terrain_lines(definition)[1] == []
    Publisher(tmp_path / "data").delete("hills")
    assert "is no published service any more" in _terrain_lines(definition)[1][0]


def test_validate_tells_of_a_terrain_that_is_gone(tmp_path: Path) -> None:
    dem = write_terrain(tmp_path / "t.tif")
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], over(dem))
    _build(definition)
    assert _terrain_lines(definition) == ([f"terrain               {dem}: raster"], [])
    dem.unlink()
    assert _terrain_lines(definition)[1] == [f"terrain {dem}: is not there"]
