"""What a sampling kernel is told: nodes, the affine to level pixels, and the part of the canvas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geometry.position_grid import NodeGrid


@dataclass(frozen=True, slots=True)
class LevelAffine:
    """Raster CRS coordinates to pixels of one pyramid level (corner origin).

    col = a·x + b·y + c, row = d·x + e·y + f; `width` and `height` are the level's size in its own
    pixels (fractional for levels averaged on the fly). `array` holds the eight for kernels.
    """

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    width: float
    height: float
    array: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the array once: kernels are called with it thousands of times a second."""
        values = (self.a, self.b, self.c, self.d, self.e, self.f, self.width, self.height)
        object.__setattr__(self, "array", np.array(values))


@dataclass(frozen=True, slots=True)
class CanvasPart:
    """Where a node grid's window lies on the canvas, and the part of it to fill.

    Attributes
    ----------
    col, row : int
        Canvas position of the window's first pixel (may be negative).
    col_start, col_stop, row_start, row_stop : int
        Canvas pixels to fill, inside both window and canvas.
    array : int64 (6,)
        These six, for kernels.
    """

    nodes: NodeGrid
    col: int
    row: int
    col_start: int
    col_stop: int
    row_start: int
    row_stop: int
    array: NDArray[np.int64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the array once."""
        values: tuple[Any, ...] = (self.col, self.row, self.col_start, self.col_stop)
        object.__setattr__(
            self, "array", np.array((*values, self.row_start, self.row_stop), np.int64)
        )


def level_affine(
    geotransform: tuple[float, float, float, float, float, float],
    scale: tuple[float, float],
    size: tuple[float, float],
) -> LevelAffine:
    """Invert a geotransform and scale it to a level.

    Parameters
    ----------
    geotransform
        Of level 0, GDAL order.
    scale : (x, y)
        Level pixels per level-0 pixel.
    size : (width, height)
        Of the level, in its own pixels.
    """
    x0, xc, xr, y0, yc, yr = geotransform
    det = xc * yr - xr * yc
    a, b = yr / det, -xr / det
    d, e = -yc / det, xc / det
    return LevelAffine(
        a * scale[0],
        b * scale[0],
        -(a * x0 + b * y0) * scale[0],
        d * scale[1],
        e * scale[1],
        -(d * x0 + e * y0) * scale[1],
        size[0],
        size[1],
    )
