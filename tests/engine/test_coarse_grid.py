"""Which samples of a file with larger pixels an area of an item is made of."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.coarse_grid import centres, coarse_area, coarse_view
from engine.item import CoarseGrid, Level
from engine.levels import view_of_level


def _levels(width: int, height: int, count: int = 1) -> tuple[Level, ...]:
    return tuple(Level(-(-width // 2**n), -(-height // 2**n), 256, 256) for n in range(count))


@given(
    st.integers(1, 9),
    st.sampled_from([0.0, -0.5, 1.0, -3.0]),
    st.integers(0, 90),
    st.integers(1, 40),
)
def test_samples_are_those_that_pixel_centres_lie_in(
    factor: int, offset: float, first: int, count: int
) -> None:
    grid = CoarseGrid(factor, offset, offset, _levels(20, 20))
    view = view_of_level(grid.levels, 0)
    places = centres(first, count, 1.0)
    area = coarse_area(grid, view, places, places)
    data = np.arange(400).reshape(1, 20, 20)
    part = data[:, area.row : area.row + area.rows, area.col : area.col + area.cols]
    for n, place in enumerate(places):
        sample = int((place - offset) // factor)
        assert area.inside_cols[n] == (0 <= sample < 20)
        if area.inside_cols[n]:
            assert part[0, 0, area.take_cols[n]] == area.row * 20 + sample
    if area.rows:
        assert area.spread(part).shape == (1, count, count)


def test_any_cut_of_an_area_takes_the_same_samples() -> None:
    grid = CoarseGrid(6, -0.5, 0.0, _levels(30, 30, 2))
    view = view_of_level(_levels(180, 180, 3), 1)
    own = coarse_view(grid, view)
    data = np.random.default_rng(1).integers(0, 999, (1, own.rows, own.cols))

    def read(row: int, rows: int) -> np.ndarray:
        places = centres(row, rows, view.scale_y)
        area = coarse_area(grid, own, places, centres(0, view.cols, view.scale_x))
        part = data[:, area.row : area.row + area.rows, area.col : area.col + area.cols]
        return area.spread(part)

    parts = [read(row, 7) for row in range(0, 84, 7)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), read(0, 84))


def test_a_level_takes_the_level_of_the_file_that_is_not_coarser() -> None:
    fine = _levels(4800, 4800, 6)
    grid = CoarseGrid(6, 0.0, 0.0, _levels(800, 800, 3))
    found = [coarse_view(grid, view_of_level(fine, n)) for n in range(6)]
    assert [view.index for view in found] == [0, 0, 0, 0, 1, 2]
    assert [view.shrink for view in found] == [0] * 6


def test_an_area_beside_the_file_takes_nothing() -> None:
    grid = CoarseGrid(2, 0.0, 0.0, _levels(10, 10))
    places = centres(50, 4, 1.0)
    area = coarse_area(grid, view_of_level(grid.levels, 0), places, places)
    assert (area.rows, area.cols, area.is_whole) == (0, 0, False)
    assert not area.inside.any()
