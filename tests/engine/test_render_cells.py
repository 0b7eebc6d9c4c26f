"""Cells of a canvas are each painted once, by as many threads as there are, and stop together."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.budget import UNLIMITED
from engine.errors import SourceCorrupt
from engine.plan import plan
from engine.render_cells import over_cells
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View

if TYPE_CHECKING:
    from engine.layers import Cells
    from engine.plan import Plan
    from engine.service import ImageService
    from engine.target_grid import Cell


def _plan(service: ImageService, width: int, height: int) -> Plan:
    view = View(extent=service.summary.extent, width=width, height=height)
    return plan(service, ImageRequest(view=view, encoding=Encoding(format="png")))


@pytest.mark.parametrize("size", [(1, 1), (256, 256), (700, 300), (1500, 1100)])
def test_every_pixel_belongs_to_one_cell(pair: ImageService, size: tuple[int, int]) -> None:
    made = _plan(pair, *size)
    painted = np.zeros((size[1], size[0]), np.uint8)
    work = Work(pair, UNLIMITED)

    def paint(cells: Cells, cell: Cell) -> None:
        part = painted[cell.row_start : cell.row_stop, cell.col_start : cell.col_stop]
        part += 1
        cells.work.filled += part.size

    over_cells(made, work, "rgbv", paint)
    assert (painted == 1).all()
    assert work.filled == painted.size


def test_a_fault_in_one_cell_stops_the_others_and_is_raised(pair: ImageService) -> None:
    made = _plan(pair, 2560, 2560)
    lock, begun = threading.Lock(), []

    def paint(cells: Cells, cell: Cell) -> None:
        with lock:
            begun.append(cell)
        raise SourceCorrupt("a.tif", "broken")

    with pytest.raises(SourceCorrupt, match="broken"):
        over_cells(made, Work(pair, UNLIMITED), "rgbv", paint)
    # At most one cell a thread was under way.
    assert 1 <= len(begun) <= 2
    assert len(list(made.grid.cells())) > 80
