"""How many metres of ground a pixel of a view is wide and high, at each place.

Slopes are rises over metres of ground: in degrees and on Mercator alike, one hill has one slope. Depends on the
place on the world lattice alone, so tiles put side by side equal one export.

References
----------
Snyder, J. P. (1987), Map Projections: A Working Manual, USGS Professional Paper 1395: radii of curvature
(4-18, 4-20), Mercator (7-7 to 7-9).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.geometry.projection import LONLAT, MERCATOR, describe_crs, operation, transform
from engine.image_space import image_space_item
from engine.target_grid import CELL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.target_grid import Lattice, TargetGrid

    Floats = NDArray[np.float64]

_A, _E2 = 6378137.0, 0.0066943799901413165
# Where a pixel is narrower than this share of one at the equator, nothing can be said of slopes.
_LEAST_COSINE = 1e-6
# What Esri's plain arithmetic takes for a degree.
_DEGREE_M = 111_000.0


@dataclass(frozen=True, slots=True)
class GroundCells:
    """Sizes of the pixels of a view, and where it begins.

    Attributes
    ----------
    width_m, height_m : float64, broadcast to (rows, cols)
        Along the map's x and y axes, at the pixel's centre; NaN where it has no place on Earth.
    plain : (width, height)
        As the map says: in its units, a degree taken for 111 km.
    row, col : int
        Number of the view's first pixel on the world lattice.
    """

    width_m: Floats
    height_m: Floats
    plain: tuple[float, float] = (1.0, 1.0)
    row: int = 0
    col: int = 0


def ground_cells(grid: TargetGrid) -> GroundCells:
    """Return the sizes of a view's pixels on the ground."""
    if image_space_item(grid.lattice.crs) is not None:
        nowhere = np.full((1, 1), np.nan)
        return GroundCells(nowhere, nowhere, row=grid.row, col=grid.col)
    width, height = _sizes(grid)
    unit = _DEGREE_M if describe_crs(grid.lattice.crs).is_geographic else 1.0
    plain = (grid.lattice.pixel_x * unit, grid.lattice.pixel_y * unit)
    return GroundCells(width, height, plain, grid.row, grid.col)


def _sizes(grid: TargetGrid) -> tuple[Floats, Floats]:
    lattice = grid.lattice
    if lattice.crs == MERCATOR or describe_crs(lattice.crs).is_geographic:
        return _sizes_of_rows(lattice, grid.row, grid.height)
    return _between_nodes(grid)


@lru_cache(maxsize=256)
def _sizes_of_rows(lattice: Lattice, first: int, count: int) -> tuple[Floats, Floats]:
    """Return sizes that are alike along each row; kept for the tiles beside. Not to be written to."""
    rows = first + np.arange(count) + 0.5
    y = lattice.origin_y - (rows + lattice.phase_y) * lattice.pixel_y
    if lattice.crs == MERCATOR:
        latitude = np.pi / 2 - 2 * np.arctan(np.exp(-y / _A))
        # On the sphere of the map a step in y is a step in latitude; on the ground that one has a radius.
        east, north = _radii(latitude)
        scale = np.cos(latitude) / _A
        return _by_row(lattice, east * scale, north * scale)
    latitude = np.radians(y)
    east, north = _radii(latitude)
    cosine = np.maximum(np.cos(latitude), _LEAST_COSINE)
    return _by_row(lattice, np.radians(1.0) * east * cosine, np.radians(1.0) * north)


def _radii(latitude: Floats) -> tuple[Floats, Floats]:
    """Return the radii of curvature along the parallel's normal section and along the meridian."""
    root = 1.0 - _E2 * np.sin(latitude) ** 2
    return _A / np.sqrt(root), _A * (1.0 - _E2) / root**1.5


def _by_row(lattice: Lattice, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return sizes from metres per map unit of each row."""
    width, height = (x * lattice.pixel_x)[:, np.newaxis], (y * lattice.pixel_y)[:, np.newaxis]
    width.flags.writeable = height.flags.writeable = False
    return width, height


def _between_nodes(grid: TargetGrid) -> tuple[Floats, Floats]:
    """Return sizes that are exact at the corners of the lattice's cells and bilinear between them."""
    lattice = grid.lattice
    cols = grid.col + np.arange(grid.width) + 0.5
    rows = grid.row + np.arange(grid.height) + 0.5
    first_col, last_col = int(cols[0] // CELL), int(cols[-1] // CELL) + 1
    first_row, last_row = int(rows[0] // CELL), int(rows[-1] // CELL) + 1
    node_cols = np.arange(first_col, last_col + 1) * float(CELL)
    node_rows = np.arange(first_row, last_row + 1) * float(CELL)
    width, height = _at(lattice, *np.meshgrid(node_cols, node_rows))
    share_x, share_y = cols / CELL - first_col, rows / CELL - first_row
    return _bilinear(width, share_x, share_y), _bilinear(height, share_x, share_y)


def _at(lattice: Lattice, cols: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Return the ground sizes of pixels around lattice positions."""
    x = lattice.origin_x + (cols + lattice.phase_x) * lattice.pixel_x
    y = lattice.origin_y - (rows + lattice.phase_y) * lattice.pixel_y
    # Large enough for digits of longitudes, small enough for the Earth's curvature.
    step = 50.0 / describe_crs(lattice.crs).metres_per_unit
    xs = np.stack([x - step, x + step, x, x])
    ys = np.stack([y, y, y - step, y + step])
    lon, lat = transform(operation(lattice.crs, LONLAT).pipeline, xs, ys)
    along_x = _distance((lon[0], lat[0]), (lon[1], lat[1])) / (2 * step)
    along_y = _distance((lon[2], lat[2]), (lon[3], lat[3])) / (2 * step)
    return along_x * lattice.pixel_x, along_y * lattice.pixel_y


def _distance(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    """Return metres between points a hundred metres apart."""
    with np.errstate(invalid="ignore"):
        latitude = np.radians((one[1] + other[1]) / 2)
        east, north = _radii(latitude)
        turn = np.remainder(other[0] - one[0] + 180.0, 360.0) - 180.0
        dx = np.radians(turn) * east * np.cos(latitude)
        dy = np.radians(other[1] - one[1]) * north
        return np.asarray(np.hypot(dx, dy))


def _bilinear(nodes: Floats, share_x: Floats, share_y: Floats) -> Floats:
    col = np.clip(share_x.astype(int), 0, nodes.shape[1] - 2)
    row = np.clip(share_y.astype(int), 0, nodes.shape[0] - 2)
    fx, fy = share_x - col, (share_y - row)[:, np.newaxis]
    top = nodes[row][:, col] * (1 - fx) + nodes[row][:, col + 1] * fx
    bottom = nodes[row + 1][:, col] * (1 - fx) + nodes[row + 1][:, col + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)
