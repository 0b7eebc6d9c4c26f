"""Position grids that were computed, kept by cell and by square of cells.

Neighbouring cells share the work: nodes of sixteen cells are computed at once where that can be done.
Which cells share depends on the lattice alone, so the nodes of a cell are the same whoever asks first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.geometry.map_patch import Square
from engine.geometry.position_grid import (
    WHOLE_CELL,
    CellWindow,
    NodeGrid,
    cell_nodes,
    square_nodes,
)
from engine.target_grid import CELL

if TYPE_CHECKING:
    from engine.geometry.locator import Locator
    from engine.target_grid import Cell, Lattice

# Cells a side of the squares whose nodes are computed at once: neighbouring tiles go to one instance.
SQUARE = 4
_MOST_APART = 4096


def cell_of_square(grid: NodeGrid, square: Square, cell: tuple[int, int]) -> NodeGrid:
    """Return the nodes of one cell of a square."""
    quads = CELL // grid.step
    left, top = (cell[0] - square.col) * quads, (cell[1] - square.row) * quads
    nodes = np.s_[top : top + quads + 1, left : left + quads + 1]
    return replace(
        grid,
        x=np.ascontiguousarray(grid.x[nodes]),
        y=np.ascontiguousarray(grid.y[nodes]),
        quads=np.ascontiguousarray(grid.quads[:quads, :quads]),
        window=WHOLE_CELL,
    )


def merged(grids: list[NodeGrid], span: int) -> NodeGrid | None:
    """Return the grids of a square of cells as one; None where they differ in step or common nodes.

    Parameters
    ----------
    grids
        `span` × `span`, row by row.
    """
    first = grids[0]
    if any(grid.step != first.step or grid.void is not None for grid in grids):
        return None
    if any(grid.window != WHOLE_CELL or not grid.quads.all() for grid in grids):
        return None
    quads = CELL // first.step
    both = np.empty((2, span * quads + 1, span * quads + 1))
    parts = []
    for number, grid in enumerate(grids):
        top, left = number // span * quads, number % span * quads
        part = both[:, top : top + quads + 1, left : left + quads + 1]
        part[0], part[1] = grid.x, grid.y
        parts.append(part)
    # What a later cell has written over is common to both.
    if not all(
        np.array_equal(part[0], grid.x) and np.array_equal(part[1], grid.y)
        for part, grid in zip(parts, grids, strict=True)
    ):
        return None
    return NodeGrid(
        both[0],
        both[1],
        np.ones((span * quads, span * quads), np.uint8),
        first.step,
        CellWindow(0, 0, span * CELL, span * CELL),
        max(grid.error_px for grid in grids),
    )


class NodeCache:
    """A bounded cache of node grids; one per render thread.

    Parameters
    ----------
    max_nodes : int
        Least recently used grids go when more nodes than this are held (16 bytes each).
    """

    _OVERHEAD = 100

    def __init__(self, max_nodes: int = 1_000_000) -> None:
        self._max_nodes = max_nodes
        self._nodes = 0
        self._grids: OrderedDict[tuple[Any, ...], NodeGrid] = OrderedDict()
        # Squares whose cells have to be computed one by one.
        self._apart: set[tuple[Any, ...]] = set()

    def __len__(self) -> int:
        """Return how many grids are at hand."""
        return len(self._grids)

    def clear(self) -> None:
        """Forget all grids."""
        self._grids.clear()
        self._apart.clear()
        self._nodes = 0

    def steps(self) -> set[int]:
        """Return the steps of the grids at hand."""
        return {grid.step for grid in self._grids.values()}

    def get(
        self,
        locator: Locator,
        lattice: Lattice,
        cell: tuple[int, int],
        tolerance_px: float,
        window: CellWindow = WHOLE_CELL,
    ) -> NodeGrid:
        """Return the nodes of a cell, computing them where they are not at hand."""
        key = (locator, lattice, cell, tolerance_px, window)
        found = self._grids.get(key)
        if found is not None:
            self._grids.move_to_end(key)
            return found
        if window == WHOLE_CELL:
            square = _square_of(cell)
            wide = self._square(locator, lattice, square, tolerance_px)
            found = None if wide is None else cell_of_square(wide, square, cell)
        if found is None:
            found = cell_nodes(locator, lattice, cell, tolerance_px, window)
        self._keep(key, found)
        return found

    def get_wide(
        self, locator: Locator, lattice: Lattice, cell: Cell, tolerance_px: float
    ) -> NodeGrid | None:
        """Return the nodes of a square of cells as those of one, None where they do not make one."""
        if cell.span == SQUARE:
            square = Square(cell.col, cell.row, SQUARE)
            found = self._square(locator, lattice, square, tolerance_px)
            if found is not None:
                return found
        return self._merged(locator, lattice, cell, tolerance_px)

    def _merged(
        self, locator: Locator, lattice: Lattice, cell: Cell, tolerance_px: float
    ) -> NodeGrid | None:
        """Return the nodes of cells that are computed one by one, None where they make no square."""
        key = (locator, lattice, (cell.col, cell.row, cell.span), tolerance_px, "merged")
        found = self._grids.get(key)
        if found is not None:
            self._grids.move_to_end(key)
            return found
        if key in self._apart:
            return None
        places = [
            (cell.col + across, cell.row + down)
            for down in range(cell.span)
            for across in range(cell.span)
        ]
        grids = [self.get(locator, lattice, place, tolerance_px) for place in places]
        found = merged(grids, cell.span)
        if found is None:
            self._note_apart(key)
        else:
            self._keep(key, found)
        return found

    def _square(
        self, locator: Locator, lattice: Lattice, square: Square, tolerance_px: float
    ) -> NodeGrid | None:
        """Return the nodes of a square, None where its cells have to be computed one by one."""
        key = (locator, lattice, square, tolerance_px)
        found = self._grids.get(key)
        if found is not None:
            self._grids.move_to_end(key)
            return found
        if key in self._apart:
            return None
        found = square_nodes(locator, lattice, square, tolerance_px)
        if found is None:
            self._note_apart(key)
            return None
        self._keep(key, found)
        return found

    def _note_apart(self, key: tuple[Any, ...]) -> None:
        if len(self._apart) >= _MOST_APART:
            self._apart.clear()
        self._apart.add(key)

    def _keep(self, key: tuple[Any, ...], grid: NodeGrid) -> None:
        self._grids[key] = grid
        self._nodes += grid.x.size + self._OVERHEAD
        while self._nodes > self._max_nodes and len(self._grids) > 1:
            _, old = self._grids.popitem(last=False)
            self._nodes -= old.x.size + self._OVERHEAD


def _square_of(cell: tuple[int, int]) -> Square:
    return Square(cell[0] // SQUARE * SQUARE, cell[1] // SQUARE * SQUARE, SQUARE)
