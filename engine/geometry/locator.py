"""From output coordinates to a raster's own: the exact transform that position grids interpolate.

For a raster on a map its own coordinates are those of its CRS; for one with a sensor model they are its
level-0 pixels, and the way there goes over the terrain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.geometry.map_patch import cubic_error_px, finer
from engine.geometry.projection import transform, transform_checked
from engine.target_grid import CELL, world_period

if TYPE_CHECKING:
    from engine.geometry.map_patch import Square
    from engine.target_grid import Lattice

Floats = NDArray[np.float64]

# A point counts if the inverse brings it back within this part of an output pixel.
_ROUND_TRIP_PX = 0.05
_COARSE = 16
_POLE, _DEGREES = 90.0, 360.0
# Coordinates are rounded, inverses of projections iterated, and level cameras see both along the ground
# enlarged: nothing is claimed to be closer.
ROUNDING_PX = 3e-5
# Interpolated points further off than this are worked out: a claim of exact nodes stays true.
_MOST_OFF_PX = 1e-7


class Survey(NamedTuple):
    """Exact points, and what tells how far straight lines between the nodes miss them.

    Attributes
    ----------
    x, y : float64 (rows, cols)
        In the raster's own coordinates.
    good : bool (rows, cols)
        Where they are defined.
    smooth_x, smooth_y : float64 (rows, cols)
        The same points without what is rough: what bends between nodes shows at their midpoints.
    rough_error : float
        Bound of what is rough, between nodes, in the raster's own units.
    void : bool (rows, cols) or None
        Where the raster would show if there were terrain; None = nowhere.
    off_px : float
        Bound of how far the points themselves are off, in output pixels.
    is_pieced : bool
        Whether what is smooth is pieced together from smooth parts, as lookup grids are.
    """

    x: Floats
    y: Floats
    good: NDArray[np.bool_]
    smooth_x: Floats
    smooth_y: Floats
    rough_error: float
    void: NDArray[np.bool_] | None = None
    off_px: float = 0.0
    is_pieced: bool = False


class Nodes(NamedTuple):
    """Nodes of a square of cells.

    Attributes
    ----------
    x, y : float64 (rows + 1, cols + 1)
        In the raster's own coordinates.
    step : int
        Output pixels from node to node.
    error_px : float
        Bound of what linear interpolation between them misses, in output pixels.
    """

    x: Floats
    y: Floats
    step: int
    error_px: float


class Locator(Protocol):
    """An exact transform; equal ones are equal keys of a cache."""

    def __hash__(self) -> int:
        """Return a hash that equal locators share."""
        ...

    @property
    def refine_holes_to(self) -> int:
        """Step to which quads with undefined points are refined before they are left out."""
        ...

    def coarsest_step(self, lattice: Lattice) -> int:
        """Return the step, a power of two, with which to begin; it depends on the lattice alone."""
        ...

    def foresee(self, lattice: Lattice, square: Square, tolerance_px: float) -> Nodes | None:
        """Return nodes that keep a tolerance, None where that takes surveys of ever finer ones."""
        ...

    def survey(self, x: Floats, y: Floats, lattice: Lattice) -> Survey:
        """Return a raster's own coordinates of nodes and the points midway between them.

        Parameters
        ----------
        x, y : float64 (2 rows + 1, 2 cols + 1)
            Map points in the lattice's CRS; those with even numbers are the nodes.
        """
        ...

    def describe(self) -> str:
        """Return the transform in words, for `explain`."""
        ...


@dataclass(frozen=True, slots=True)
class MapLocator:
    """A pinned projection operation.

    Attributes
    ----------
    pipeline : str
        From the output CRS to the raster's.
    """

    pipeline: str

    def locate(
        self, x: Floats, y: Floats, lattice: Lattice
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return the raster's coordinates of map points, and which of them are defined.

        Beyond a pole that the raster's CRS has in its midst they go on: a quad of nodes with the pole
        between them is one like others.
        """
        if world_period(lattice.crs) == _DEGREES and np.abs(y).max(initial=0.0) > _POLE:
            x, y = _over_poles(self.pipeline, x, y)
        return transform_checked(
            self.pipeline,
            x,
            y,
            lattice.pixel_x * _ROUND_TRIP_PX,
            lattice.pixel_y * _ROUND_TRIP_PX,
            world_period(lattice.crs),
        )

    @property
    def refine_holes_to(self) -> int:
        """See `Locator`: a hole is the edge of a projection's domain, and no sight."""
        return 16

    def coarsest_step(self, lattice: Lattice) -> int:
        """See `Locator`: a whole cell."""
        del lattice
        return CELL

    def foresee(self, lattice: Lattice, square: Square, tolerance_px: float) -> Nodes | None:
        """See `Locator`: a survey of the coarsest nodes nearly always does."""
        del lattice, square, tolerance_px
        return None

    def survey(self, x: Floats, y: Floats, lattice: Lattice) -> Survey:
        """See `Locator`: projections are smooth."""
        x, y, good = self.locate(x, y, lattice)
        return Survey(x, y, good, x, y, 0.0)

    def describe(self) -> str:
        """Return the pipeline."""
        return self.pipeline


