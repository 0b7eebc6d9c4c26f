"""Shapes of neighbourhoods: which pixels around each one count, and how much.

References
----------
ArcGIS Pro, Focal Statistics: rectangle, circle, annulus, wedge, irregular, weight. A pixel is inside where its centre is;
angles run counter-clockwise from east.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """A neighbourhood.

    Attributes
    ----------
    weights : float64 (rows, columns)
        0 = does not count. Its middle, of even sizes the pixel after it, lies on the pixel.
    """

    weights: Weights

    @property
    def window(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.weights.shape[0], self.weights.shape[1]

    @property
    def is_rectangle(self) -> bool:
        """Whether all its pixels count alike."""
        return bool((self.weights == 1.0).all())

    @property
    def is_weighted(self) -> bool:
        """Whether some count more than others."""
        return bool(((self.weights != 0.0) & (self.weights != 1.0)).any())

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Rows and columns of its pixels from its first corner: (n, 2)."""
        return np.ascontiguousarray(np.argwhere(self.weights != 0.0), np.int64)

    @property
    def padding(self) -> int:
        """Pixels that it reaches beyond its own."""
        return max(self.window) // 2


def rectangle(rows: int, cols: int) -> Neighbourhood:
    """Return a full rectangle."""
    return Neighbourhood(np.ones((rows, cols)))


def ring(inner: float, outer: float) -> Neighbourhood:
    """Return the pixels from one radius to another, both included; an inner one of 0 is a circle."""
    down, right = _around(outer)
    distance = np.hypot(down, right)
    return Neighbourhood(((distance >= inner) & (distance <= outer)).astype(np.float64))


def wedge(radius: float, start_deg: float, end_deg: float) -> Neighbourhood:
    """Return a slice of a circle with its tip, counter-clockwise from a direction to another."""
    down, right = _around(radius)
    distance = np.hypot(down, right)
    # To about a millionth of a degree: 45 degrees are a diagonal.
    angle = np.round(np.degrees(np.arctan2(-down, right)) - start_deg, 6) % 360.0
    span = round(end_deg - start_deg, 6)
    is_between = angle <= (span if span == 360.0 else span % 360.0)
    return Neighbourhood(((distance <= radius) & (is_between | (distance == 0))).astype(np.float64))


def _around(radius: float) -> tuple[Weights, Weights]:
    reach = int(radius)
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    return down, right
