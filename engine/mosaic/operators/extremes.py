"""Min and Max: per band, the smallest or largest valid sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixel_type import PixelType


class _Extreme:
    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any], pick: np.ufunc) -> None:
        self._pick = pick
        self._data = np.zeros(shape, dtype)
        self._valid = np.zeros(shape, np.bool_)

    def merge(self, block: PixelBlock, weights: NDArray[np.float64] | None) -> None:  # noqa: ARG002 -- Accumulator
        """Keep the extreme of what is held and the block."""
        picked = np.where(self._valid, self._pick(self._data, block.data), block.data)
        np.copyto(self._data, picked, where=block.valid)
        self._valid |= block.valid

    def finish(self, pixel_type: PixelType) -> PixelBlock:  # noqa: ARG002 -- Accumulator
        """Return the extremes."""
        return PixelBlock(self._data, self._valid)


@dataclass(frozen=True, slots=True)
class Min:
    """The smallest valid sample of each band."""

    wants_weights: bool = False

    def start(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> _Extreme:
        """Return an empty accumulator."""
        return _Extreme(shape, dtype, np.minimum)


@dataclass(frozen=True, slots=True)
class Max:
    """The largest valid sample of each band."""

    wants_weights: bool = False

    def start(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> _Extreme:
        """Return an empty accumulator."""
        return _Extreme(shape, dtype, np.maximum)
