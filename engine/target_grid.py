"""The output grid of a request on its world lattice, and its cells of 256 × 256 pixels.

A lattice is (CRS, pixel size, sub-pixel phase); pixels and cells are numbered from the CRS's tile
origin, so two requests on one lattice share pixels, cells and position grids whatever their boxes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.projection import MERCATOR, describe_crs
from engine.image_space import ORIGIN_X, ORIGIN_Y, image_space_item
from engine.tile_scheme import HALF_WORLD_M, SAME_SIZE, WEB_MERCATOR, known_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.request_parts import TileAddress
    from engine.tile_scheme import TileScheme

CELL = 256
_PHASE_SNAP_PX = 1e-6
_MAX_INDEX = 2**40
# Far below any raster's, also in degrees; smaller ones make numbers of pixels that overflow.
_LEAST_PIXEL = 1e-12


@dataclass(frozen=True, slots=True)
class Lattice:
    """A CRS's pixel lattice.

    Attributes
    ----------
    pixel_x, pixel_y : float
        Pixel size in CRS units, both positive.
    phase_x, phase_y : float
        Offset of the lattice from the tile origin, [0, 1) pixels.
    origin_x, origin_y : float
        The CRS's tile origin: x grows to the right of it, y falls below it.
    """

    crs: str
    pixel_x: float
    pixel_y: float
    phase_x: float
    phase_y: float
    origin_x: float
    origin_y: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of the canvas inside one world cell.

    Attributes
    ----------
    col, row : int
        World number of the cell.
    canvas_col, canvas_row : int
        Where the cell's first pixel lies on the canvas (may be negative).
    col_start, col_stop, row_start, row_stop : int
        The part on the canvas, in canvas pixels.
    span : int
        World cells a side that it stands for, 1 but for what paints many at once.
    """

    col: int
    row: int
    canvas_col: int
    canvas_row: int
    col_start: int
    col_stop: int
    row_start: int
    row_stop: int
    span: int = 1

    def singles(self) -> Iterator[Cell]:
        """Yield the single cells that have a part on the canvas, row by row."""
        for down in range(self.span):
            top = self.canvas_row + down * CELL
            for across in range(self.span):
                left = self.canvas_col + across * CELL
                single = Cell(
                    self.col + across,
                    self.row + down,
                    left,
                    top,
                    max(left, self.col_start),
                    min(left + CELL, self.col_stop),
                    max(top, self.row_start),
                    min(top + CELL, self.row_stop),
                )
                if single.col_start < single.col_stop and single.row_start < single.row_stop:
                    yield single


