"""Position grids: where output pixels lie in a raster's CRS, from few exact points.

Nodes stand at pixel centres, at integer multiples of a step counted from the corner of a world cell
of 256 × 256 output pixels. The step belongs to (raster, lattice, cell, tolerance) alone: it is halved
until points between the nodes, interpolated bilinearly, are within the tolerance of the exact ones.
Rasters that fill a good part of a cell share its nodes with all others of the same transform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.geometry.locator import ROUNDING_PX
from engine.geometry.map_patch import Square
from engine.target_grid import CELL, Lattice

if TYPE_CHECKING:
    from engine.extent import Extent
    from engine.geometry.locator import Locator, Survey

Floats = NDArray[np.float64]

# The bilinear error of a smooth map peaks near the points measured; the margin covers what lies between.
_MARGIN = 1.3
# What is pieced together errs most at its seams, up to twice as much as midway.
_SEAM_MARGIN = 2 * _MARGIN
# A raster smaller than this part of a cell gets nodes of its own, in a window aligned to 16 pixels.
_SMALL = CELL // 4
_ALIGN = 16


class CellWindow(NamedTuple):
    """The part of a world cell that nodes cover, in pixels of the cell."""

    col_start: int
    row_start: int
    col_stop: int
    row_stop: int


WHOLE_CELL = CellWindow(0, 0, CELL, CELL)


@dataclass(frozen=True, slots=True)
class NodeGrid:
    """Nodes of one world cell or a window of it.

    Attributes
    ----------
    x, y : float64 (rows + 1, cols + 1)
        Coordinates in the raster's CRS at the pixel centres `step` apart.
    quads : uint8 (rows, cols)
        1 where all of a quad's points can be transformed.
    step : int
        Output pixels from node to node.
    window : CellWindow
        Pixels of the cell between the first and the last node.
    error_px : float
        Claimed bound of the interpolation error in output pixels.
    void : bool (rows, cols) or None
        Quads that are left out because terrain is missing; None = there are none.
    """

    x: Floats
    y: Floats
    quads: NDArray[np.uint8]
    step: int
    window: CellWindow
    error_px: float
    void: NDArray[np.bool_] | None = None


def cell_window(lattice: Lattice, cell_col: int, cell_row: int, box: Extent) -> CellWindow:
    """Return which part of a cell needs nodes for a raster whose box on the map is `box`.

    It depends on raster, lattice and cell alone, never on a request.
    """
    col0 = (box.xmin - lattice.origin_x) / lattice.pixel_x - lattice.phase_x - cell_col * CELL
    col1 = (box.xmax - lattice.origin_x) / lattice.pixel_x - lattice.phase_x - cell_col * CELL
    row0 = (lattice.origin_y - box.ymax) / lattice.pixel_y - lattice.phase_y - cell_row * CELL
    row1 = (lattice.origin_y - box.ymin) / lattice.pixel_y - lattice.phase_y - cell_row * CELL
    if max(col1 - col0, row1 - row0) > _SMALL:
        return WHOLE_CELL
    return CellWindow(
        max(0, math.floor((col0 - 2) / _ALIGN) * _ALIGN),
        max(0, math.floor((row0 - 2) / _ALIGN) * _ALIGN),
        min(CELL, math.ceil((col1 + 2) / _ALIGN) * _ALIGN),
        min(CELL, math.ceil((row1 + 2) / _ALIGN) * _ALIGN),
    )


def cell_nodes(
    locator: Locator,
    lattice: Lattice,
    cell: tuple[int, int],
    tolerance_px: float,
    window: CellWindow = WHOLE_CELL,
) -> NodeGrid:
    """Compute the nodes of a cell's window, refining until the tolerance holds.

    Parameters
    ----------
    locator : Locator
        From the lattice's CRS to the raster's own coordinates.
    cell : (col, row)
        World number of the cell.
    tolerance_px : float
        Largest error of an interpolated position, in output pixels.
    """
    if window == WHOLE_CELL:
        found = square_nodes(locator, lattice, Square(*cell, 1), tolerance_px)
        if found is not None:
            return found
    # Two quads each way at least: one alone may hide an inflection, whose error midway is none.
    sides = window.col_stop - window.col_start, window.row_stop - window.row_start
    step = locator.coarsest_step(lattice)
    while step > 2 and (2 * step > min(sides) or any(edge % step for edge in window)):
        step //= 2
    while True:
        map_x, map_y = _map_points(lattice, cell, window, step // 2)
        survey = locator.survey(map_x, map_y, lattice)
        x, y, good = survey.x, survey.y, survey.good
        claim = _claimed_error(survey, step) + survey.off_px + ROUNDING_PX
        holes = not good.all()
        if claim <= tolerance_px and (not holes or step <= locator.refine_holes_to):
            alone = _error_of_one(survey, step) + survey.off_px + ROUNDING_PX
            if 2 * step == CELL and not holes and alone <= tolerance_px / 4:
                quads = np.ones((1, 1), np.uint8)
                return _node_grid(x[::4, ::4], y[::4, ::4], quads, CELL, window, alone)
            if claim > tolerance_px / 4 and not holes:
                # The finer nodes are at hand, and a smooth map errs four times less between them.
                quads = np.ones((x.shape[0] - 1, x.shape[1] - 1), np.uint8)
                return _node_grid(x, y, quads, step // 2, window, claim)
            quads = _quads(good).astype(np.uint8)
            grid = _node_grid(x[::2, ::2], y[::2, ::2], quads, step, window, claim)
            return grid if survey.void is None else replace(grid, void=~_quads(~survey.void))
        if step == 2:
            # Nodes at every pixel centre: exact, whatever happens between them.
            quads, claim = good[:-1, :-1].astype(np.uint8), survey.off_px + ROUNDING_PX
            grid = _node_grid(x, y, quads, 1, window, claim)
            return grid if survey.void is None else replace(grid, void=survey.void[:-1, :-1])
        step //= 2


def square_nodes(
    locator: Locator, lattice: Lattice, square: Square, tolerance_px: float
) -> NodeGrid | None:
    """Compute the nodes of all cells of a square at once, None where that cannot be done.

    What costs most is to begin; the square depends on lattice and cell alone, and so do the nodes.
    """
    found = locator.foresee(lattice, square, tolerance_px)
    if found is None:
        return None
    side = square.cells * CELL
    quads = np.ones((side // found.step, side // found.step), np.uint8)
    window = CellWindow(0, 0, side, side)
    return NodeGrid(found.x, found.y, quads, found.step, window, found.error_px)


def _node_grid(
    x: Floats, y: Floats, quads: NDArray[np.uint8], step: int, window: CellWindow, error: float
) -> NodeGrid:
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        # Usable quads of single pixels have neighbours that are not.
        x, y = np.where(finite, x, 0.0), np.where(finite, y, 0.0)
    return NodeGrid(
        np.ascontiguousarray(x),
        np.ascontiguousarray(y),
        np.ascontiguousarray(quads),
        step,
        window,
        error,
    )


def _map_points(
    lattice: Lattice, cell: tuple[int, int], window: CellWindow, spacing: int
) -> tuple[Floats, Floats]:
    """Return the pixel centres of a window `spacing` apart, both ends included."""
    cols = np.arange(window.col_start, window.col_stop + 1, spacing, dtype=np.float64)
    rows = np.arange(window.row_start, window.row_stop + 1, spacing, dtype=np.float64)
    cols += cell[0] * CELL + (lattice.phase_x + 0.5)
    rows += cell[1] * CELL + (lattice.phase_y + 0.5)
    x = np.empty((rows.size, cols.size))
    y = np.empty((rows.size, cols.size))
    x[:] = lattice.origin_x + cols * lattice.pixel_x
    y[:] = (lattice.origin_y - rows * lattice.pixel_y)[:, np.newaxis]
    return x, y


def _quads(good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which quads of the coarse grid have all nine of their fine points usable."""
    rows, cols = (good.shape[0] - 1) // 2, (good.shape[1] - 1) // 2
    usable = np.ones((rows, cols), np.bool_)
    for row in range(3):
        for col in range(3):
            usable &= good[row : row + 2 * rows - 1 : 2, col : col + 2 * cols - 1 : 2]
    return usable


