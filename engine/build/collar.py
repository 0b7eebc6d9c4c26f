"""The collar: invalid pixels connected with a raster's border, found without reading what lies inside.

Blocks are read from the border inwards, only where the collar leads, so a scene costs the blocks round
its edge. What is never reached is inside, whatever it holds: black in the middle of an image stays.
Blocks that were read are kept as bits; a raster of any size fits into memory.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


@kernel
def _flood_kernel(  # noqa: C901, PLR0912, PLR0913, PLR0917 -- one loop nest; a kernel takes no records
    valid: Bools,
    above: Bools,
    below: Bools,
    before: Bools,
    behind: Bools,
    stack: Integers,
    collar: Bools,
) -> None:
    # Fills run by run: a run is marked when found, and looks for new runs above and below itself.
    rows, cols = valid.shape
    top = 0
    for col in range(cols):
        if above[col] and not valid[0, col] and not collar[0, col]:
            stack[top, 0], stack[top, 1] = 0, col
            top += 1
        if below[col] and not valid[rows - 1, col] and not collar[rows - 1, col]:
            stack[top, 0], stack[top, 1] = rows - 1, col
            top += 1
    for row in range(rows):
        if before[row] and not valid[row, 0] and not collar[row, 0]:
            stack[top, 0], stack[top, 1] = row, 0
            top += 1
        if behind[row] and not valid[row, cols - 1] and not collar[row, cols - 1]:
            stack[top, 0], stack[top, 1] = row, cols - 1
            top += 1
    while top > 0:
        top -= 1
        row, col = stack[top, 0], stack[top, 1]
        if collar[row, col]:
            continue
        first = col
        while first > 0 and not valid[row, first - 1]:
            first -= 1
        last = col
        while last < cols - 1 and not valid[row, last + 1]:
            last += 1
        collar[row, first : last + 1] = True
        for near in range(max(0, row - 1), min(rows, row + 2), 1):
            if near == row:
                continue
            is_open = False
            for at in range(first, last + 1):
                if valid[near, at] or collar[near, at]:
                    is_open = False
                elif not is_open:
                    is_open = True
                    stack[top, 0], stack[top, 1] = near, at
                    top += 1


@dataclass(slots=True)
class _Doors:
    """Where the collar comes in from the four sides of a block: its first and last row and column."""

    above: Bools
    below: Bools
    before: Bools
    behind: Bools

    @classmethod
    def closed(cls, rows: int, cols: int) -> _Doors:
        return cls(*(np.zeros(count, np.bool_) for count in (cols, cols, rows, rows)))

    def any(self) -> bool:
        return any(each.any() for each in (self.above, self.below, self.before, self.behind))


def flood(valid: Bools, doors: _Doors, collar: Bools) -> None:
    """Add to `collar` the invalid pixels of a block that the open parts of its sides lead to."""
    # A run pushes one place for each run it meets; there are at most two runs met for each run.
    starts = np.count_nonzero(valid[:, 1:] != valid[:, :-1]) + valid.shape[0]
    stack = np.empty((2 * int(starts) + 4 * sum(valid.shape) + 8, 2), np.int64)
    _flood_kernel(valid, doors.above, doors.below, doors.before, doors.behind, stack, collar)


def find_collar(valid: Bools) -> Bools:
    """Return where invalid pixels are connected with the border, side by side.

    Parameters
    ----------
    valid : bool (rows, cols)

    Returns
    -------
    bool (rows, cols)
    """
    valid = np.ascontiguousarray(valid)
    collar = np.zeros(valid.shape, np.bool_)
    rows, cols = valid.shape
    flood(valid, _Doors(*(np.ones(count, np.bool_) for count in (cols, cols, rows, rows))), collar)
    return collar


@dataclass(frozen=True, slots=True)
class BlockGrid:
    """A raster of `rows` × `cols` pixels, cut into blocks of `block_rows` × `block_cols`."""

    rows: int
    cols: int
    block_rows: int
    block_cols: int

    @property
    def down(self) -> int:
        """Blocks in a column of them."""
        return -(-self.rows // self.block_rows)

    @property
    def across(self) -> int:
        """Blocks in a row of them."""
        return -(-self.cols // self.block_cols)

    def window(self, down: int, across: int) -> tuple[int, int, int, int]:
        """Return first row, first column, rows and columns of a block."""
        row, col = down * self.block_rows, across * self.block_cols
        return (
            row,
            col,
            min(self.block_rows, self.rows - row),
            min(self.block_cols, self.cols - col),
        )

    def border(self) -> Iterator[tuple[int, int]]:
        """Yield the blocks at the raster's border, in order."""
        for down in range(self.down):
            for across in range(self.across):
                if down in (0, self.down - 1) or across in (0, self.across - 1):
                    yield down, across


