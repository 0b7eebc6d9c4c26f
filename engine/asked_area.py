"""The pixels of an area: a grid on the service's own lattice, coarsened where there are too many.

Pixels of an area are those whose centres lie in it; of one too small to hold a centre, the pixel it lies in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely

from engine.asked_place import asked_crs, asked_pixel_size, geometry_of, geometry_on_map
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.footprint import clip_valid, edges_of, pack_rings
from engine.image_space import image_space_item

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.footprint import Rings
    from engine.service import ImageService
    from engine.target_grid import TargetGrid

# A box as clients compute it ends on the edge of a pixel, but for rounding.
_SLACK_PX = 1e-6
# Up to so many pixels are looked at to see whether any lies inside.
_SMALL_PX = 1 << 20
# First and end of columns, then of rows.
_Part: TypeAlias = tuple[int, int, int, int]
_KINDS = ("Point", "Polygon", "MultiPolygon", "GeometryCollection")


@dataclass(frozen=True, slots=True)
class AskedArea:
    """Pixels of a service.

    Attributes
    ----------
    extent : Extent or None
        Of whole pixels, in service CRS; None = there are none.
    width, height : int
        Pixels.
    skip : int
        How many of the pixels asked for, along each axis, one of these stands for.
    rings : Rings or None
        What they are cut to, in service CRS; None = all of them are meant.
    """

    extent: Extent | None
    width: int
    height: int
    skip: int = 1
    rings: Rings | None = None

    def inside(self, grid: TargetGrid) -> NDArray[np.bool_] | None:
        """Return which pixels of a part of the grid are meant, as (rows, cols); None = all."""
        if self.rings is None:
            return None
        box, lattice = grid.extent, grid.lattice
        inside = np.ones((grid.height, grid.width), np.bool_)
        origin, step = (box.xmin, box.ymax), (lattice.pixel_x, -lattice.pixel_y)
        clip_valid(self.rings, origin, step, inside)
        return inside


def asked_area(
    service: ImageService,
    place: tuple[bytes, str],
    pixel_size: tuple[float, float] | None,
    most_px: int,
) -> AskedArea:
    """Return the pixels of an area.

    Parameters
    ----------
    place : (WKB, CRS)
        b"" = the whole service; "" = its CRS.
    pixel_size
        In units of that CRS; None, or finer than the service's own = that.
    most_px : int
        Pixels are doubled in size until there are no more of them.

    Raises
    ------
    InvalidParameter
        The geometry is neither a point nor an area, or has no place on the map.
    """
    wkb, crs = place
    summary = service.summary
    shape, pixel = None, pixel_size
    if wkb:
        geometry = geometry_of(wkb)
        if geometry.geom_type not in _KINDS:
            accepted = "an envelope, a polygon or a point"
            raise InvalidParameter("geometry", geometry.geom_type, accepted)
        shape = geometry_on_map(service, geometry, crs)
        if pixel_size is not None and image_space_item(crs) is None:
            centre = geometry.centroid
            there = asked_crs(service, crs)
            pixel = asked_pixel_size(service, pixel_size, there, (centre.x, centre.y))
        else:
            pixel = None
    pixel_x, pixel_y = pixel or (0.0, 0.0)
    # There is nothing between the service's own pixels.
    lattice = _Lattice(
        summary.extent, max(pixel_x, summary.pixel_size_x), max(pixel_y, summary.pixel_size_y)
    )
    return _coarsened(lattice, shape, most_px)


@dataclass(frozen=True, slots=True)
class _Lattice:
    """Pixels of a service's extent, counted from its upper-left corner."""

    extent: Extent
    pixel_x: float
    pixel_y: float

    def doubled(self) -> _Lattice:
        return _Lattice(self.extent, 2 * self.pixel_x, 2 * self.pixel_y)

    def part(self, box: Extent) -> _Part:
        """Return first and end of the columns, and of the rows, whose centres lie in a box."""
        whole = self.extent
        cols = _between(box.xmin - whole.xmin, box.xmax - whole.xmin, whole.width, self.pixel_x)
        rows = _between(whole.ymax - box.ymax, whole.ymax - box.ymin, whole.height, self.pixel_y)
        return (*cols, *rows)

    def around(self, x: float, y: float) -> _Part:
        """Return the pixel that a place lies in, none beside the extent."""
        col = math.floor((x - self.extent.xmin) / self.pixel_x + _SLACK_PX)
        row = math.floor((self.extent.ymax - y) / self.pixel_y + _SLACK_PX)
        cols = math.ceil(self.extent.width / self.pixel_x - _SLACK_PX)
        rows = math.ceil(self.extent.height / self.pixel_y - _SLACK_PX)
        if not (0 <= col < cols and 0 <= row < rows):
            return 0, 0, 0, 0
        return col, col + 1, row, row + 1

    def extent_of(self, part: _Part) -> Extent:
        left, right, top, bottom = part
        x, y = self.extent.xmin, self.extent.ymax
        return Extent(
            x + left * self.pixel_x,
            y - bottom * self.pixel_y,
            x + right * self.pixel_x,
            y - top * self.pixel_y,
        )


