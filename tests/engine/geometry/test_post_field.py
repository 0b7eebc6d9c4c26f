"""What is known of fields of posts in boxes that begin beside them, or go around the world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from engine.extent import Extent
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import RasterTerrain
from engine.process_memory import process_memory
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain import PostTerrain


def _terrain(folder: Path, heights: np.ndarray, west: float, step: float) -> PostTerrain:
    place = Affine(step, 0, west, 0, -step, 45.0)
    path = write_raster(folder / "d.tif", heights[None].astype(np.float32), "EPSG:4326", place)
    definition = RasterTerrain(path=str(path), vertical_datum="ellipsoid")
    return TerrainOpener(process_memory()).open_raster(definition, "ellipsoid")


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
def test_a_box_that_begins_west_of_the_terrain_knows_what_is_inside(
    tmp_path: Path, turn: float
) -> None:
    heights = np.arange(100.0).reshape(10, 10)
    terrain = _terrain(tmp_path, heights, 5.0, 0.01)
    found = terrain.surface(Extent(4.98 + turn, 44.95, 5.02 + turn, 45.0), 0.01)
    assert (found.low, found.has_voids) == (0.0, True)
    assert 51 <= found.high <= 62
    inside = terrain.surface(Extent(5.04 + turn, 44.94, 5.06 + turn, 44.96), 0.01)
    assert not inside.has_voids
    assert inside.bend_x == inside.bend_y == 0.0


def test_a_box_over_the_seam_of_a_world_of_terrain_knows_both_ends(tmp_path: Path) -> None:
    heights = np.tile(np.concatenate([np.arange(90.0), np.arange(90.0)[::-1]]), (20, 1))
    terrain = _terrain(tmp_path, heights, -180.0, 2.0)
    for xmin in (-190.0, 170.0):
        found = terrain.surface(Extent(xmin, 20.0, xmin + 20, 30.0), 2.0)
        assert found.low == 0.0
        assert 4.0 <= found.high <= 6.0
        x = np.linspace(xmin, xmin + 20, 50)
        seen = terrain.heights(x, np.full(50, 25.0), 2.0)
        assert found.low <= seen.min()
        assert seen.max() <= found.high
