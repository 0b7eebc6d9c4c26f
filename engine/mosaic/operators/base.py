"""What a mosaic operator is: it takes in one raster's pixels after another and gives the result.

Operators work on one cell of at most 256 × 256 pixels. First and Last need no operator: they are an order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from engine.functions.cast import cast
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixel_type import PixelType


class Accumulator(Protocol):
    """The pixels taken in so far."""

    def merge(self, block: PixelBlock, weights: NDArray[np.float64] | None) -> None:
        """Take in a block of the service's type; `weights` (rows, cols) where the operator asked."""
        ...

    def finish(self, pixel_type: PixelType) -> PixelBlock:
        """Return the result in a pixel type."""
        ...


class MosaicOperator(Protocol):
    """How overlapping pixels combine."""

    @property
    def wants_weights(self) -> bool:
        """Whether `merge` needs the distance from the edge as weights."""
        ...

    def start(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Accumulator:
        """Return an empty accumulator of (bands, rows, cols)."""
        ...


def as_type(
    data: NDArray[np.float64], valid: NDArray[np.bool_], pixel_type: PixelType
) -> PixelBlock:
    """Return wide sums as a pixel type, rounded and clamped for integers."""
    return cast(PixelBlock(np.where(valid, data, 0.0), valid), pixel_type)
