"""PNG of three channels; one colour that no valid pixel has means transparent."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.picture_pixels import Coverage, colours_of, coverage_of, on_background
from engine.formats.png_writer import ColourType, filtered_up_rgb, write_png

if TYPE_CHECKING:
    from engine.pixels import Pixels, Rgbv

_VALID_BITS = 0xFF000000
_COLOURS = 1 << 24


def _free_colour(picture: Rgbv) -> int:
    """Return a colour (0xBBGGRR) that no valid pixel has; black wherever it is free."""
    if not (picture.words == _VALID_BITS).any():
        return 0
    used = np.zeros(_COLOURS, np.bool_)
    used[picture.words & np.uint32(_COLOURS - 1)] = True
    # A picture that uses all 16.7 million colours has none to spare: then black turns transparent.
    return int(used.argmin()) if not used.all() else 0


class Png24:
    """The `png24` format."""

    extension = FORMAT_NAMES["png24"].extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:  # noqa: ARG002 -- protocol
        """Return a PNG file of three channels, with a colour key where pixels are invalid."""
        picture = colours_of(pixels)
        extra: tuple[tuple[bytes, bytes], ...] = ()
        key = 0xFFFFFF
        if coverage_of(picture) is not Coverage.ALL:
            key = _free_colour(picture)
            red, green, blue = key & 255, key >> 8 & 255, key >> 16
            extra = ((b"tRNS", struct.pack(">HHH", red, green, blue)),)
        rows = filtered_up_rgb(on_background(picture, key))
        data = write_png(rows, picture.cols, ColourType.RGB, extra)
        return Encoded(data, FORMAT_NAMES["png24"].media_type)
