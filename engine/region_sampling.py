"""Sample one raster onto any rectangle of a lattice: for stages before the last, and for output halos.

The same nodes and kernels as a canvas has them, so a pixel is the same whichever rectangle it is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from config.definition import Interpolation
from engine.geometry.position_grid import cell_window
from engine.pixels import PixelBlock
from engine.samplers import planes
from engine.samplers.placement import CanvasPart
from engine.samplers.window import PixelWindow, window_of
from engine.target_grid import CELL

if TYPE_CHECKING:
    from engine.extent import Extent
    from engine.fetch import SourceWindow
    from engine.geometry.locator import Locator
    from engine.render_work import Work
    from engine.samplers.placement import LevelAffine
    from engine.target_grid import Lattice

Bools = NDArray[np.bool_]

PLANE_KERNELS = {
    Interpolation.NEAREST: planes.NEAREST,
    Interpolation.MAJORITY: planes.NEAREST,
    Interpolation.BILINEAR: planes.BILINEAR,
    Interpolation.CUBIC: planes.CUBIC,
}


class PixelSource(Protocol):
    """Where the pixels of one level come from."""

    def fetch(self, work: Work, window: PixelWindow) -> SourceWindow | None:
        """Return the pixels of a window of the level, or None where none of them is valid.

        Raises
        ------
        SourceError
        """
        ...


@dataclass(frozen=True, slots=True)
class SampledPlace:
    """How the pixels of a lattice are sampled from one raster.

    Attributes
    ----------
    box : Extent
        Of the raster, in the lattice's CRS.
    affine : LevelAffine
        From the locator's coordinates to pixels of `source`.
    """

    locator: Locator
    lattice: Lattice
    box: Extent
    affine: LevelAffine
    source: PixelSource
    interpolation: Interpolation
    tolerance_px: float


def taps_of(interpolation: Interpolation) -> int:
    """Return how many neighbours of a position an interpolation needs on each side."""
    return 2 if interpolation is Interpolation.CUBIC else 1


def sample_region(work: Work, place: SampledPlace, region: PixelWindow) -> PixelBlock | None:
    """Return the pixels of a rectangle of the lattice, or None where none is valid.

    Parameters
    ----------
    region : PixelWindow
        Numbers of lattice pixels.

    Raises
    ------
    SourceError, DeadlineExceeded, Cancelled
    """
    shape = (region.row_stop - region.row_start, region.col_stop - region.col_start)
    canvas: tuple[NDArray[Any], Bools, Bools] | None = None
    for row in range(region.row_start // CELL, (region.row_stop - 1) // CELL + 1):
        for col in range(region.col_start // CELL, (region.col_stop - 1) // CELL + 1):
            part = _part(work, place, region, (col, row))
            if part is None:
                continue
            found = _pixels(work, place, part)
            if found is None:
                continue
            if canvas is None:
                size = (found.data.shape[0], *shape)
                canvas = (
                    np.zeros(size, found.data.dtype),
                    np.zeros(size, np.bool_),
                    np.zeros(shape, np.bool_),
                )
            kernel = PLANE_KERNELS[place.interpolation]
            planes.sample_planes(
                found.data, found.valid, found.origin, (place.affine, part), kernel, canvas
            )
    if canvas is None:
        return None
    work.samplings += 1
    return PixelBlock(canvas[0], canvas[1])


def _part(
    work: Work, place: SampledPlace, region: PixelWindow, cell: tuple[int, int]
) -> CanvasPart | None:
    """Return where the nodes of a world cell lie in a region."""
    work.budget.check()
    window = cell_window(place.lattice, *cell, place.box)
    left, top = cell[0] * CELL - region.col_start, cell[1] * CELL - region.row_start
    start_col = max(0, left + window.col_start)
    stop_col = min(region.col_stop - region.col_start, left + window.col_stop)
    start_row = max(0, top + window.row_start)
    stop_row = min(region.row_stop - region.row_start, top + window.row_stop)
    if start_col >= stop_col or start_row >= stop_row:
        return None
    nodes = work.service.memory.nodes.get(
        place.locator, place.lattice, cell, place.tolerance_px, window
    )
    return CanvasPart(
        nodes,
        left + window.col_start,
        top + window.row_start,
        start_col,
        stop_col,
        start_row,
        stop_row,
    )


def _pixels(work: Work, place: SampledPlace, part: CanvasPart) -> SourceWindow | None:
    window = window_of(place.affine, part, taps_of(place.interpolation))
    return None if window is None else place.source.fetch(work, window)