def _claimed_error(survey: Survey, step: int) -> float:
    """Return a bound of the interpolation error in usable quads, in output pixels.

    What is smooth errs most near the midpoints; what is rough has a bound of its own.
    """
    x, y, good = survey.smooth_x, survey.smooth_y, survey.good
    margin = _SEAM_MARGIN if survey.is_pieced else _MARGIN
    usable: Any = None if good.all() else _quads(good)
    if usable is not None and not usable.any():
        return 0.0
    squares: list[Any] = [0.0] * 5
    across: Any = 0.0
    down: Any = 0.0
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        for v in (x, y):
            nw, ne, sw, se = v[:-1:2, :-1:2], v[:-1:2, 2::2], v[2::2, :-1:2], v[2::2, 2::2]
            north, west = (nw + ne) / 2, (nw + sw) / 2
            south, east = (sw + se) / 2, (ne + se) / 2
            squares[0] = squares[0] + (v[:-1:2, 1::2] - north) ** 2
            squares[1] = squares[1] + (v[2::2, 1::2] - south) ** 2
            squares[2] = squares[2] + (v[1::2, :-1:2] - west) ** 2
            squares[3] = squares[3] + (v[1::2, 2::2] - east) ** 2
            squares[4] = squares[4] + (v[1::2, 1::2] - (north + south) / 2) ** 2
            across = across + (ne - nw) ** 2
            down = down + (sw - nw) ** 2
        unit = np.minimum(across, down) / step**2
        smooth = np.sqrt(np.maximum.reduce(squares))
        worst = (smooth * margin + survey.rough_error) / np.sqrt(unit)
    if usable is not None:
        worst = worst[usable]
    return float(worst.max()) if np.isfinite(worst).all() else math.inf


def _error_of_one(survey: Survey, step: int) -> float:
    """Return a bound of the error of one quad in place of 2 × 2, in output pixels.

    Measured midway and at quarters, where an inflection shows whose error midway is none.
    """
    if survey.x.shape != (5, 5) or survey.is_pieced or survey.rough_error > 0:
        return math.inf
    if not (np.isfinite(survey.x).all() and np.isfinite(survey.y).all()):
        return math.inf  # Nodes that have no place: where its corners are is not known.
    share = np.linspace(0.0, 1.0, 5)
    across, down = share[np.newaxis, :], share[:, np.newaxis]
    square: Any = 0.0
    sides: list[Any] = [0.0, 0.0]
    for v in (survey.x, survey.y):
        north = v[0, 0] + (v[0, 4] - v[0, 0]) * across
        south = v[4, 0] + (v[4, 4] - v[4, 0]) * across
        square = square + (v - north - (south - north) * down) ** 2
        sides[0] += (v[0, 4] - v[0, 0]) ** 2
        sides[1] += (v[4, 0] - v[0, 0]) ** 2
    unit = math.sqrt(min(sides)) / (2 * step)
    error = _MARGIN * math.sqrt(float(square.max()))
    return error / unit if unit > 0 else math.inf