def _over_poles(pipeline: str, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the longitudes and latitudes at which points beyond a pole are found."""
    for pole in (-_POLE, _POLE):
        beyond = (np.abs(y) > _POLE) & (np.abs(y) <= 2 * _POLE) & (np.sign(y) == np.sign(pole))
        if beyond.any() and _has_in_its_midst(pipeline, pole):
            x = np.where(beyond, np.where(x > 0, x - 2 * _POLE, x + 2 * _POLE), x)
            y = np.where(beyond, 2 * pole - y, y)
    return x, y


@lru_cache(maxsize=256)
def _has_in_its_midst(pipeline: str, pole: float) -> bool:
    """Tell whether all meridians meet in one point of a CRS."""
    x, y = transform(pipeline, np.array([-120.0, 0.0, 120.0]), np.full(3, pole))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return False
    # A micrometre.
    return max(float(np.ptp(x)), float(np.ptp(y))) < 1e-6


def locate_between(
    locator: MapLocator, x: Floats, y: Floats, lattice: Lattice
) -> tuple[Floats, Floats, NDArray[np.bool_], float]:
    """Do as `locate` for a regular grid of points, most of them interpolated.

    Projections bend so little within a cell that cubics through 17 points a side are exact to a
    ten-millionth of a pixel; terrain and sensors need many more points than that. Where the transform
    is not defined everywhere or bends more, each point is worked out by itself.

    Parameters
    ----------
    x, y : float64 (rows, cols)
        Rows of equal y and columns of equal x, equally spaced.

    Returns
    -------
    x, y : float64 (rows, cols)
    good : bool (rows, cols)
    off_px : float
        Bound of the interpolation's error, in output pixels.
    """
    rows, cols = x.shape
    row_step, col_step = max(1, (rows - 1) // _COARSE), max(1, (cols - 1) // _COARSE)
    if (row_step == 1 and col_step == 1) or (rows - 1) % row_step or (cols - 1) % col_step:
        return *locator.locate(x, y, lattice), 0.0
    few = np.s_[::row_step, ::col_step]
    few_x, few_y, good = locator.locate(
        np.ascontiguousarray(x[few]), np.ascontiguousarray(y[few]), lattice
    )
    if not good.all():
        return *locator.locate(x, y, lattice), 0.0
    pixels = (
        float(x[0, 1] - x[0, 0]) / lattice.pixel_x,
        float(y[0, 0] - y[1, 0]) / lattice.pixel_y,
    )
    off_px = cubic_error_px(few_x, few_y, (col_step * pixels[0], row_step * pixels[1]))
    if not off_px <= _MOST_OFF_PX:
        return *locator.locate(x, y, lattice), 0.0
    there_x, there_y = finer(np.array((few_x, few_y)), (row_step, col_step))
    return there_x, there_y, np.ones(x.shape, np.bool_), off_px
