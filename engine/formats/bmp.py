"""Windows bitmap of three channels; invalid pixels are white."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.picture_pixels import colours_of, on_background

if TYPE_CHECKING:
    from engine.pixels import Pixels


class Bmp:
    """The `bmp` format."""

    extension = FORMAT_NAMES["bmp"].extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:  # noqa: ARG002 -- protocol
        """Return an uncompressed bitmap."""
        picture = on_background(colours_of(pixels))
        size = (pixels.cols, pixels.rows)
        out = BytesIO()
        Image.frombuffer("RGBX", size, picture, "raw", "RGBX", 0, 1).convert("RGB").save(out, "BMP")
        return Encoded(out.getvalue(), FORMAT_NAMES["bmp"].media_type)
