"""JPEG where every pixel is valid, PNG with alpha where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.format_names import FORMAT_NAMES
from engine.formats.jpeg import Jpeg
from engine.formats.picture_pixels import Coverage, coverage_of, picture_of
from engine.formats.png import Png32

if TYPE_CHECKING:
    from engine.formats.base import Encoded, EncodeOptions
    from engine.pixels import Pixels

_JPEG = Jpeg()
_PNG = Png32()


class JpgPng:
    """The `jpgpng` format: `Encoded.media_type` tells which it became."""

    extension = FORMAT_NAMES["jpgpng"].extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:
        """Return a JPEG or a PNG file."""
        if coverage_of(picture_of(pixels)) is Coverage.ALL:
            return _JPEG.encode(pixels, options)
        return _PNG.encode(pixels, options)
