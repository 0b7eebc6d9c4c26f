"""Terrain of one height: for images without elevation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.geometry.post_surface import PostSurface, plain_surface
from engine.geometry.projection import LONLAT, describe_crs, operation, transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.extent import Extent
    from engine.geometry.geoid import DatumShift

    Floats = NDArray[np.float64]

# No geoid leaves the ellipsoid by more: between -107 m and 86 m for EGM2008.
MOST_UNDULATION_M = 120.0
# EGM2008 at its finest, 2.5 minutes: its undulations bend and rise by less from one post to the next.
_UNDULATION_POST_M = 4600.0
_UNDULATION_BEND_M = 3.0
_UNDULATION_STEP_M = 6.0


class ConstantTerrain:
    """One height above a datum (a `Terrain`).

    Parameters
    ----------
    height_m : float
        Above the datum that `shift` starts from.
    shift : DatumShift
        To `vertical_datum`.
    crs : str
        Of the points to be asked for.
    """

    def __init__(self, height_m: float, shift: DatumShift, crs: str, vertical_datum: str) -> None:
        self.height_m = height_m
        self._shift = shift
        self._to_lonlat = operation(crs, LONLAT).pipeline
        self.crs = crs
        self.vertical_datum = vertical_datum

    def heights(self, x: Floats, y: Floats, pixel_size: float) -> Floats:  # noqa: ARG002 -- the protocol's
        """Return the height at points (n,), metres in `vertical_datum`; NaN where x or y is no number."""
        heights = np.where(np.isfinite(x) & np.isfinite(y), self.height_m, np.nan)
        if self._shift.is_none:
            return heights
        return heights + self._shift.at(*transform(self._to_lonlat, x, y))

    def relief(self, box: Extent, pixel_size: float) -> tuple[float, float]:
        """Return bounds of the heights within a box."""
        found = self.surface(box, pixel_size)
        return found.low, found.high

    def surface(self, box: Extent, pixel_size: float) -> PostSurface:  # noqa: ARG002 -- the protocol's
        """Return what is known of the surface within a box."""
        if self._shift.is_none:
            return plain_surface(self.height_m, self.height_m)
        low, high = self.height_m - MOST_UNDULATION_M, self.height_m + MOST_UNDULATION_M
        posts = describe_crs(self.crs).metres_per_unit / _UNDULATION_POST_M
        return PostSurface(
            low=low,
            high=high,
            bend_x=_UNDULATION_BEND_M,
            bend_y=_UNDULATION_BEND_M,
            twist=_UNDULATION_BEND_M,
            has_voids=False,
            step_x=_UNDULATION_STEP_M,
            step_y=_UNDULATION_STEP_M,
            posts_per_unit=(posts, 0.0, 0.0, posts),
        )

    def spacing(self, pixel_size: float) -> float:  # noqa: ARG002 -- the protocol's
        """Return 0: there are no posts."""
        return 0.0
