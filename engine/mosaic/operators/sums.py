"""Mean, Sum and Blend: sums in double precision over valid samples, in item order, divided once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.mosaic.operators.base import as_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixel_type import PixelType
    from engine.pixels import PixelBlock

# Where only faded edges meet, the least weight keeps the division defined and the shares right.
_LEAST_WEIGHT = 1e-6


class _Weighted:
    def __init__(self, shape: tuple[int, int, int], *, divide: bool) -> None:
        self._divide = divide
        self._sums = np.zeros(shape)
        self._weights = np.zeros(shape)

    def merge(self, block: PixelBlock, weights: NDArray[np.float64] | None) -> None:
        """Add the block's valid samples with their weights."""
        weight = np.where(
            block.valid, 1.0 if weights is None else np.maximum(weights, _LEAST_WEIGHT), 0.0
        )
        self._sums += np.where(block.valid, block.data, 0) * weight
        self._weights += weight

    def finish(self, pixel_type: PixelType) -> PixelBlock:
        """Return the sums, divided by the weights where asked."""
        valid = self._weights > 0
        if self._divide:
            result = np.divide(
                self._sums, self._weights, out=np.zeros_like(self._sums), where=valid
            )
        else:
            result = self._sums
        return as_type(result, valid, pixel_type)


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the valid samples of each band."""

    wants_weights: bool = False

    def start(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> _Weighted:  # noqa: ARG002 -- operator
        """Return an empty accumulator."""
        return _Weighted(shape, divide=True)


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of the valid samples of each band, clamped to the pixel type."""

    wants_weights: bool = False

    def start(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> _Weighted:  # noqa: ARG002 -- operator
        """Return an empty accumulator."""
        return _Weighted(shape, divide=False)


@dataclass(frozen=True, slots=True)
class Blend:
    """The mean weighted by the distance from the footprint's or seamline's edge."""

    wants_weights: bool = True

    def start(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> _Weighted:  # noqa: ARG002 -- operator
        """Return an empty accumulator."""
        return _Weighted(shape, divide=True)
