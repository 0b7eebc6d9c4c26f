"""Images with a sensor model while their terrain comes, goes and changes."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
import rasterio
import shapely

from engine.answer import answer
from engine.budget import UNLIMITED, InstanceMemory
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile_raster import compile_raster
from engine.errors import SourceUnavailable
from engine.explain import explain
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.geometry.terrain_pool import TerrainPool
from engine.process_memory import ProcessMemory
from engine.render_work import Work
from engine.request import IdentifyRequest
from engine.results import IdentifyResult
from engine.sensor_items import SensorItems
from engine.service import ImageService, open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
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


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at terrains at every question."""
    monkeypatch.setattr(TerrainPool.__init__, "__defaults__", ((), 0.0, 0.0))


def _scene(tmp_path: Path) -> tuple[ImageService, Path]:
    terrain = write_terrain(tmp_path / "t.tif")
    return sensor_service(tmp_path, [write_image(tmp_path / "i.tif")], over(terrain)), terrain


def _filled(service: ImageService, work: Work | None = None, shift_m: float = 0.0) -> int:
    """Count valid pixels of a view; another shift is another view, which no cache has."""
    box = middle(service)
    moved = type(box)(box.xmin + shift_m, box.ymin, box.xmax + shift_m, box.ymax)
    return int(samples(service, image_request(service, moved), work).valid[0].sum())


