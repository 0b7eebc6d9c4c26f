"""A small PNG writer: Up filter and `deflate_rle`, many times faster than general PNG writers.

Measured on 256² texture: as small as igzip level 1 in 0.5 to 0.7 of its time; Sub is no smaller than Up.

References
----------
PNG (Third Edition), W3C Recommendation: 5 datastream structure, 9.2 filter types, 11 chunks.
"""

from __future__ import annotations

import struct
import zlib
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from isal import isal_zlib

from engine.formats.deflate_rle import deflate_rle
from engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FILTER_NONE = 0
_FILTER_UP = 2


class ColourType(IntEnum):
    """The colour types of an IHDR chunk that are written, all at 8 bits."""

    GREY = 0
    RGB = 2
    PALETTE = 3
    GREY_ALPHA = 4
    RGBA = 6

    @property
    def channels(self) -> int:
        """Bytes a pixel."""
        return {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[self]


@kernel
def _up_filter_rgb_kernel(rgbv, out):
    """Write filtered rows of three of each four bytes; `out` is (rows, 1 + 3 * cols)."""
    rows, cols = rgbv.shape[0], np.uint64(rgbv.shape[1] // 4)
    for row in range(rows):
        # Unsigned places, or numba tests each for negatives: ten times as slow.
        here, filtered = rgbv[row], out[row]
        above = rgbv[row - 1] if row > 0 else here
        kept = 255 if row > 0 else 0
        filtered[0] = 2
        for col in range(cols):
            for lane in range(np.uint64(3)):
                place = np.uint64(col) * np.uint64(4) + np.uint64(lane)
                step = int(here[place]) - (int(above[place]) & kept)
                filtered[np.uint64(1) + np.uint64(col) * np.uint64(3) + np.uint64(lane)] = (
                    step & 255
                )


def filtered_up(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (rows, 1 + cols · lanes) filtered rows of uint8 (rows, cols, lanes) or (rows, cols)."""
    flat = samples.reshape(samples.shape[0], -1)
    out = np.empty((flat.shape[0], 1 + flat.shape[1]), np.uint8)
    out[:, 0] = _FILTER_UP
    out[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=out[1:, 1:])
    return out


def filtered_up_rgb(rgbv: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (rows, 1 + 3 · cols) filtered rows of the first three of four bytes a pixel.

    Parameters
    ----------
    rgbv : uint8 (rows, cols, 4)
        C-contiguous.
    """
    rows, cols, step = rgbv.shape
    out = np.empty((rows, 1 + 3 * cols), np.uint8)
    _up_filter_rgb_kernel(rgbv.reshape(rows, cols * step), out)
    return out


def unfiltered(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (rows, 1 + cols) rows without a filter, as palettes want them."""
    out = np.empty((samples.shape[0], 1 + samples.shape[1]), np.uint8)
    out[:, 0] = _FILTER_NONE
    out[:, 1:] = samples
    return out


def _chunk(kind: bytes, data: bytes) -> list[bytes]:
    crc = isal_zlib.crc32(data, isal_zlib.crc32(kind))
    return [struct.pack(">I", len(data)), kind, data, struct.pack(">I", crc)]


def write_png(
    filtered: NDArray[np.uint8],
    cols: int,
    colour_type: ColourType,
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """Return a PNG file.

    Parameters
    ----------
    filtered : uint8 (rows, 1 + bytes a row)
        Each row with its filter type first.
    extra
        Chunks between IHDR and IDAT: PLTE and tRNS, in this order.
    """
    packed = deflate_rle(filtered, colour_type.channels)
    return _file(packed, (filtered.shape[0], cols), colour_type, extra)


def _file(
    packed: bytes,
    shape: tuple[int, int],
    colour_type: ColourType,
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    rows, cols = shape
    header = struct.pack(">IIBBBBB", cols, rows, 8, colour_type, 0, 0, 0)
    parts = [_SIGNATURE, *_chunk(b"IHDR", header)]
    for kind, data in extra:
        parts += _chunk(kind, data)
    parts += _chunk(b"IDAT", packed)
    parts += _chunk(b"IEND", b"")
    return b"".join(parts)


@lru_cache(maxsize=16)
def blank_png(rows: int, cols: int) -> bytes:
    """Return a wholly transparent RGBA file; the last few sizes are kept."""
    # Made once and sent often: here the slow compressor is worth its time (a tile 0.7 kB, not 1.5).
    packed = zlib.compress(filtered_up(np.zeros((rows, cols, 4), np.uint8)).tobytes(), 9)
    return _file(packed, (rows, cols), ColourType.RGBA)
