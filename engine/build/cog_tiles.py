"""Tiles of a TIFF as bytes: predictor and deflate.

The fast deflate of the Intel library, not the small one: overviews are read more often than kept, and
making them is a third of the time of a build.

References
----------
TIFF Revision 6.0 section 14 (predictor 2); Adobe Photoshop TIFF Technical Note 3 (predictor 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from engine.kernel import kernel

_LEVEL = 2

Array = NDArray[Any]


def predictor_of(dtype: np.dtype[Any]) -> int:
    """Return the TIFF predictor that suits a type of samples."""
    return 3 if dtype.kind == "f" else 2


def encode_tile(data: Array, side: int) -> bytes:
    """Return a tile of `side` × `side` pixels, samples of a pixel together.

    Parameters
    ----------
    data : (bands, rows, cols)
        At most `side` rows and columns; what is missing is 0.
    """
    bands, rows, cols = data.shape
    if data.dtype.kind == "f":
        tile = np.zeros((side, side, bands), data.dtype)
        tile[:rows, :cols] = data.transpose(1, 2, 0)
        return bytes(isal_zlib.compress(_by_bytes(tile), _LEVEL))
    whole = np.ascontiguousarray(data).view(f"u{data.dtype.itemsize}")
    differences = np.zeros((side, side * bands), whole.dtype)
    _difference_kernel(whole, differences)
    return bytes(isal_zlib.compress(differences, _LEVEL))


def encode_mask(valid: NDArray[np.bool_], side: int) -> bytes:
    """Return a tile of bits, rows from the left, 1 = valid."""
    rows, cols = valid.shape
    tile = np.zeros((side, side), np.bool_)
    tile[:rows, :cols] = valid
    return bytes(isal_zlib.compress(np.packbits(tile, axis=1).tobytes(), _LEVEL))


def _by_bytes(tile: Array) -> Array:
    """Return the differences of bytes, the most significant ones of a row first."""
    side, cols, bands = tile.shape
    planes = tile.astype(tile.dtype.newbyteorder(">")).view(np.uint8)
    planes = planes.reshape(side, cols * bands, tile.dtype.itemsize)
    planes = np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(side, -1)
    out = planes.copy()
    out[:, bands:] -= planes[:, :-bands]
    return out


@kernel
def _difference_kernel(data: Array, out: Array) -> None:
    # Samples of a pixel side by side, each less the one of the pixel before; it wraps around.
    bands, rows, cols = data.shape
    for row in range(rows):
        for band in range(bands):
            line, before = data[band, row], data[band, row, 0]
            out[row, band] = before
            for col in range(1, cols):
                out[row, col * bands + band] = line[col] - before
                before = line[col]
            if cols * bands < out.shape[1]:
                out[row, cols * bands + band] = -before
