"""Nodes kept by cell and by square: the same whoever asks, whole squares as well as single cells."""

from __future__ import annotations

import numpy as np
import pytest
from rasterio import Affine

from engine.geometry.locator import MapLocator
from engine.geometry.map_patch import Square
from engine.geometry.node_cache import SQUARE, NodeCache, cell_of_square, merged
from engine.geometry.ortho_locator import OrthoLocator
from engine.geometry.position_grid import NodeGrid, cell_nodes, square_nodes
from engine.geometry.projection import MERCATOR, operation
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms.concatenation import concatenate
from engine.process_memory import process_memory
from engine.target_grid import CELL, Cell, Lattice, TargetGrid
from tests.engine.geometry.plain_sensors import SlantedSensor
from tests.engine.rasters import write_raster

CRS = "EPSG:32631"
LATTICE = Lattice(CRS, 1.0, 1.0, 0.0, 0.0, 500_000.0, 5_000_000.0)


class SmoothSensor(SlantedSensor):
    """Says of itself that it has no kinks."""

    is_smooth = True


@pytest.fixture(scope="module")
def hills(tmp_path_factory: pytest.TempPathFactory) -> OrthoLocator:
    """Return a slanting view over hills, posts every 20 m."""
    rows, cols = np.mgrid[0:600, 0:600]
    heights = 300 + 40 * np.sin(cols / 9.0) + 30 * np.cos(rows / 7.0)
    place = Affine(20, 0, 499_500, 0, -20, 5_000_500)
    path = write_raster(
        tmp_path_factory.mktemp("hills") / "dem.tif", heights[None].astype("float32"), CRS, place
    )
    sensor = SmoothSensor(left=500_000.0, top=5_000_000.0)
    terrain = TerrainOpener(process_memory()).open_raster(
        RasterTerrain(path=str(path), vertical_datum="ellipsoid"), "ellipsoid"
    )
    here = MapLocator(operation(CRS, CRS).pipeline)
    return OrthoLocator("hills", here, here, concatenate([sensor]), terrain, 1.0)


def _wide(col: int, row: int, span: int = SQUARE) -> Cell:
    side = span * CELL
    return Cell(col, row, 0, 0, 0, side, 0, side, span)


def _same(one: NodeGrid, other: NodeGrid) -> bool:
    return (
        one.step == other.step
        and np.array_equal(one.x, other.x)
        and np.array_equal(one.y, other.y)
        and np.array_equal(one.quads, other.quads)
    )


def test_a_cell_has_the_same_nodes_alone_first_and_after_its_neighbours(
    hills: OrthoLocator,
) -> None:
    alone, after = NodeCache(), NodeCache()
    for cell in ((4, 4), (5, 6), (7, 7)):
        after.get(hills, LATTICE, cell, 0.125)
    for cell in ((6, 5), (4, 7)):
        first = alone.get(hills, LATTICE, cell, 0.125)
        assert _same(first, after.get(hills, LATTICE, cell, 0.125))
        alone.clear()


def test_a_square_is_its_cells_side_by_side(hills: OrthoLocator) -> None:
    cache = NodeCache()
    wide = cache.get_wide(hills, LATTICE, _wide(4, 4), 0.125)
    assert wide is not None
    quads = CELL // wide.step
    assert wide.quads.shape == (SQUARE * quads, SQUARE * quads)
    for row in range(SQUARE):
        for col in range(SQUARE):
            cell = cache.get(hills, LATTICE, (4 + col, 4 + row), 0.125)
            part = np.s_[row * quads : (row + 1) * quads + 1, col * quads : (col + 1) * quads + 1]
            assert np.array_equal(wide.x[part], cell.x)
            assert np.array_equal(wide.y[part], cell.y)


def test_cells_of_a_projection_are_put_together() -> None:
    pipeline = operation(MERCATOR, "EPSG:32631").pipeline
    lattice = Lattice(MERCATOR, 10.0, 10.0, 0.0, 0.0, 300_000.0, 6_000_000.0)
    cache = NodeCache()
    wide = cache.get_wide(MapLocator(pipeline), lattice, _wide(0, 0), 0.125)
    assert wide is not None
    first = cache.get(MapLocator(pipeline), lattice, (0, 0), 0.125)
    assert wide.step == first.step
    assert wide.x[0, 0] == first.x[0, 0]
    last = cache.get(MapLocator(pipeline), lattice, (3, 3), 0.125)
    assert wide.y[-1, -1] == last.y[-1, -1]


@pytest.mark.parametrize("fault", ["step", "edge", "hole"])
def test_cells_that_do_not_agree_stay_apart(fault: str) -> None:
    pipeline = operation(MERCATOR, "EPSG:32631").pipeline
    lattice = Lattice(MERCATOR, 10.0, 10.0, 0.0, 0.0, 300_000.0, 6_000_000.0)
    grids = [
        cell_nodes(MapLocator(pipeline), lattice, (col, row), 0.125)
        for row in range(2)
        for col in range(2)
    ]
    assert merged(grids, 2) is not None
    x, quads, step = grids[0].x.copy(), grids[0].quads.copy(), grids[0].step
    if fault == "step":
        step //= 2
    elif fault == "edge":
        x[-1, -1] += 1e-6
    else:
        quads[0, 0] = 0
    spoilt = NodeGrid(x, grids[0].y, quads, step, grids[0].window, grids[0].error_px)
    assert merged([spoilt, *grids[1:]], 2) is None


def test_old_grids_leave_when_there_are_too_many_nodes(hills: OrthoLocator) -> None:
    cache = NodeCache(max_nodes=6000)
    for col in range(0, 40, SQUARE):
        cache.get(hills, LATTICE, (col, 0), 0.125)
    assert 1 <= len(cache) < 20
    cache.clear()
    assert len(cache) == 0


def test_the_cell_of_a_square_is_cut_out(hills: OrthoLocator) -> None:
    square = Square(8, 4, SQUARE)
    grid = square_nodes(hills, LATTICE, square, 0.125)
    assert grid is not None
    cell = cell_of_square(grid, square, (9, 6))
    quads = CELL // grid.step
    assert cell.x[0, 0] == grid.x[2 * quads, quads]
    assert cell.x.flags.c_contiguous


def test_a_large_view_has_the_cells_of_its_squares() -> None:
    grid = TargetGrid(LATTICE, 100, 300, 2000, 1500)
    singles = {(c.col, c.row): c for c in grid.cells()}
    found = {}
    for wide in grid.cells(SQUARE):
        for cell in wide.singles():
            found[cell.col, cell.row] = cell
    assert found == singles
