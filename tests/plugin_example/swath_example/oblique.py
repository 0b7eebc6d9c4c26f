"""A sensor model: parallel rays that come from one direction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from engine.errors import InvalidParameter


class Oblique(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pixels of `pixel_m` metres at height 0, first at (`x`, `y`); ground moves `lean` metres a metre up."""

    ground_crs: str
    x: float
    y: float
    pixel_m: float
    lean: float = 0.3

    def bind(self) -> _Bound:
        """Check the numbers."""
        for name in ("x", "y", "pixel_m", "lean"):
            if not math.isfinite(getattr(self, name)):
                raise InvalidParameter(name, getattr(self, name), "a finite number")
        if self.pixel_m <= 0:
            raise InvalidParameter("pixel_m", self.pixel_m, "a length above 0")
        return _Bound(self.ground_crs, self.x, self.y, self.pixel_m, self.lean)


@dataclass(frozen=True, slots=True)
class _Bound:
    ground_crs: str
    x: float
    y: float
    pixel_m: float
    lean: float
    vertical_datum: str = "ellipsoid"
    height_range: tuple[float, float] = (-500.0, 9000.0)

    def ground_to_image(self, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
        """See `engine.geotransforms.base.SensorModel`."""
        x, y, z = (np.asarray(each, np.float64) for each in (x, y, z))
        col = (x + self.lean * z - self.x) / self.pixel_m
        # NaN in any of the three is NaN in both.
        row = (self.y - y + 0.0 * col) / self.pixel_m
        return col + 0.0 * row, row

    def image_to_ground(self, col_pos: Any, row_pos: Any, z: Any) -> tuple[Any, Any]:
        """See `engine.geotransforms.base.SensorModel`."""
        return self.x + col_pos * self.pixel_m - self.lean * z, self.y - row_pos * self.pixel_m
