"""A transform in the plane: pixels turn about a centre, the less the farther away they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from engine.errors import InvalidParameter


class Swirl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`angle_deg` at the centre, half of it `radius` away."""

    center: tuple[float, float]
    angle_deg: float = 10.0
    radius: float = 100.0

    def bind(self) -> _Bound:
        """Check the numbers."""
        if not math.isfinite(self.angle_deg):
            raise InvalidParameter("angle_deg", self.angle_deg, "a finite number")
        if not 0 < self.radius < math.inf:
            raise InvalidParameter("radius", self.radius, "a length above 0")
        return _Bound(*self.center, math.radians(self.angle_deg), self.radius)


@dataclass(frozen=True, slots=True)
class _Bound:
    x: float
    y: float
    angle: float
    radius: float

    def to_source(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Turn back."""
        return self._turned(x, y, -self.angle)

    def to_output(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Turn."""
        return self._turned(x, y, self.angle)

    def _turned(self, x: Any, y: Any, angle: float) -> tuple[Any, Any]:
        # The distance from the centre stays, so the inverse is exact.
        dx, dy = np.asarray(x, np.float64) - self.x, np.asarray(y, np.float64) - self.y
        turn = angle / (1 + (dx * dx + dy * dy) / self.radius**2)
        cos, sin = np.cos(turn), np.sin(turn)
        return self.x + dx * cos - dy * sin, self.y + dx * sin + dy * cos
