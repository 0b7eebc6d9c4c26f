"""Go over the cells of a canvas, on several threads where there are many.

Cells are disjoint parts of the canvas and kernels let go of the interpreter lock, so threads share
the work of one large image; a tile is one cell and stays on its thread.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from engine.helper_threads import can_share, share
from engine.layers import Cells
from engine.render_work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.plan import Plan
    from engine.readers.block_cache import Form
    from engine.target_grid import Cell

# Fewer cells than this are not worth waking a second thread.
_LEAST_SHARED = 4


def over_cells(plan: Plan, work: Work, form: Form, paint: Callable[[Cells, Cell], None]) -> None:
    """Call `paint` for every cell that a raster may touch.

    Parameters
    ----------
    paint
        Fills one cell's part of the canvas; called from several threads for different cells.

    Raises
    ------
    Whatever `paint` raises; then the other threads stop at their next cell.
    """
    cells = deque(plan.grid.cells())
    if len(cells) < _LEAST_SHARED or not plan.items or not can_share():
        _paint_all(Cells(plan, work, form), cells, paint)
        return
    taking = Lock()

    def paint_share() -> None:
        own = Work(work.service, work.budget, dead=work.dead)
        try:
            _paint_all(Cells(plan, own, form), cells, paint)
        finally:
            with taking:
                work.take(own)

    share(paint_share)


def _paint_all(layers: Cells, cells: deque[Cell], paint: Callable[[Cells, Cell], None]) -> None:
    """Paint cells until none is left; after an error none is left for the other thread."""
    try:
        while cells:
            try:
                cell = cells.popleft()
            except IndexError:  # the other thread has taken the last one
                return
            layers.work.budget.check()
            paint(layers, cell)
    except BaseException:
        cells.clear()
        raise
