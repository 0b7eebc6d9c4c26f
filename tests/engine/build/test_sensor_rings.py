"""Footprints and seamlines of images with a sensor model, edited by hand."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from msgspec.structs import replace

from config.definition import MosaicMethod
from engine.build import geopackage
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.item_row import wkb_extent
from engine.build.sensor_rings import sensor_rings
from engine.footprint import unpack_rings
from engine.geolocation import Geolocation, pack_geolocation
from engine.geometry.terrain_definition import ConstantHeight
from engine.item import Level
from engine.request_parts import MosaicRule
from tests.engine.rasters import samples
from tests.engine.sensor_scenes import (
    UTM,
    add_images,
    compiled_service,
    image_request,
    middle,
    over,
    write_image,
    write_terrain,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.definition_folder import DefinitionFolder

LEVEL = ConstantHeight(height_m=500.0)


def _built(
    tmp_path: Path, images: list[Path], *, level: bool = False
) -> tuple[DefinitionFolder, shapely.Geometry]:
    terrain = LEVEL if level else over(write_terrain(tmp_path / "t.tif"))
    definition = add_images(tmp_path, images, terrain)
    build_definition(definition, BuildOptions(overviews="none"))
    with definition.table() as table:
        return definition, shapely.from_wkb(next(iter(table.rows())).wkb)


def _edit(definition: DefinitionFolder, sql: str, shape: shapely.Geometry) -> None:
    wkb = shapely.to_wkb(shapely.MultiPolygon(shapely.get_parts(shape).tolist()), byte_order=1)
    with definition.table() as table:
        srs_id = table.set_crs(UTM)
    blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb))
    with closing(geopackage.open_sqlite(definition.catalog)) as db:
        db.execute(sql, (blob,))


def test_an_edited_footprint_clips_the_ortho_where_it_was_drawn(tmp_path: Path) -> None:
    definition, shape = _built(tmp_path, [write_image(tmp_path / "i.tif")])
    x, y = round(shape.centroid.x), round(shape.centroid.y)
    drawn = shapely.Polygon([(x - 200, y - 150), (x + 200, y - 150), (x, y + 250)])
    _edit(definition, "UPDATE footprints SET Shape = ?", drawn)
    assert build_definition(definition, BuildOptions(overviews="none")).edited in (0, 1)
    service = compiled_service(definition, tmp_path / "d.zmd")
    extent = middle(service, 300)
    request = image_request(service, extent, (300, 300))
    valid = samples(service, request).valid[0]
    step = extent.width / 300
    cols, rows = np.meshgrid(np.arange(300), np.arange(300))
    points = shapely.points(extent.xmin + (cols + 0.5) * step, extent.ymax - (rows + 0.5) * step)
    inside = shapely.contains(drawn, points)
    # Image pixels are 5 m: right but for those that the outline cuts.
    near = shapely.distance(drawn.exterior, points) < 5.0
    assert inside.sum() > 5000
    assert np.array_equal(valid[~near], inside[~near])


def test_a_footprint_drawn_far_beyond_the_image_shows_all_of_it(tmp_path: Path) -> None:
    definition, shape = _built(tmp_path, [write_image(tmp_path / "i.tif")])
    before = compiled_service(definition, tmp_path / "before.zmd")
    _edit(definition, "UPDATE footprints SET Shape = ?", shape.envelope.buffer(50_000))
    after = compiled_service(definition, tmp_path / "after.zmd")
    request = image_request(before, middle(before, 900), (180, 180))
    expected, found = samples(before, request).valid, samples(after, request).valid
    assert np.array_equal(found, expected)


def test_a_footprint_beside_the_image_is_refused_by_name(tmp_path: Path) -> None:
    definition, shape = _built(tmp_path, [write_image(tmp_path / "i.tif")])
    aside = shapely.transform(shape, lambda points: points + np.array([20_000.0, 0.0]))
    _edit(definition, "UPDATE footprints SET Shape = ?", aside)
    with pytest.raises(Exception, match=r"OBJECTID 1 \(i\): its footprint lies beside the raster"):
        compiled_service(definition, tmp_path / "d.zmd")


def test_seamlines_decide_between_images_over_terrain(tmp_path: Path) -> None:
    images = [write_image(tmp_path / "a.tif"), write_image(tmp_path / "b.tif", 3.002)]
    definition, shape = _built(tmp_path, images)
    x = round(shape.centroid.x)
    west = shapely.box(x - 3000, shape.bounds[1] - 3000, x, shape.bounds[3] + 3000)
    east = shapely.box(x, shape.bounds[1] - 3000, x + 3000, shape.bounds[3] + 3000)
    _edit(definition, "INSERT INTO seamlines(Shape, ItemId) VALUES (?, 1)", west)
    _edit(definition, "INSERT INTO seamlines(Shape, ItemId) VALUES (?, 2)", east)
    service = compiled_service(definition, tmp_path / "d.zmd")
    assert service.summary.has_seamlines
    request = image_request(service, middle(service, 300), (120, 120))
    rule = MosaicRule(method=MosaicMethod.SEAMLINE)

    found = samples(service, replace(request, mosaic=rule)).data[0].astype(int)
    lock = MosaicMethod.LOCK_RASTER
    only = [
        samples(service, replace(request, mosaic=MosaicRule(method=lock, lock_ids=(number,))))
        .data[0]
        .astype(int)
        for number in (1, 2)
    ]
    box = request.view.extent
    line = int((x - box.xmin) / box.width * 120)
    assert 10 < line < 110
    assert np.array_equal(found[:, : line - 2], only[0][:, : line - 2])
    assert np.array_equal(found[:, line + 2 :], only[1][:, line + 2 :])
    assert not np.array_equal(only[0], only[1])


def test_edges_over_hills_follow_them_in_the_image(tmp_path: Path) -> None:
    definition, shape = _built(tmp_path, [write_image(tmp_path / "i.tif")])
    with definition.table() as table:
        (row,) = table.rows()
    geolocation = row.raster.geolocation
    assert geolocation is not None
    inner = shapely.box(*shape.buffer(-300).bounds)
    size = Level(400, 300, 128, 128)
    rings = unpack_rings(
        sensor_rings(shapely.to_wkb(inner), pack_geolocation(geolocation), UTM, size)
    )
    assert len(rings) == 1
    # Over level ground the same edges are all but straight.
    level = Geolocation(sensor=geolocation.sensor, terrain=LEVEL)
    plain = unpack_rings(sensor_rings(shapely.to_wkb(inner), pack_geolocation(level), UTM, size))
    assert len(rings[0]) > 3 * len(plain[0])
    assert np.isfinite(rings[0]).all()


def test_voids_leave_points_out(tmp_path: Path) -> None:
    terrain = write_terrain(tmp_path / "half.tif", west=500000.0)
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], over(terrain))
    with definition.table() as table:
        (row,) = table.rows()
    packed = pack_geolocation(row.raster.geolocation)
    box = shapely.box(499500, 4982800, 500500, 4983600)
    size = Level(400, 300, 128, 128)
    (ring,) = unpack_rings(sensor_rings(shapely.to_wkb(box), packed, UTM, size))
    assert np.isfinite(ring).all()
    assert np.array_equal(ring[0], ring[-1])
