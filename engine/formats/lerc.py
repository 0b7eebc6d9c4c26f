"""LERC: limited error raster compression, with a validity mask in the file.

References
----------
Esri, Lerc C API (Lerc_c_api.h): lerc_encodeForVersion, lerc_computeCompressedSizeForVersion.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import lerc
import numpy as np

from engine.errors import InvalidParameter
from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.lerc1 import encode_lerc1
from engine.formats.picture_pixels import planes_of
from engine.pixels import PixelBlock, Pixels

# Codec 2.4: decoders of all ages in the field read it; 5 and 6 only add what one value a pixel never needs.
_CODEC = 4
_TYPES = {
    "int8": 0,
    "uint8": 1,
    "int16": 2,
    "uint16": 3,
    "int32": 4,
    "uint32": 5,
    "float32": 6,
    "float64": 7,
}
_BUFFER_TOO_SMALL = 3


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    """Return the package's library with the two functions declared that its own module leaves out."""
    library: ctypes.CDLL = lerc._lerc.lercDll  # noqa: SLF001 -- the package's wrapper fixes the codec version
    array: list[Any] = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_uint,
        *[ctypes.c_int] * 5,
        ctypes.c_char_p,
    ]
    size = ctypes.POINTER(ctypes.c_uint)
    library.lerc_encodeForVersion.restype = ctypes.c_uint
    library.lerc_encodeForVersion.argtypes = [
        *array,
        ctypes.c_double,
        ctypes.c_void_p,
        ctypes.c_uint,
        size,
    ]
    library.lerc_computeCompressedSizeForVersion.restype = ctypes.c_uint
    library.lerc_computeCompressedSizeForVersion.argtypes = [*array, ctypes.c_double, size]
    return library


def _masked(block: PixelBlock) -> PixelBlock:
    """Return the block with NaN counted as invalid and its validity as C bytes need it."""
    valid = block.valid
    if block.data.dtype.kind == "f":
        is_nan = np.isnan(block.data)
        if (is_nan & valid).any():
            valid = valid & ~is_nan
    return PixelBlock(np.ascontiguousarray(block.data), np.ascontiguousarray(valid))


def encode_lerc2(block: PixelBlock, tolerance: float) -> bytes:
    """Return one Lerc2 blob a band, one behind the other, each with its mask.

    Parameters
    ----------
    tolerance
        Largest error of a sample; 0 = lossless.
    """
    block = _masked(block)
    library = _library()
    all_valid = bool(block.valid.all())
    array = (
        block.data.ctypes.data,
        _CODEC,
        _TYPES[block.data.dtype.name],
        1,
        block.cols,
        block.rows,
        block.bands,
        0 if all_valid else block.valid.shape[0],
        None if all_valid else block.valid.tobytes(),
        tolerance,
    )
    written = ctypes.c_uint(0)
    # Samples that do not compress are stored plain, so this nearly always suffices without a sizing pass.
    room = block.data.nbytes + block.valid.size // 4 + 1024 * block.bands
    buffer = np.empty(room, np.uint8)
    status = library.lerc_encodeForVersion(*array, buffer.ctypes.data, room, ctypes.byref(written))
    if status == _BUFFER_TOO_SMALL:
        library.lerc_computeCompressedSizeForVersion(*array, ctypes.byref(written))
        buffer = np.empty(written.value, np.uint8)
        status = library.lerc_encodeForVersion(
            *array, buffer.ctypes.data, buffer.size, ctypes.byref(written)
        )
    if status != 0:
        raise ValueError(
            f"the LERC library refused {block.data.shape} {block.data.dtype}: {status}"
        )
    return buffer[: written.value].tobytes()


class Lerc:
    """The `lerc` format: version 2, or 1 for whoever asks for it."""

    extension = FORMAT_NAMES["lerc"].extension
    is_picture = False

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:
        """Return the blobs of all bands, one behind the other.

        Raises
        ------
        InvalidParameter
            There is no such version, or the tolerance is below 0.
        """
        if options.lerc_version not in (1, 2):
            raise InvalidParameter("lercVersion", options.lerc_version, "1 or 2")
        if not 0 <= options.tolerance < float("inf"):
            raise InvalidParameter(
                "compressionTolerance", options.tolerance, "a finite number of 0 or more"
            )
        block = _masked(planes_of(pixels))
        write = encode_lerc2 if options.lerc_version == 2 else encode_lerc1
        return Encoded(write(block, options.tolerance), FORMAT_NAMES["lerc"].media_type)