@pytest.mark.usefixtures("soon")
def test_an_image_whose_terrain_is_gone_is_left_out_and_comes_back(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    away = terrain.rename(tmp_path / "away.tif")
    work = Work(service, UNLIMITED)
    assert _filled(service, work) == 0
    assert len(work.skipped) == 1
    assert "terrain" in work.skipped[0] or "No such file" in work.skipped[0]
    away.rename(terrain)
    work = Work(service, UNLIMITED)
    assert _filled(service, work) == 3600
    assert work.skipped == []


@pytest.mark.usefixtures("soon")
def test_terrain_that_came_back_with_other_bytes_is_read_anew(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    before = samples(service, image_request(service, middle(service)))
    terrain.unlink()
    write_terrain(terrain, raised_m=100.0)
    # The next view that asks the terrain finds out; what is left of the old one is used no more.
    work = Work(service, UNLIMITED)
    assert _filled(service, work, shift_m=3.0) == 0
    assert "has changed" in work.skipped[0]
    after = samples(service, image_request(service, middle(service)))
    assert after.valid.all()
    oracle = sensor_service(_made(tmp_path / "fresh"), [tmp_path / "i.tif"], over(terrain))
    exact = samples(oracle, image_request(oracle, middle(service)))
    assert np.array_equal(after.data, exact.data)
    # 100 m of height are a fifth of the height scale: 0.2 · 0.2 · 200 columns.
    moved = (before.data[0].astype(float) - after.data[0]) / 100
    assert np.median(np.abs(moved)) == pytest.approx(8.0, abs=0.5)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.usefixtures("soon")
def test_corrupt_terrain_is_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    terrain.write_bytes(b"II*\0" + b"\xff" * 5000)
    work = Work(service, UNLIMITED)
    assert _filled(service, work) == 0
    assert len(work.skipped) == 1
    found = answer(service, image_request(service, middle(service)), UNLIMITED)
    assert found.skipped == 1
    assert not found.cacheable
    assert ("X-Swath-Skipped", "1") in found.headers
    assert str(tmp_path) not in repr(found.headers)


@pytest.mark.usefixtures("soon")
def test_terrain_that_lies_elsewhere_now_is_told(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    terrain.unlink()
    write_terrain(terrain, west=696500.0)
    work = Work(service, UNLIMITED)
    assert _filled(service, work) == 0
    assert "does not cover" in work.skipped[0]


def test_strict_services_fail_where_terrain_is_gone(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    terrain.unlink()
    properties = msgspec.structs.replace(service.summary.properties, strict_sources=True)
    service.summary = msgspec.structs.replace(service.summary, properties=properties)
    with pytest.raises(SourceUnavailable):
        _filled(service)


def test_what_failed_is_not_tried_at_every_tile_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service, terrain = _scene(tmp_path)
    away = terrain.rename(tmp_path / "away.tif")
    with caplog.at_level(logging.WARNING, "swath.engine"):
        for number in range(5):
            request = image_request(service, middle(service, 300 + 10 * number))
            assert answer(service, request, UNLIMITED).skipped == 1
            # It is there again, but was found missing a moment ago.
            shutil.copy2(away, terrain)
    told = [record.getMessage() for record in caplog.records]
    assert len([text for text in told if text.startswith("terrain ")]) == 1
    assert len([text for text in told if text.startswith("source skipped")]) == 1


def test_other_images_show_where_one_has_lost_its_terrain(tmp_path: Path) -> None:
    image = write_image(tmp_path / "i.tif")
    terrain = write_terrain(tmp_path / "t.tif")
    both = sensor_service(_made(tmp_path / "a"), [image], ConstantHeight(height_m=500.0))
    alone = sensor_service(_made(tmp_path / "b"), [image], over(terrain))
    terrain.unlink()
    assert _filled(both) == 3600
    assert _filled(alone) == 0


def test_planning_opens_no_terrain(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    terrain.unlink()
    for crs in (service.summary.crs, "EPSG:3857", "EPSG:4326"):
        (item,) = service.catalog.items_by_id([1])
        placed = service.placed(item, crs)
        assert placed is not None
        assert placed.scale_x > 0


def test_explain_names_the_image_that_lost_its_terrain(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    terrain.unlink()
    found = explain(image_request(service, middle(service)), Work(service, UNLIMITED))
    assert found.notes == ("i (1) is left out: its terrain cannot be read.",)
    assert str(tmp_path) not in repr(found)


def test_pixels_without_terrain_are_counted(tmp_path: Path) -> None:
    terrain = write_terrain(tmp_path / "t.tif")
    with rasterio.open(terrain, "r+") as file:
        posts = file.read(1)
        posts[:, 60:] = -9999
        file.write(posts, 1)
    image = write_image(tmp_path / "i.tif")
    service = sensor_service(tmp_path, [image], over(terrain))
    # The last post with a height stands at x = 496500 + 59.5 · 60 = 500070.
    box = type(service.summary.extent)(499770, 4982900, 500370, 4983500)
    request = image_request(service, box)
    work = Work(service, UNLIMITED)
    valid = samples(service, request, work).valid[0]
    assert 0 < valid.sum() < 3600
    assert work.no_terrain == 3600 - int(valid.sum())
    assert 0.4 < work.no_terrain / 3600 < 0.55
    found = answer(service, request, UNLIMITED)
    assert found.no_terrain_px == work.no_terrain
    assert ("X-Swath-No-Terrain", str(work.no_terrain)) in found.headers
    (raster,) = explain(request, Work(service, UNLIMITED)).rasters
    assert raster.no_terrain_px == work.no_terrain


def test_a_stated_height_fills_voids_and_nothing_is_counted(tmp_path: Path) -> None:
    terrain = write_terrain(tmp_path / "t.tif", west=500000.0)
    image = write_image(tmp_path / "i.tif")
    service = sensor_service(tmp_path, [image], over(terrain, void_height_m=500.0))
    work = Work(service, UNLIMITED)
    assert _filled(service, work) == 3600
    assert work.no_terrain == 0


def test_pixels_that_another_image_fills_are_not_counted(tmp_path: Path) -> None:
    # Two views of one place: the first over terrain that ends, the second over a level.
    terrain = write_terrain(tmp_path / "t.tif", west=500000.0)
    first, second = write_image(tmp_path / "a.tif"), write_image(tmp_path / "b.tif")
    definition = add_images(tmp_path, [first], over(terrain))
    options = ItemOptions(terrain=ConstantHeight(height_m=500.0))
    add_rasters(definition, AddRequest(raster_type="rpc", paths=[second], options=options))
    build_definition(definition, BuildOptions(overviews="none"))
    service = compiled_service(definition, tmp_path / "d.zmd")
    work = Work(service, UNLIMITED)
    assert _filled(service, work) == 3600
    assert work.no_terrain == 0


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_services_opened_as_terrain_close_with_the_service(tmp_path: Path) -> None:
    terrain = write_terrain(tmp_path / "t.tif")
    compiled = tmp_path / "dem.zmd"
    compile_raster(terrain, compiled)
    definition = RasterTerrain(path=str(compiled), vertical_datum="ellipsoid")
    service = sensor_service(tmp_path, [write_image(tmp_path / "i.tif")], definition)
    assert _filled(service) == 3600
    service.close()
    before = _open_files()
    for number in range(50):
        again = open_service(str(tmp_path / "d.zmd"))
        assert _filled(again, shift_m=number * 1.0) == 3600
        again.close()
    assert _open_files() <= before + 1


def test_two_threads_bind_one_geolocation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, _ = _scene(tmp_path)
    (item,) = service.catalog.items_by_id([1])
    items = SensorItems(service.path, service.summary.crs, service.memory, lambda: None)
    opened = []
    real = TerrainPool.open

    def slow(self: TerrainPool, *args: object) -> object:
        opened.append(threading.current_thread().name)
        return real(self, *args)  # type: ignore[arg-type]  # -- passed on

    monkeypatch.setattr(TerrainPool, "open", slow)
    start = threading.Barrier(8)
    found: list[object] = []

    def bind() -> None:
        start.wait()
        found.append(items.geolocation(item).terrain)

    threads = [threading.Thread(target=bind) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(terrain) for terrain in found}) == 1
    items.close()


def test_a_huge_terrain_is_read_where_the_image_lies_alone(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    # 100 km a side, one post a metre: 40 GB, of which the file holds nothing but zeros.
    profile = {"driver": "GTiff", "width": 100_000, "height": 100_000, "count": 1}
    place = rasterio.Affine(1, 0, 450_000, 0, -1, 5_030_000)
    with rasterio.open(
        path,
        "w",
        **profile,
        dtype="float32",
        crs="EPSG:32631",
        transform=place,
        tiled=True,
        blockxsize=512,
        blockysize=512,
        sparse_ok=True,
        bigtiff="yes",
    ) as file:
        file.write(np.full((1, 64, 64), 0.0, np.float32), window=((0, 64), (0, 64)))
    memory = ProcessMemory(InstanceMemory(terrain_bytes=8 << 20))
    service = sensor_service(tmp_path, [write_image(tmp_path / "i.tif")], over(path))
    small = ImageService(service.path, memory)
    box = service.summary.extent
    assert samples(small, image_request(small, middle(small), (300, 300))).valid.all()
    samples(small, image_request(small, box, (400, 300)))
    assert 0 < memory.posts.nbytes <= 8 << 20
    small.close()


def test_a_value_under_an_image_without_terrain_is_none_and_not_kept(tmp_path: Path) -> None:
    service, terrain = _scene(tmp_path)
    terrain.unlink()
    box = middle(service)
    place = shapely.to_wkb(shapely.Point(box.center_x, box.center_y))
    found = answer(service, IdentifyRequest(geometry=place), UNLIMITED)
    assert isinstance(found.record, IdentifyResult)
    assert found.record.values is None
    assert found.skipped >= 1
    assert not found.cacheable


def test_a_service_that_is_its_own_terrain_loses_its_pixels_and_no_more(tmp_path: Path) -> None:
    image = write_image(tmp_path / "i.tif")
    with rasterio.open(image, "r+") as file:
        file.write(np.full((2, 300, 400), 500, np.uint16))
    sensor_service(tmp_path, [image], ConstantHeight(height_m=500.0)).close()
    (tmp_path / "again").mkdir()
    definition = add_images(tmp_path / "again", [image], over(tmp_path / "d.zmd"))
    build_definition(definition, BuildOptions(overviews="none"))
    service = compiled_service(definition, tmp_path / "d.zmd")
    work = Work(service, UNLIMITED)
    assert _filled(service, work) == 0
    assert "is the service itself" in work.skipped[0]
    service.close()
