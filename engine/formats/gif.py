"""GIF with a palette; one entry is transparent where pixels are invalid."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.palette import indexed
from engine.formats.picture_pixels import colours_of

if TYPE_CHECKING:
    from engine.pixels import Pixels


class Gif:
    """The `gif` format."""

    extension = FORMAT_NAMES["gif"].extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:  # noqa: ARG002 -- protocol
        """Return a GIF file of one frame."""
        picture = indexed(colours_of(pixels))
        image = Image.fromarray(picture.indices, "P")
        image.putpalette(picture.colours.tobytes(), "RGB")
        out = BytesIO()
        if picture.transparent is None:
            image.save(out, "GIF", optimize=False)
        else:
            image.save(out, "GIF", optimize=False, transparency=picture.transparent)
        return Encoded(out.getvalue(), FORMAT_NAMES["gif"].media_type)
