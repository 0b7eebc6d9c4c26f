"""Go over the cells of a canvas, on several threads where there are many.

Cells are disjoint parts of the canvas and kernels let go of the interpreter lock, so threads share
the work of one large image; a tile is one cell and stays on its thread.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import TYPE_CHECKING

from engine.layers import Cells
from engine.render_work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.plan import Plan
    from engine.readers.block_cache import Form
    from engine.target_grid import Cell

# Fewer cells than this are not worth waking a second thread.
_LEAST_SHARED = 4


class _Threads:
    pool: ThreadPoolExecutor | None = None
    count: int = min(2, os.cpu_count() or 1)


def _pool() -> ThreadPoolExecutor:
    """Return the process's helper threads, made at first use (never before a fork)."""
    if _Threads.pool is None:
        _Threads.pool = ThreadPoolExecutor(_Threads.count - 1, thread_name_prefix="cells")
    return _Threads.pool


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
    cells = list(plan.grid.cells())
    if len(cells) < _LEAST_SHARED or _Threads.count < 2 or not plan.items:
        _paint_all(Cells(plan, work, form), cells, paint, Event())
        return
    stop = Event()
    shares = [cells[start :: _Threads.count] for start in range(_Threads.count)]
    works = [Work(work.service, work.budget) for _ in shares]
    others = [
        _pool().submit(_paint_all, Cells(plan, own, form), share, paint, stop)
        for own, share in zip(works[1:], shares[1:], strict=True)
    ]
    try:
        _paint_all(Cells(plan, works[0], form), shares[0], paint, stop)
    finally:
        wait(others)
        for own in works:
            work.take(own)
    for other in others:
        other.result()


def _paint_all(
    layers: Cells, cells: Sequence[Cell], paint: Callable[[Cells, Cell], None], stop: Event
) -> None:
    try:
        for cell in cells:
            if stop.is_set():
                return
            layers.work.budget.check()
            paint(layers, cell)
    except BaseException:
        stop.set()
        raise
