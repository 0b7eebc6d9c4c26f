"""Pixels in flight: planes for any type, Rgbv for the 3 × uint8 picture path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class PixelBlock:
    """Pixels and their validity.

    Attributes
    ----------
    data : (bands, rows, cols)
        C-contiguous samples; what invalid pixels hold is not defined.
    valid : bool (1, rows, cols) or (bands, rows, cols)
        True = usable.
    """

    data: Array
    valid: NDArray[np.bool_]

    @property
    def bands(self) -> int:
        """Count of bands."""
        return int(self.data.shape[0])

    @property
    def rows(self) -> int:
        """Count of rows."""
        return int(self.data.shape[1])

    @property
    def cols(self) -> int:
        """Count of columns."""
        return int(self.data.shape[2])

    def valid_any(self) -> NDArray[np.bool_]:
        """Return (rows, cols): True where any band is usable."""
        valid = self.valid
        return valid[0] if valid.shape[0] == 1 else np.asarray(valid.any(axis=0))

    def valid_all(self) -> NDArray[np.bool_]:
        """Return (rows, cols): True where all bands are usable."""
        valid = self.valid
        return valid[0] if valid.shape[0] == 1 else np.asarray(valid.all(axis=0))


@dataclass(frozen=True, slots=True)
class Rgbv:
    """Three uint8 bands and validity in one 32-bit word a pixel.

    Attributes
    ----------
    words : uint32 (rows, cols)
        C-contiguous; in memory the bytes R, G, B, V (little-endian: R is the lowest byte);
        V is 255 where the pixel is usable and 0 where not. R, G, B of invalid pixels are 0.
    is_full : bool
        All pixels are known to be usable; False = they may be or not.
    """

    words: NDArray[np.uint32]
    is_full: bool = False

    @property
    def rows(self) -> int:
        """Count of rows."""
        return int(self.words.shape[0])

    @property
    def cols(self) -> int:
        """Count of columns."""
        return int(self.words.shape[1])

    def rgba(self) -> NDArray[np.uint8]:
        """Return the same memory as uint8 (rows, cols, 4)."""
        rows, cols = self.words.shape
        return self.words.view(np.uint8).reshape(rows, cols, 4)

    def valid_any(self) -> NDArray[np.bool_]:
        """Return (rows, cols): True where usable."""
        return np.asarray(self.rgba()[:, :, 3] != 0)

    def planes(self) -> PixelBlock:
        """Return the pixels as planes (copies once)."""
        rgba = self.rgba()
        data = np.ascontiguousarray(np.moveaxis(rgba[:, :, :3], 2, 0))
        return PixelBlock(data, (rgba[:, :, 3] != 0)[np.newaxis])


Pixels = PixelBlock | Rgbv


def rgbv_of_planes(block: PixelBlock) -> Rgbv:
    """Pack 1 or 3 uint8 bands as Rgbv; one band is repeated as grey.

    A pixel is valid where any band is (`noDataInterpretation` is settled before).
    """
    if block.data.dtype != np.uint8 or block.bands not in (1, 3):
        raise ValueError(f"cannot pack {block.bands} × {block.data.dtype} as RGBV")
    valid = block.valid_any()
    out = np.empty((block.rows, block.cols, 4), np.uint8)
    for band in range(3):
        np.multiply(block.data[band if block.bands == 3 else 0], valid, out=out[:, :, band])
    out[:, :, 3] = np.where(valid, 255, 0)
    return Rgbv(out.view(np.uint32)[:, :, 0])
