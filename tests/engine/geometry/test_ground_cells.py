"""Metres of ground a pixel has: against geodesic distances, on any map, however a view is cut."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod, Transformer

from engine.extent import Extent
from engine.geometry.ground_cells import ground_cells
from engine.target_grid import TargetGrid, grid_of_extent

GEOD = Geod(ellps="WGS84")
VIEWS = {
    "mercator": ("EPSG:3857", Extent(1_100_000, 6_000_000, 1_110_000, 6_008_000)),
    "mercator far north": ("EPSG:3857", Extent(1_100_000, 15_000_000, 1_110_000, 15_008_000)),
    "degrees": ("EPSG:4326", Extent(9.9, 46.9, 10.1, 47.06)),
    "utm": ("EPSG:32632", Extent(690_000, 5_200_000, 700_000, 5_208_000)),
    "polar": ("EPSG:3413", Extent(500_000, -1_000_000, 510_000, -992_000)),
    "feet": ("EPSG:2263", Extent(980_000, 190_000, 1_000_000, 206_000)),
    "conic": ("EPSG:3035", Extent(4_300_000, 3_200_000, 4_310_000, 3_208_000)),
}


def _grid(name: str, width: int = 400, height: int = 320) -> TargetGrid:
    crs, box = VIEWS[name]
    return grid_of_extent(crs, box, width, height, None)


@pytest.mark.parametrize("name", VIEWS)
def test_sizes_are_geodesic_distances(name: str) -> None:
    grid = _grid(name)
    cells = ground_cells(grid)
    shape = (grid.height, grid.width)
    width = np.broadcast_to(cells.width_m, shape)
    height = np.broadcast_to(cells.height_m, shape)
    to_lonlat = Transformer.from_crs(grid.lattice.crs, "EPSG:4326", always_xy=True)
    box, lattice = grid.extent, grid.lattice
    for row, col in ((0, 0), (160, 200), (319, 399), (17, 311)):
        x = box.xmin + (col + 0.5) * lattice.pixel_x
        y = box.ymax - (row + 0.5) * lattice.pixel_y
        for found, (dx, dy) in (
            (width[row, col], (lattice.pixel_x / 2, 0.0)),
            (height[row, col], (0.0, lattice.pixel_y / 2)),
        ):
            lon, lat = to_lonlat.transform([x - dx, x + dx], [y - dy, y + dy])
            metres = GEOD.line_length(lon, lat)
            assert found == pytest.approx(metres, rel=2e-6)


@pytest.mark.parametrize("name", VIEWS)
def test_sizes_do_not_depend_on_how_a_view_is_cut(name: str) -> None:
    grid = _grid(name)
    whole = ground_cells(grid)
    part = TargetGrid(grid.lattice, grid.col + 37, grid.row + 101, 120, 90)
    cut = ground_cells(part)
    at = np.s_[101:191, 37:157]
    shape = (grid.height, grid.width)
    for own, all_of_it in ((cut.width_m, whole.width_m), (cut.height_m, whole.height_m)):
        np.testing.assert_array_equal(
            np.broadcast_to(own, (90, 120)), np.broadcast_to(all_of_it, shape)[at]
        )
