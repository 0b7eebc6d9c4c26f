"""Output grids on world lattices: tiles, boxes and phases."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.projection import LONLAT, MERCATOR
from engine.request_parts import TileAddress
from engine.target_grid import (
    KnownPixels,
    TargetGrid,
    grid_of_extent,
    grid_of_tile,
    square_pixels,
    tile_origin,
)
from engine.tile_scheme import HALF_WORLD_M


def tile_grid(level: int, row: int, col: int, scale: int = 1) -> TargetGrid:
    return grid_of_tile(TileAddress(level=level, row=row, col=col, scale=scale))


def _tile_box(level: int, row: int, col: int) -> Extent:
    """The box as web maps compute it."""
    span = 2 * HALF_WORLD_M / 2**level
    left, top = col * span - HALF_WORLD_M, HALF_WORLD_M - row * span
    return Extent(left, top - span, left + span, top)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 24), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_the_box_of_a_tile_falls_on_the_tiles_lattice(level: int, fx: float, fy: float) -> None:
    row, col = int(fy * 2**level), int(fx * 2**level)
    tile = tile_grid(level, row, col)
    boxed = grid_of_extent(MERCATOR, _tile_box(level, row, col), 256, 256)
    assert boxed == tile


@settings(max_examples=150, deadline=None)
@given(
    st.floats(-3e6, 3e6),
    st.floats(-3e6, 3e6),
    st.floats(0.1, 5e3),
    st.integers(1, 900),
    st.integers(1, 900),
)
def test_the_grid_covers_the_box_that_was_asked_for(
    x: float, y: float, pixel: float, width: int, height: int
) -> None:
    box = Extent(x, y, x + pixel * width, y + pixel * height)
    grid = grid_of_extent("EPSG:32632", box, width, height)
    extent = grid.extent
    assert (grid.width, grid.height) == (width, height)
    for got, asked in zip(
        (extent.xmin, extent.ymin, extent.xmax, extent.ymax),
        (box.xmin, box.ymin, box.xmax, box.ymax),
        strict=True,
    ):
        assert abs(got - asked) < pixel * 2e-6 + abs(asked) * 1e-9
    assert 0 <= grid.lattice.phase_x < 1
    assert 0 <= grid.lattice.phase_y < 1


def test_boxes_half_a_pixel_apart_differ_in_phase_alone() -> None:
    first = grid_of_extent("EPSG:32632", Extent(500000, 0, 501000, 1000), 100, 100)
    second = grid_of_extent("EPSG:32632", Extent(500005, 5, 501005, 1005), 100, 100)
    assert first.lattice.phase_x == 0
    assert second.lattice.phase_x == pytest.approx(0.5)
    assert second.lattice.phase_y == pytest.approx(0.5)
    assert first.col == second.col == 50000


def test_rounding_of_clients_is_snapped_away() -> None:
    box = Extent(500000.0000001, 0.0000001, 501000.0000001, 1000.0000001)
    known = KnownPixels(sizes=((10.0, 10.0),))
    grid = grid_of_extent("EPSG:32632", box, 100, 100, known)
    assert (grid.lattice.pixel_x, grid.lattice.phase_x, grid.lattice.phase_y) == (10.0, 0.0, 0.0)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(-2000, 2000), st.integers(-2000, 2000), st.integers(1, 1100), st.integers(1, 700)
)
def test_cells_partition_the_canvas(col: int, row: int, width: int, height: int) -> None:
    grid = tile_grid(12, 5, 7)
    grid = type(grid)(grid.lattice, col, row, width, height)
    area = 0
    for cell in grid.cells():
        assert 0 <= cell.col_start < cell.col_stop <= width
        assert 0 <= cell.row_start < cell.row_stop <= height
        assert cell.canvas_col == cell.col * 256 - col
        assert cell.canvas_row == cell.row * 256 - row
        assert cell.col_stop <= cell.canvas_col + 256
        area += (cell.col_stop - cell.col_start) * (cell.row_stop - cell.row_start)
    assert area == width * height


def test_double_size_tiles_cover_the_same_box() -> None:
    plain, double = tile_grid(9, 170, 268), tile_grid(9, 170, 268, 2)
    assert double.width == 512
    for a, b in zip(plain.geotransform[::3], double.geotransform[::3], strict=True):
        assert a == pytest.approx(b, abs=1e-6)


def test_rows_and_halo_keep_the_lattice() -> None:
    grid = tile_grid(5, 3, 4)
    part = grid.rows_of(10, 20)
    assert (part.row, part.height, part.lattice) == (grid.row + 10, 20, grid.lattice)
    wide = grid.expand(3)
    assert (wide.col, wide.width, wide.lattice) == (grid.col - 3, 262, grid.lattice)


def test_pixels_are_squared_by_growing_about_the_centre() -> None:
    box = square_pixels(Extent(0, 0, 100, 10), 100, 100)
    assert (box.width, box.height) == (100, 100)
    assert (box.center_x, box.center_y) == (50, 5)
    assert square_pixels(Extent(0, 0, 10, 10), 5, 5) == Extent(0, 0, 10, 10)


def test_each_kind_of_crs_has_its_tile_origin() -> None:
    assert tile_origin(MERCATOR) == (-HALF_WORLD_M, HALF_WORLD_M)
    assert tile_origin(LONLAT) == (-180.0, 90.0)
    assert tile_origin("EPSG:32632") == (0.0, 0.0)


@pytest.mark.parametrize(
    "box",
    [
        Extent(0, 0, 0, 1),
        Extent(math.nan, 0, 1, 1),
        Extent(0, 0, math.inf, 1),
        Extent(1e9, 1e9, 1e9 + 1e-6, 1e9 + 1e-6),
        Extent(5, 5, 1, 1),
    ],
)
def test_boxes_without_numberable_pixels_are_refused(box: Extent) -> None:
    with pytest.raises(InvalidParameter, match="bbox"):
        grid_of_extent("EPSG:32632", box, 10, 10)
