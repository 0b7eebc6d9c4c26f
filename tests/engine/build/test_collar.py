"""The collar found block by block is that of a brute-force flood, and inner blocks are never read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.build.collar import BlockGrid, find_collar, inside_cells
from tests.synthetic import slanted_valid

Bools = NDArray[np.bool_]


def _brute_collar(valid: Bools) -> Bools:
    invalid = ~valid
    found = np.zeros_like(invalid)
    found[0], found[-1], found[:, 0], found[:, -1] = (
        invalid[0],
        invalid[-1],
        invalid[:, 0],
        invalid[:, -1],
    )
    while True:
        grown = found.copy()
        grown[1:] |= found[:-1]
        grown[:-1] |= found[1:]
        grown[:, 1:] |= found[:, :-1]
        grown[:, :-1] |= found[:, 1:]
        grown &= invalid
        if (grown == found).all():
            return found
        found = grown


class _Blocks:
    """Blocks of an array, and which of them were read."""

    def __init__(self, valid: Bools, block: tuple[int, int]) -> None:
        self._valid = valid
        self.grid = BlockGrid(valid.shape[0], valid.shape[1], *block)
        self.read: list[tuple[int, int]] = []

    def __call__(self, down: int, across: int) -> Bools:
        self.read.append((down, across))
        row, col, rows, cols = self.grid.window(down, across)
        return self._valid[row : row + rows, col : col + cols]


def _masks() -> st.SearchStrategy[Bools]:
    return st.tuples(
        st.integers(1, 16), st.integers(1, 16), st.integers(0, 2**31), st.floats(0, 1)
    ).map(lambda a: np.random.default_rng(a[2]).random(a[:2]) < a[3])


@given(_masks())
@pytest.mark.small
def test_collar_of_an_array_equals_brute_force(valid: Bools) -> None:
    assert (find_collar(valid) == _brute_collar(valid)).all()


@given(_masks(), st.integers(1, 5), st.integers(1, 5))
@pytest.mark.small
def test_collar_by_blocks_equals_brute_force(valid: Bools, rows: int, cols: int) -> None:
    blocks = _Blocks(valid, (rows, cols))
    assert (inside_cells(blocks.grid, blocks) == ~_brute_collar(valid)).all()
    assert len(set(blocks.read)) == len(blocks.read)


@given(_masks())
@pytest.mark.small
def test_a_cell_is_inside_where_any_of_its_pixels_is(valid: Bools) -> None:
    blocks = _Blocks(valid, (4, 6))
    inside = ~_brute_collar(valid)
    rows, cols = (-(-side // 2) for side in valid.shape)
    wide = np.zeros((2 * rows, 2 * cols), np.bool_)
    wide[: valid.shape[0], : valid.shape[1]] = inside
    expected = wide.reshape(rows, 2, cols, 2).any(axis=(1, 3))
    assert (inside_cells(blocks.grid, blocks, 2) == expected).all()


def test_a_collar_that_winds_through_blocks_is_followed_to_its_end() -> None:
    valid = np.ones((64, 64), np.bool_)
    for turn in range(0, 60, 4):
        valid[turn : turn + 1, 2:62] = False
        side = 61 if turn % 8 == 0 else 2
        valid[turn : turn + 5, side] = False
    blocks = _Blocks(valid, (8, 8))
    assert (inside_cells(blocks.grid, blocks) == ~_brute_collar(valid)).all()


def test_blocks_that_no_collar_reaches_are_not_read() -> None:
    valid = np.ones((800, 800), np.bool_)
    valid[350:450, 350:450] = False
    blocks = _Blocks(valid, (100, 100))
    assert inside_cells(blocks.grid, blocks).all()
    assert len(blocks.read) == 28


def test_of_a_swath_only_the_blocks_of_its_edge_and_collar_are_read() -> None:
    valid = slanted_valid(1600, 1600, 0.05)
    blocks = _Blocks(valid, (100, 100))
    assert (inside_cells(blocks.grid, blocks) == valid).all()
    assert len(blocks.read) < 0.6 * 256


def test_cells_that_do_not_fit_blocks_are_refused() -> None:
    blocks = _Blocks(np.ones((10, 10), np.bool_), (5, 5))
    with pytest.raises(ValueError, match="whole cells"):
        inside_cells(blocks.grid, blocks, 2)
