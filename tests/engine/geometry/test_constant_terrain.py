"""A constant height is one everywhere, in the datum asked for; bounds hold what a geoid adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from engine.extent import Extent
from engine.geometry.constant_terrain import ConstantTerrain
from engine.geometry.geoid import DatumShift
from engine.geometry.post_surface import NodeCell
from engine.process_memory import process_memory
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_geoid_it_is_flat_in_any_crs() -> None:
    shift = DatumShift("ellipsoid", "ellipsoid", process_memory())
    terrain = ConstantTerrain(12.5, shift, "EPSG:32632", "ellipsoid")
    found = terrain.heights(np.array([5e5, np.inf]), np.array([5e6, 5e6]), 10.0)
    assert found[0] == 12.5
    assert np.isnan(found[1])
    surface = terrain.surface(Extent(0, 0, 1, 1), 10.0)
    assert surface.error_between(NodeCell(1e6, 0, 0, 1e6)) == 0.0


def test_with_a_geoid_it_follows_the_undulation_at_the_place_on_the_map(tmp_path: Path) -> None:
    lon = np.arange(0, 20, 1.0)
    grid = np.broadcast_to(lon, (10, 20)).astype(np.float32)[None].copy()
    place = Affine(1, 0, -0.5, 0, -1, 50.5)
    geoid = str(write_raster(tmp_path / "g.tif", grid, "EPSG:4326", place))
    shift = DatumShift(geoid, "ellipsoid", process_memory())
    terrain = ConstantTerrain(100.0, shift, "EPSG:32632", "ellipsoid")
    # The central meridian of zone 32 is 9 degrees east.
    found = terrain.heights(np.array([5e5]), np.array([5.2e6]), 0.0)
    assert found[0] == pytest.approx(109.0, abs=1e-5)
    low, high = terrain.relief(Extent(4e5, 5e6, 6e5, 5.3e6), 0.0)
    assert low < 109.0 < high
    # Beside the grid nothing is known.
    assert np.isnan(terrain.heights(np.array([5e5]), np.array([0.0]), 0.0)[0])