def _between(low: float, high: float, size: float, pixel: float) -> tuple[int, int]:
    """Return first and end of the pixels of 0 to `size` whose centres lie from `low` to `high`."""
    count = max(1, math.ceil(size / pixel - _SLACK_PX))
    first = max(0, math.ceil(max(low, 0.0) / pixel - 0.5 - _SLACK_PX))
    end = min(count, math.ceil(min(high, count * pixel) / pixel - 0.5 - _SLACK_PX))
    return first, max(first, end)


def _coarsened(lattice: _Lattice, shape: shapely.Geometry | None, most_px: int) -> AskedArea:
    box = lattice.extent if shape is None else Extent(*map(float, shape.bounds))
    skip, part = 1, lattice.part(box)
    while _count(part) > most_px:
        skip, lattice = 2 * skip, lattice.doubled()
        part = lattice.part(box)
    rings = None if shape is None or _is_box(shape) else _rings_of(shape)
    if shape is None or _holds_a_centre(lattice, part, rings):
        return _area(lattice, part, skip, rings)
    place = shape.representative_point()
    return _area(lattice, lattice.around(place.x, place.y), skip, None)


def _count(part: _Part) -> int:
    return (part[1] - part[0]) * (part[3] - part[2])


def _area(lattice: _Lattice, part: _Part, skip: int, rings: Rings | None) -> AskedArea:
    if not _count(part):
        return AskedArea(None, 0, 0, skip)
    width, height = part[1] - part[0], part[3] - part[2]
    return AskedArea(lattice.extent_of(part), width, height, skip, rings)


def _holds_a_centre(lattice: _Lattice, part: _Part, rings: Rings | None) -> bool:
    """Tell whether a pixel's centre lies inside; large areas are taken to hold some."""
    if rings is None or not 0 < _count(part) <= _SMALL_PX:
        return _count(part) > 0
    inside = np.ones((part[3] - part[2], part[1] - part[0]), np.bool_)
    box = lattice.extent_of(part)
    clip_valid(rings, (box.xmin, box.ymax), (lattice.pixel_x, -lattice.pixel_y), inside)
    return bool(inside.any())


def _is_box(shape: shapely.Geometry) -> bool:
    xmin, ymin, xmax, ymax = shape.bounds
    area = (xmax - xmin) * (ymax - ymin)
    return shape.geom_type == "Polygon" and math.isclose(shape.area, area, rel_tol=1e-12)


def _rings_of(shape: shapely.Geometry) -> Rings | None:
    """Return the edges of all polygons in a shape; None where there are none."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    rings = [
        shapely.get_coordinates(ring)
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    return edges_of(pack_rings(rings)) if rings else None
