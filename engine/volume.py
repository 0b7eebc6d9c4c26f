"""Volumes between the surface of a service of heights and a base: cut above it, fill below.

Pixels whose centres lie in an area count, each with its size on the ground. A base other than a constant comes
from the heights along the area's edge, taken between the pixels around it: half a pixel of slope would be a
tenth of a small heap.

References
----------
ArcGIS REST API, image service: calculateVolume.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.area_blocks import area_cost, area_pixels
from engine.asked_area import asked_area
from engine.asked_place import geometry_of, geometry_on_map, size_in_own_units
from engine.errors import InvalidParameter
from engine.geometry.ground_cells import ground_cells
from engine.geometry.projection import vertical_crs
from engine.measurements import Volume, VolumesResult
from engine.request import ImageRequest
from engine.request_parts import Encoding, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.area_blocks import AreaPixels
    from engine.asked_area import AskedArea
    from engine.measure_requests import VolumeBase, VolumeRequest
    from engine.render_work import Work

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

# Their heights are in memory together; larger areas are looked at in larger pixels.
_MOST_PX = 4 << 20
# Pixels around an area, between which the heights of its edge lie.
_RIM = 2
_MOST_EDGE_POINTS = 100_000
_BAND_ROWS = 256
_NO_HEIGHTS = Volume(
    area_m2=0.0,
    cut_m3=0.0,
    fill_m3=0.0,
    min_z=math.nan,
    max_z=math.nan,
    mean_z=math.nan,
    cut_cells=0,
    fill_cells=0,
)


@dataclass(frozen=True, slots=True)
class Surface:
    """Heights of an area and a rim around it.

    Attributes
    ----------
    z : float64 (rows, cols)
        Metres; NaN = no data.
    cell_m2 : float64 (rows, cols)
    inside : bool (rows, cols)
        Pixels of the area.
    """

    z: Floats
    cell_m2: Floats
    inside: Bools


@dataclass(frozen=True, slots=True)
class Edge:
    """Points along the edge of an area: positions in pixels (0.5 = the first one's centre), and heights."""

    col_pos: Floats
    row_pos: Floats
    z: Floats


def volumes(request: VolumeRequest, work: Work) -> VolumesResult:
    """Return the volumes of areas; all 0 where there are no heights.

    Raises
    ------
    InvalidParameter
        The service has no heights, or a base is asked for of an edge without any.
    RequestTooLarge
    DeadlineExceeded, Cancelled
    """
    if work.service.summary.data_type != "elevation":
        raise InvalidParameter("service", "of other values", "one of heights (elevation)")
    return VolumesResult(volumes=tuple(_volume(place, request, work) for place in request.areas))


def volume_above(surface: Surface, edge: Edge, base: VolumeBase, constant_z: float) -> Volume:
    """Return cut and fill of a surface.

    Raises
    ------
    InvalidParameter
        No point of the edge has a height, and the base is not constant.
    """
    known = np.isfinite(edge.z)
    along = Edge(edge.col_pos[known], edge.row_pos[known], edge.z[known])
    parts = [(rows, _counted(surface, rows)) for rows in _bands(surface.z.shape[0])]
    if not any(counted.any() for _, counted in parts):
        return _NO_HEIGHTS
    if not known.any() and base != "constant":
        raise InvalidParameter("geometries", "an edge without heights", "areas on known heights")
    below = _base(along, base, constant_z)
    sums = np.zeros(5)
    for rows, counted in parts:
        over = (surface.z[rows] - below.heights(rows, surface.z.shape[1]))[counted]
        cells = surface.cell_m2[rows][counted]
        cut, fill = over > 0, over < 0
        volumes = over * cells
        counts = np.count_nonzero(cut), np.count_nonzero(fill)
        sums += (cells.sum(), volumes[cut].sum(), volumes[fill].sum(), *counts)
    has_edge = bool(known.any())
    return Volume(
        area_m2=float(sums[0]),
        cut_m3=float(sums[1]),
        fill_m3=float(sums[2]),
        min_z=float(along.z.min()) if has_edge else math.nan,
        max_z=float(along.z.max()) if has_edge else math.nan,
        mean_z=float(along.z.mean()) if has_edge else math.nan,
        cut_cells=int(sums[3]),
        fill_cells=int(sums[4]),
    )


def _bands(rows: int) -> Iterator[slice]:
    """Yield rows that are worked on together, so that memory goes to the surface alone."""
    for first in range(0, rows, _BAND_ROWS):
        yield slice(first, min(first + _BAND_ROWS, rows))


def _counted(surface: Surface, rows: slice) -> Bools:
    known = np.isfinite(surface.z[rows]) & np.isfinite(surface.cell_m2[rows])
    return np.asarray(surface.inside[rows] & known)


@dataclass(frozen=True, slots=True)
class _Base:
    """A plane: its height at a position in pixels, and what it rises by a pixel to the east and south."""

    z: float
    col_pos: float = 0.0
    row_pos: float = 0.0
    east: float = 0.0
    south: float = 0.0

    def heights(self, rows: slice, cols: int) -> Floats:
        """Return its heights at the centres of whole rows of pixels."""
        down = np.arange(rows.start, rows.stop) + 0.5 - self.row_pos
        right = np.arange(cols) + 0.5 - self.col_pos
        return self.z + self.south * down[:, np.newaxis] + self.east * right


_LEVELS: dict[VolumeBase, Callable[[Floats], float]] = {
    "lowest": lambda z: float(z.min()),
    "highest": lambda z: float(z.max()),
    "average": lambda z: float(z.mean()),
}


def _base(edge: Edge, base: VolumeBase, constant_z: float) -> _Base:
    if base == "constant":
        return _Base(constant_z)
    if base != "plane":
        return _Base(_LEVELS[base](edge.z))
    # About the middle of the edge the numbers are of one size.
    col, row, z = float(edge.col_pos.mean()), float(edge.row_pos.mean()), float(edge.z.mean())
    ones = np.ones(edge.z.shape)
    sides = np.stack([edge.col_pos - col, edge.row_pos - row, ones], axis=1)
    (east, south, level), *_ = np.linalg.lstsq(sides, edge.z - z, rcond=None)
    return _Base(z + float(level), col, row, float(east), float(south))


def _volume(place: tuple[bytes, str], request: VolumeRequest, work: Work) -> Volume:
    service = work.service
    wkb, crs = place
    geometry = geometry_of(wkb)
    if not geometry.area > 0:
        raise InvalidParameter("geometries", geometry.geom_type, "areas")
    shape = geometry_on_map(service, geometry, crs)
    pixel = size_in_own_units(service, request.pixel_size, request.pixel_size_crs, place)
    area = asked_area(service, place, pixel, _MOST_PX)
    if area.extent is None:
        return _NO_HEIGHTS
    image = ImageRequest(
        view=View(), encoding=Encoding(format="bsq"), band_ids=(0,), mosaic=request.mosaic
    )
    pixels = area_pixels(service, _with_rim(area), image, area_cost(service, None))
    surface = _surface(pixels, area, work)
    return volume_above(surface, _edge(shape, pixels, surface), request.base, request.constant_z)


def _with_rim(area: AskedArea) -> AskedArea:
    """Return an area with pixels around it, without its outline."""
    assert area.extent is not None
    x, y = area.extent.width / area.width, area.extent.height / area.height
    size = {"width": area.width + 2 * _RIM, "height": area.height + 2 * _RIM}
    return replace(area, extent=area.extent.expand(_RIM * x, _RIM * y), rings=None, **size)


def _surface(pixels: AreaPixels, area: AskedArea, work: Work) -> Surface:
    grid = pixels.whole.grid
    z, cell = np.full((2, grid.height, grid.width), np.nan)
    _, unit_m = vertical_crs(work.service.summary.crs)
    for square in pixels.squares(work):
        first_row, first_col = square.grid.row - grid.row, square.grid.col - grid.col
        rows = slice(first_row, first_row + square.grid.height)
        cols = slice(first_col, first_col + square.grid.width)
        z[rows, cols] = np.where(square.block.valid[0], square.block.data[0] * unit_m, np.nan)
        sizes = ground_cells(square.grid)
        cell[rows, cols] = sizes.width_m * sizes.height_m
    inside = np.zeros(z.shape, np.bool_)
    inside[_RIM:-_RIM, _RIM:-_RIM] = True
    within = area.inside(grid)
    return Surface(z, cell, inside if within is None else inside & within)


def _edge(shape: shapely.Geometry, pixels: AreaPixels, surface: Surface) -> Edge:
    """Return points of an area's outline, about a pixel apart."""
    grid = pixels.whole.grid
    step = max(min(grid.lattice.pixel_x, grid.lattice.pixel_y), shape.length / _MOST_EDGE_POINTS)
    outline = shape.boundary if shape.area > 0 else shape
    points = np.concatenate([_evenly(part, step) for part in shapely.get_parts(outline)])
    box = grid.extent
    col_pos = (points[:, 0] - box.xmin) / grid.lattice.pixel_x
    row_pos = (box.ymax - points[:, 1]) / grid.lattice.pixel_y
    return Edge(col_pos, row_pos, bilinear(surface.z, col_pos, row_pos))


def _evenly(line: shapely.Geometry, step: float) -> Floats:
    """Return x, y of points along a ring, equally far apart; none is there twice."""
    count = max(1, math.ceil(line.length / step))
    shares = (np.arange(count) + 0.5) / count
    if line.geom_type in ("LineString", "LinearRing"):
        line = shapely.multipoints(shapely.line_interpolate_point(line, shares, normalized=True))
    return np.asarray(shapely.get_coordinates(line), np.float64)


def bilinear(z: Floats, col_pos: Floats, row_pos: Floats) -> Floats:
    """Return heights between pixel centres; NaN beside them, and where one of the four has none."""
    rows, cols = z.shape
    col, row = col_pos - 0.5, row_pos - 0.5
    near = (col >= 0) & (row >= 0) & (col <= cols - 1) & (row <= rows - 1)
    left = np.clip(np.floor(col), 0, cols - 2).astype(np.int64)
    top = np.clip(np.floor(row), 0, rows - 2).astype(np.int64)
    right, down = col - left, row - top
    upper = z[top, left] * (1 - right) + z[top, left + 1] * right
    lower = z[top + 1, left] * (1 - right) + z[top + 1, left + 1] * right
    return np.where(near, upper * (1 - down) + lower * down, np.nan)
