"""Pyramids, overviews, pixel sizes and statistics of images with a sensor model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.rpc import RPC

from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.geometry.terrain_definition import ConstantHeight
from engine.item import OVERVIEW, PRIMARY
from engine.plan import plan
from engine.render_work import Work
from tests.engine.rasters import samples
from tests.engine.sensor_scenes import (
    add_images,
    compiled_service,
    image_request,
    over,
    slanting_rpc,
    write_image,
    write_terrain,
)

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 12


def _large_image(path: Path) -> Path:
    """Write an image of 4800 × 3600 pixels of 0.4 m whose samples are 1 + a twelfth of the column."""
    small = slanting_rpc().to_dict()
    small |= {
        "line_off": 1800.0 - 0.5,
        "samp_off": 2400.0 - 0.5,
        "line_scale": 1800.0,
        "samp_scale": 2400.0,
    }
    cols = np.arange(4800) // SIDE + 1
    data = np.broadcast_to(cols.astype(np.uint16), (1, 3600, 4800))
    profile = {"driver": "GTiff", "width": 4800, "height": 3600, "count": 1, "dtype": "uint16"}
    with rasterio.open(path, "w", **profile, tiled=True, compress="deflate") as file:
        file.write(data)
        file.rpcs = RPC(**small)
    return path


def test_large_images_get_pyramids_and_use_them(tmp_path: Path) -> None:
    terrain = over(write_terrain(tmp_path / "t.tif"))
    definition = add_images(tmp_path, [_large_image(tmp_path / "i.tif")], terrain)
    plain = build_definition(definition, BuildOptions(overviews="none"))
    without = compiled_service(definition, tmp_path / "without.zmd")
    report = build_definition(definition, BuildOptions(overviews="none", pyramids=True))
    assert (plain.pyramids, report.pyramids) == (0, 1)
    service = compiled_service(definition, tmp_path / "with.zmd")
    (item,) = service.catalog.items_by_id([1])
    # The same ground as the small image: 2000 m on 4800 pixels.
    assert item.low_ps == pytest.approx(0.42, abs=0.03)
    assert len(item.levels) >= 4
    assert item.high_ps == pytest.approx(item.low_ps * 4800 / item.levels[-1].width)
    box = service.summary.extent
    request = image_request(service, box, (round(box.width / 10), round(box.height / 10)))
    (planned,) = plan(service, request).items
    assert planned.view.index > 0
    assert plan(without, request).items[0].view.index == 0
    found, exact = samples(service, request), samples(without, request)
    both = found.valid[0] & exact.valid[0]
    assert both.sum() > 0.5 * both.size
    off = np.abs(found.data[0].astype(float) - exact.data[0])[both]
    # Neighbours differ by two at this size.
    assert off.mean() < 0.5
    assert np.percentile(off, 99) <= 2


def test_overviews_are_mosaics_of_orthos(tmp_path: Path) -> None:
    terrain = over(write_terrain(tmp_path / "t.tif", raised_m=0.0))
    images = [write_image(tmp_path / "a.tif"), write_image(tmp_path / "b.tif", 3.012)]
    definition = add_images(tmp_path, images, terrain)
    report = build_definition(definition, BuildOptions(overviews="all"))
    assert report.overviews > 0
    assert report.failed == []
    service = compiled_service(definition, tmp_path / "d.zmd")
    with definition.table() as table:
        primaries = list(table.rows(f"Category = {PRIMARY}"))
        overviews = list(table.rows(f"Category = {OVERVIEW}"))
    assert overviews
    box, size = service.summary.extent, service.summary.overview_ps
    assert size > primaries[0].attributes["LowPS"]
    shape = (round(box.width / size / 1.5), round(box.height / size / 1.5))
    request = image_request(service, box, shape)
    assert {planned.item.category for planned in plan(service, request).items} == {OVERVIEW}
    work = Work(service, UNLIMITED)
    found = samples(service, request, work)
    assert work.skipped == []
    exact_definition = add_images(_made(tmp_path / "exact"), images, terrain)
    build_definition(exact_definition, BuildOptions(overviews="none"))
    exact = samples(compiled_service(exact_definition, tmp_path / "e.zmd"), request)
    both = found.valid[0] & exact.valid[0]
    assert both.sum() > 0.4 * both.size
    assert (found.valid[0] != exact.valid[0]).mean() < 0.05
    # Samples are a hundred times the column: a few pixels of the image at this size.
    off = np.abs(found.data[0].astype(float) - exact.data[0])[both] / 100
    assert np.median(off) < 1.0


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_statistics_are_those_of_the_images(tmp_path: Path) -> None:
    level = ConstantHeight(height_m=500.0)
    definition = add_images(tmp_path, [write_image(tmp_path / "i.tif")], level)
    facts = build_definition(definition, BuildOptions(overviews="none")).facts
    assert facts is not None
    columns, rows = facts.statistics
    assert (columns.min, columns.max) == (1.0, 39901.0)
    assert (rows.min, rows.max) == (1.0, 29901.0)
    assert columns.mean == pytest.approx(100 * 199.5 + 1)
    assert facts.uncompressed_size == 400 * 300 * 2 * 2


def test_moved_terrain_moves_overviews_too(tmp_path: Path) -> None:
    dem = write_terrain(tmp_path / "t.tif")
    images = [write_image(tmp_path / "a.tif"), write_image(tmp_path / "b.tif", 3.012)]
    definition = add_images(tmp_path, images, over(dem))
    assert build_definition(definition, BuildOptions(overviews="all")).overviews > 0
    assert build_definition(definition, BuildOptions(overviews="all")).overviews == 0
    dem.unlink()
    write_terrain(dem, raised_m=100.0)
    again = build_definition(definition, BuildOptions(overviews="all"))
    assert again.built >= 2
    assert again.overviews > 0