@dataclass(frozen=True, slots=True)
class TargetGrid:
    """Output pixels: `width` × `height` of them from lattice pixel (`col`, `row`) on."""

    lattice: Lattice
    col: int
    row: int
    width: int
    height: int

    @property
    def extent(self) -> Extent:
        """Outer box in the lattice's CRS."""
        lattice = self.lattice
        xmin = lattice.origin_x + (self.col + lattice.phase_x) * lattice.pixel_x
        ymax = lattice.origin_y - (self.row + lattice.phase_y) * lattice.pixel_y
        return Extent(
            xmin, ymax - self.height * lattice.pixel_y, xmin + self.width * lattice.pixel_x, ymax
        )

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """GDAL geotransform of the output."""
        extent = self.extent
        return (extent.xmin, self.lattice.pixel_x, 0.0, extent.ymax, 0.0, -self.lattice.pixel_y)

    def rows_of(self, first: int, count: int) -> TargetGrid:
        """Return the grid of `count` rows from row `first` on."""
        return TargetGrid(self.lattice, self.col, self.row + first, self.width, count)

    def part_of(self, cell: Cell) -> TargetGrid:
        """Return the grid of a cell's part of the canvas."""
        return TargetGrid(
            self.lattice,
            self.col + cell.col_start,
            self.row + cell.row_start,
            cell.col_stop - cell.col_start,
            cell.row_stop - cell.row_start,
        )

    def expand(self, pixels: int) -> TargetGrid:
        """Return the grid grown by a halo on each side."""
        return TargetGrid(
            self.lattice,
            self.col - pixels,
            self.row - pixels,
            self.width + 2 * pixels,
            self.height + 2 * pixels,
        )

    @property
    def cell_count(self) -> int:
        """World cells that the view has a part of."""
        down = (self.row + self.height - 1) // CELL - self.row // CELL + 1
        across = (self.col + self.width - 1) // CELL - self.col // CELL + 1
        return down * across

    def one_cell(self) -> Cell:
        """Return the square of world cells that holds the whole view, as one."""
        col, row = self.col // CELL, self.row // CELL
        across = (self.col + self.width - 1) // CELL - col + 1
        down = (self.row + self.height - 1) // CELL - row + 1
        left, top = col * CELL - self.col, row * CELL - self.row
        return Cell(col, row, left, top, 0, self.width, 0, self.height, max(across, down))

    def cells(self, span: int = 1) -> Iterator[Cell]:
        """Yield the parts of the canvas by world cell, or by squares of `span` cells, row by row."""
        side = CELL * span
        for row in range(self.row // side, (self.row + self.height - 1) // side + 1):
            top = row * side - self.row
            for col in range(self.col // side, (self.col + self.width - 1) // side + 1):
                left = col * side - self.col
                yield Cell(
                    col * span,
                    row * span,
                    left,
                    top,
                    max(left, 0),
                    min(left + side, self.width),
                    max(top, 0),
                    min(top + side, self.height),
                    span,
                )


def grid_of_tile(tile: TileAddress, scheme: TileScheme = WEB_MERCATOR) -> TargetGrid:
    """Return the grid of a tile; exact on its scheme's lattice."""
    pixel = scheme.resolutions[tile.level] / tile.scale
    shift = 0.5 if tile.samples == "posts" else 0.0
    origin_x, origin_y = tile_origin(scheme.crs)
    col, phase_x = _index((scheme.origin_x - origin_x) / pixel - shift)
    row, phase_y = _index((origin_y - scheme.origin_y) / pixel - shift)
    lattice = Lattice(scheme.crs, pixel, pixel, phase_x, phase_y, origin_x, origin_y)
    side = CELL * tile.scale
    shown = side + 1 if shift else side
    return TargetGrid(lattice, col + tile.col * side, row + tile.row * side, shown, shown)


@dataclass(frozen=True, slots=True)
class KnownPixels:
    """Pixels that the boxes of clients are meant to fall on.

    Attributes
    ----------
    sizes : tuple of (x, y)
        Of pixels; each stands for its doubles and halves, too.
    corners : tuple of (x, y)
        In map units: corners of such pixels.
    """

    sizes: tuple[tuple[float, float], ...] = ()
    corners: tuple[tuple[float, float], ...] = ()


def grid_of_extent(
    crs: str, extent: Extent, width: int, height: int, known: KnownPixels | None = None
) -> TargetGrid:
    """Return the grid that cuts `extent` into `width` × `height` pixels.

    Pixel sizes within 1e-9 of a tile level's or of a known one (a service's own) times a power of two
    are taken as these, and phases within 1e-6 pixel of 0 or of a known corner's as those, so boxes
    that clients compute from tile corners fall on the tiles' lattice.

    Raises
    ------
    InvalidParameter
        The box has no area, is not finite or its pixels cannot be numbered.
    """
    if not extent.is_finite or extent.width <= 0 or extent.height <= 0:
        raise InvalidParameter("bbox", list(extent_values(extent)), "a finite box with an area")
    known = known or KnownPixels()
    origin_x, origin_y = tile_origin(crs)
    pixel_x = known_size(crs, extent.width / width, tuple(x for x, _ in known.sizes))
    pixel_y = known_size(crs, extent.height / height, tuple(y for _, y in known.sizes))
    if min(pixel_x, pixel_y) < _LEAST_PIXEL:
        accepted = f"pixels of at least {_LEAST_PIXEL:g} map units"
        raise InvalidParameter("bbox", list(extent_values(extent)), accepted)
    lefts = tuple((x - origin_x) / pixel_x for x, _ in known.corners)
    tops = tuple((origin_y - y) / pixel_y for _, y in known.corners)
    col, phase_x = _index((extent.xmin - origin_x) / pixel_x, lefts)
    row, phase_y = _index((origin_y - extent.ymax) / pixel_y, tops)
    if max(abs(col), abs(row)) > _MAX_INDEX:
        raise InvalidParameter(
            "bbox", list(extent_values(extent)), "pixels larger than 1e-5 of a metre"
        )
    lattice = Lattice(crs, pixel_x, pixel_y, phase_x, phase_y, origin_x, origin_y)
    return TargetGrid(lattice, col, row, width, height)


def square_pixels(extent: Extent, width: int, height: int) -> Extent:
    """Grow `extent` about its centre until `width` × `height` pixels of it are square."""
    pixel_x, pixel_y = extent.width / width, extent.height / height
    if math.isclose(pixel_x, pixel_y, rel_tol=SAME_SIZE):
        return extent
    pixel = max(pixel_x, pixel_y)
    half_x, half_y = pixel * width / 2, pixel * height / 2
    x, y = extent.center_x, extent.center_y
    if pixel_x >= pixel_y:
        return Extent(extent.xmin, y - half_y, extent.xmax, y + half_y)
    return Extent(x - half_x, extent.ymin, x + half_x, extent.ymax)


def extent_values(extent: Extent) -> tuple[float, float, float, float]:
    """Return the box's four numbers."""
    return extent.xmin, extent.ymin, extent.xmax, extent.ymax


def tile_origin(crs: str) -> tuple[float, float]:
    """Return the upper-left corner from which a CRS's pixels are numbered."""
    if crs == MERCATOR:
        return -HALF_WORLD_M, HALF_WORLD_M
    if image_space_item(crs) is not None:
        return ORIGIN_X, ORIGIN_Y
    if describe_crs(crs).is_geographic:
        return -180.0, 90.0
    return 0.0, 0.0


def world_period(crs: str) -> float:
    """Return after how many units along x a CRS's map repeats; 0 = it does not."""
    if crs == MERCATOR:
        return 2 * HALF_WORLD_M
    if image_space_item(crs) is not None:
        return 0.0
    return 360.0 if describe_crs(crs).is_geographic else 0.0


def _index(position: float, corners: tuple[float, ...] = ()) -> tuple[int, float]:
    """Return whole pixels and phase of a position; `corners` are positions whose phases are known.

    So are those half a pixel beside them, where posts lie.
    """
    whole = math.floor(position + _PHASE_SNAP_PX)
    phase = position - whole
    # A box far from the origin carries the rounding of its coordinates: 1e-9 of the position.
    slack = max(_PHASE_SNAP_PX, abs(position) * 4e-16 * 16)
    for corner in corners:
        for beside in (corner, corner - 0.5):
            # What is taken as 0 itself may be as far away again.
            known = _index(beside)[1]
            turns = round(phase - known)
            if abs(phase - known - turns) < 2 * slack:
                return whole + turns, known
    for known in (0.0, 0.5):
        turns = round(phase - known)
        if abs(phase - known - turns) < slack:
            return whole + turns, known
    return whole, phase
