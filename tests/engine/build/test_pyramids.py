"""Pyramids inside the definition: for rasters that lack levels, never beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.pyramids import PyramidJob, lacks_levels, make_pyramid
from engine.read_view import read_view
from engine.readers.header import read_header
from engine.request import View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.synthetic import ramp, slanted_valid, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path

PYRAMIDS = BuildOptions(overviews="none", pyramids=True)


def _folder(tmp_path: Path, *files: Path) -> DefinitionFolder:
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=list(files)))
    return folder


def test_a_raster_gets_the_levels_it_lacks_and_its_folder_stays_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.mkdir()
    path = write_geotiff(source / "a.tif", ramp(1500, 2001))
    folder = _folder(tmp_path, path)
    assert build_definition(folder, PYRAMIDS).pyramids == 1
    assert [entry.name for entry in source.iterdir()] == ["a.tif"]
    with folder.table() as table:
        row = next(table.rows())
    pyramid = row.built.pyramid
    assert pyramid is not None
    assert pyramid.first_level == 1
    sizes = [(level.width, level.height) for level in pyramid.levels]
    assert sizes[0] == (1001, 750)
    assert max(sizes[-1]) <= 512
    assert row.attributes["HighPS"] == pytest.approx(10 * 2001 / sizes[-1][0])
    assert build_definition(folder, PYRAMIDS).pyramids == 0


def test_levels_average_and_masks_stay(tmp_path: Path) -> None:
    valid = slanted_valid(1200, 1200)
    path = write_geotiff(tmp_path / "a.tif", ramp(1200, 1200), mask=valid)
    job = PyramidJob(
        id=1, header=read_header(str(path)), folder=str(tmp_path), thematic=False, low_ps=10
    )
    (tmp_path / "pyramids").mkdir()
    made = make_pyramid(job)
    with rasterio.open(tmp_path / made.path) as dataset:
        data, mask = dataset.read(1), dataset.read_masks(1) != 0
        assert dataset.shape == (600, 600)
    expected = ramp(1200, 1200)[0].reshape(600, 2, 600, 2).mean(axis=(1, 3))
    inner = mask & (slanted_valid(600, 600, 0.2))
    assert np.abs(data[inner] - expected[inner]).max() <= 1
    assert (mask != valid[::2, ::2]).mean() < 0.01
    assert not list((tmp_path / "pyramids").glob("*.msk"))


def test_only_rasters_that_lack_levels_get_any(tmp_path: Path) -> None:
    full = write_geotiff(tmp_path / "full.tif", ramp(1000, 1000), overviews=(2, 4))
    small = write_geotiff(tmp_path / "small.tif", ramp(400, 400))
    assert not lacks_levels(read_header(str(full)))
    assert not lacks_levels(read_header(str(small)))
    assert build_definition(_folder(tmp_path, full, small), PYRAMIDS).pyramids == 0


def test_a_service_reads_the_levels_of_its_pyramids(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(2048, 2048, 3))
    folder = _folder(tmp_path, path)
    build_definition(folder, PYRAMIDS)
    out = tmp_path / "d.zmd"
    compile_definition(folder.path, out)
    service = open_service(str(out))
    item = service.catalog.items_by_id([1], None)[0]
    assert item.pyramid is not None
    assert [level.width for level in item.levels] == [2048, 1024, 512, 256]
    block = read_view(service, View(extent=service.summary.extent, width=256, height=256))
    expected = ramp(2048, 2048)[0].reshape(256, 8, 256, 8).mean(axis=(1, 3))
    assert block.valid.all()
    assert np.abs(block.data[0].astype(float) - expected).mean() < 1.5
    service.close()
