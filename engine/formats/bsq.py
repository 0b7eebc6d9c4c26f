"""Raw samples, band after band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.picture_pixels import planes_of
from engine.formats.raw_samples import filled, little_endian, trailing_mask

if TYPE_CHECKING:
    from engine.pixels import Pixels


class Bsq:
    """The `bsq` format."""

    extension = FORMAT_NAMES["bsq"].extension
    is_picture = False

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:
        """Return samples band by band, then the mask if any pixel is invalid."""
        block = planes_of(pixels)
        data = b"".join((little_endian(filled(block, options)), trailing_mask(block)))
        return Encoded(data, FORMAT_NAMES["bsq"].media_type)