class _Block:
    """One block that was read: which pixels are valid, and which belong to the collar, as bits."""

    def __init__(self, valid: Bools) -> None:
        self.shape = valid.shape
        self._all_valid, self._none_valid = bool(valid.all()), not valid.any()
        is_mixed = not (self._all_valid or self._none_valid)
        self._valid = np.packbits(valid) if is_mixed else None
        self._collar: NDArray[np.uint8] | None = None
        self._is_collar = False

    @property
    def can_change(self) -> bool:
        return not self._all_valid and not self._is_collar

    def enter(self, doors: _Doors) -> Bools | None:
        """Let the collar in; return where it is then, None where nothing was added."""
        if not self.can_change or not doors.any():
            return None
        if self._valid is None:
            self._is_collar = True
            return np.ones(self.shape, np.bool_)
        collar = self.collar()
        before = int(np.count_nonzero(collar))
        flood(self._bits(self._valid), doors, collar)
        if int(np.count_nonzero(collar)) == before:
            return None
        self._collar = np.packbits(collar)
        return collar

    def collar(self) -> Bools:
        """Return where the collar is."""
        if self._is_collar or self._collar is None:
            return np.full(self.shape, self._is_collar, np.bool_)
        return self._bits(self._collar)

    def _bits(self, packed: NDArray[np.uint8]) -> Bools:
        rows, cols = self.shape
        flat = np.unpackbits(packed, count=rows * cols).view(np.bool_)
        return flat.reshape(rows, cols)


def inside_cells(grid: BlockGrid, read: Callable[[int, int], Bools], cell: int = 1) -> Bools:
    """Return which cells of a raster hold a pixel inside the collar.

    Parameters
    ----------
    read : (down, across) -> bool (rows, cols)
        Which pixels of a block are valid; called once for each block that the collar leads to.
    cell : int
        Pixels a side of a cell; the sides of blocks are multiples of it.

    Returns
    -------
    bool (ceil(rows / cell), ceil(cols / cell))
    """
    if grid.block_rows % cell or grid.block_cols % cell:
        raise ValueError("blocks are whole cells")
    flooding = _Flooding(grid, read)
    flooding.run()
    inside = np.ones((-(-grid.rows // cell), -(-grid.cols // cell)), np.bool_)
    for (down, across), block in flooding.blocks.items():
        row, col, rows, cols = grid.window(down, across)
        own = inside[row // cell : -(-(row + rows) // cell), col // cell : -(-(col + cols) // cell)]
        own[:] = _any_of_cells(~block.collar(), cell)
    return inside


def _any_of_cells(pixels: Bools, cell: int) -> Bools:
    if cell == 1:
        return pixels
    down = np.logical_or.reduceat(pixels, np.arange(0, pixels.shape[0], cell), axis=0)
    return np.logical_or.reduceat(down, np.arange(0, pixels.shape[1], cell), axis=1)


class _Flooding:
    def __init__(self, grid: BlockGrid, read: Callable[[int, int], Bools]) -> None:
        self._grid, self._read = grid, read
        self.blocks: dict[tuple[int, int], _Block] = {}
        self._doors: dict[tuple[int, int], _Doors] = {}
        self._waiting: deque[tuple[int, int]] = deque()

    def run(self) -> None:
        """Let the collar in at the raster's border, and follow it."""
        grid = self._grid
        for place in grid.border():
            doors = self._open(place)
            down, across = place
            doors.above[:] |= down == 0
            doors.below[:] |= down == grid.down - 1
            doors.before[:] |= across == 0
            doors.behind[:] |= across == grid.across - 1
        while self._waiting:
            place = self._waiting.popleft()
            doors = self._doors.pop(place)
            block = self.blocks.get(place)
            if block is None:
                block = self.blocks[place] = _Block(np.ascontiguousarray(self._read(*place)))
            collar = block.enter(doors)
            if collar is not None:
                self._pass_on(place, collar)

    def _open(self, place: tuple[int, int]) -> _Doors:
        """Return the doors of a block that waits, which it does from now on."""
        doors = self._doors.get(place)
        if doors is None:
            _, _, rows, cols = self._grid.window(*place)
            doors = self._doors[place] = _Doors.closed(rows, cols)
            self._waiting.append(place)
        return doors

    def _pass_on(self, place: tuple[int, int], collar: Bools) -> None:
        """Open the sides of the neighbours that the collar touches."""
        down, across = place
        sides = (
            ((down - 1, across), "below", collar[0]),
            ((down + 1, across), "above", collar[-1]),
            ((down, across - 1), "behind", collar[:, 0]),
            ((down, across + 1), "before", collar[:, -1]),
        )
        for near, side, line in sides:
            if not (0 <= near[0] < self._grid.down and 0 <= near[1] < self._grid.across):
                continue
            block = self.blocks.get(near)
            if line.any() and (block is None or block.can_change):
                door = getattr(self._open(near), side)
                door |= line
