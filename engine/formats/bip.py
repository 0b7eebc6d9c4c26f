"""Raw samples, pixel after pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.picture_pixels import planes_of
from engine.formats.raw_samples import filled, interleaved, little_endian, trailing_mask

if TYPE_CHECKING:
    from engine.pixels import Pixels


class Bip:
    """The `bip` format."""

    extension = FORMAT_NAMES["bip"].extension
    is_picture = False

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:
        """Return samples pixel by pixel, then the mask if any pixel is invalid."""
        block = planes_of(pixels)
        data = b"".join((little_endian(interleaved(filled(block, options))), trailing_mask(block)))
        return Encoded(data, FORMAT_NAMES["bip"].media_type)
