"""Go over the cells of a canvas, on several threads where there are many.

Cells are disjoint parts of the canvas and kernels let go of the interpreter lock, so threads share
the work of one large image; a tile is one cell and stays on its thread.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from engine.geometry.node_cache import SQUARE
from engine.helper_threads import can_share, share
from engine.layers import Cells
from engine.render_work import Work
from engine.target_grid import CELL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.plan import Plan
    from engine.readers.block_cache import Form
    from engine.target_grid import Cell

# Fewer cells than this, or pixels than these would have, are not worth waking a second thread.
_LEAST_SHARED = 4


def over_cells(
    plan: Plan,
    work: Work,
    form: Form,
    paint: Callable[[Cells, Cell], None],
    cells: Iterable[Cell] | None = None,
) -> None:
    """Call `paint` for every cell that a raster may touch.

    Parameters
    ----------
    paint
        Fills one cell's part of the canvas; called from several threads for different cells.
    cells
        Parts of the canvas, as `paint` takes them; None = each world cell.

    Raises
    ------
    Whatever `paint` raises; then the other threads stop at their next cell.
    """
    cells = list(plan.grid.cells() if cells is None else cells)
    is_small = plan.grid.width * plan.grid.height < (_LEAST_SHARED - 1) * CELL**2
    if is_small or len(cells) < _LEAST_SHARED or not plan.items or not can_share():
        alone = deque([cells])
        _paint_all(Cells(plan, work, form), alone, paint, alone.popleft)
        return
    portions = _portions(cells)
    # From both ends, so that the threads do not meet before all is done: neighbours share blocks.
    ends = [portions.pop, portions.popleft]
    taking = Lock()

    def paint_share() -> None:
        with taking:
            take = ends.pop()
        own = Work(work.service, work.budget, dead=work.dead)
        try:
            _paint_all(Cells(plan, own, form), portions, paint, take)
        finally:
            with taking:
                work.take(own)

    share(paint_share)


def _portions(cells: list[Cell]) -> deque[list[Cell]]:
    """Return the cells in portions for threads: squares that share nodes, each where there are few."""
    squares: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        squares.setdefault((cell.row // SQUARE, cell.col // SQUARE), []).append(cell)
    if len(squares) < _LEAST_SHARED:
        return deque([cell] for cell in cells)
    return deque(squares.values())


def _paint_all(
    layers: Cells,
    portions: deque[list[Cell]],
    paint: Callable[[Cells, Cell], None],
    take: Callable[[], list[Cell]],
) -> None:
    """Paint portions until none is left; after an error none is left for the other thread."""
    try:
        while portions:
            try:
                portion = take()
            except IndexError:  # the other thread has taken the last one
                return
            for cell in portion:
                layers.work.budget.check()
                paint(layers, cell)
    except BaseException:
        portions.clear()
        raise
