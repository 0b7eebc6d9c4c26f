"""An axis-aligned box in map units: x is east, y is north."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class Extent(msgspec.Struct, frozen=True, array_like=True):
    """A box in some CRS; min ≤ max on both axes."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    @property
    def width(self) -> float:
        """Extent along x in map units."""
        return self.xmax - self.xmin

    @property
    def height(self) -> float:
        """Extent along y in map units."""
        return self.ymax - self.ymin

    @property
    def center_x(self) -> float:
        """The x of the middle."""
        return (self.xmin + self.xmax) / 2

    @property
    def center_y(self) -> float:
        """The y of the middle."""
        return (self.ymin + self.ymax) / 2

    @property
    def is_finite(self) -> bool:
        """Whether all four numbers and both sides are finite."""
        # A finite side has finite ends; the sides of the largest finite numbers overflow.
        return math.isfinite(self.width) and math.isfinite(self.height)

    def intersects(self, other: Extent) -> bool:
        """Tell whether the two closed boxes share a point."""
        return (
            self.xmin <= other.xmax
            and other.xmin <= self.xmax
            and self.ymin <= other.ymax
            and other.ymin <= self.ymax
        )

    def intersection(self, other: Extent) -> Extent | None:
        """Return the common box, or None where there is none."""
        if not self.intersects(other):
            return None
        return Extent(
            max(self.xmin, other.xmin),
            max(self.ymin, other.ymin),
            min(self.xmax, other.xmax),
            min(self.ymax, other.ymax),
        )

    def union(self, other: Extent) -> Extent:
        """Return the smallest box around both."""
        return Extent(
            min(self.xmin, other.xmin),
            min(self.ymin, other.ymin),
            max(self.xmax, other.xmax),
            max(self.ymax, other.ymax),
        )

    def expand(self, dx: float, dy: float) -> Extent:
        """Return the box grown by `dx`, `dy` map units on each side."""
        return Extent(self.xmin - dx, self.ymin - dy, self.xmax + dx, self.ymax + dy)


# Longitudes and latitudes of the whole Earth.
WORLD = Extent(-180.0, -90.0, 180.0, 90.0)


def union_of(extents: Iterable[Extent]) -> Extent | None:
    """Return the smallest box around all, or None for none."""
    result: Extent | None = None
    for extent in extents:
        result = extent if result is None else result.union(extent)
    return result
