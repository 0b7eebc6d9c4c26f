"""Boxes of many blocks of tiles at once hold those of the blocks one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import ServiceProperties, TileSchemeName
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.request_parts import TileAddress
from engine.service import open_service
from engine.target_grid import extent_values
from engine.tile_boxes import area_of_block, boxes_of_blocks
from engine.tile_scheme import tile_scheme
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.test_tile_invariants import _scene

if TYPE_CHECKING:
    from engine.service import ImageService


@pytest.fixture(scope="module", params=["EPSG:32660", "EPSG:4326", "EPSG:3857"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ImageService:
    folder = tmp_path_factory.mktemp("boxes")
    scene = _scene(folder / "a.tif", 32660, 700_000.0, -1_760_000.0, 700.0)
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties(crs=request.param))
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=(scene,)))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "m.zmd")
    return open_service(str(folder / "m.zmd"))


@pytest.mark.parametrize("name", [None, *TileSchemeName])
@pytest.mark.parametrize("level", [1, 4, 6, 9])
def test_boxes_hold_areas(service: ImageService, name: TileSchemeName | None, level: int) -> None:
    scheme = tile_scheme(service.summary, name)
    level = min(level, len(scheme.resolutions) - 1)
    rows, cols = scheme.counts[level]
    blocks = np.array(
        [
            (row, col, min(rows, row + high), min(cols, col + wide))
            for row in range(0, rows, max(1, rows // 7))
            for col in range(0, cols, max(1, cols // 7))
            for high, wide in ((1, 1), (2, 3), (16, 16))
        ],
        np.int64,
    )
    boxes = boxes_of_blocks(service, scheme, level, blocks)
    known = 0
    for block, box in zip(blocks.tolist(), boxes, strict=True):
        row, col, end_row, end_col = block
        first = TileAddress(level=level, row=row, col=col, scheme=name)
        area = area_of_block(service, scheme, first, end_row - row, end_col - col)
        if area is None:
            assert np.isnan(box).all()
            continue
        known += 1
        xmin, ymin, xmax, ymax = extent_values(area.extent)
        slack = 1e-9 * max(abs(value) for value in (xmin, ymin, xmax, ymax))
        assert box[0] <= xmin + slack
        assert box[1] <= ymin + slack
        assert box[2] >= xmax - slack
        assert box[3] >= ymax - slack
    assert known
