"""PNG with a palette; one entry is transparent where pixels are invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.palette import indexed
from engine.formats.picture_pixels import colours_of
from engine.formats.png_writer import ColourType, unfiltered, write_png

if TYPE_CHECKING:
    from engine.pixels import Pixels


class Png8:
    """The `png8` format."""

    extension = FORMAT_NAMES["png8"].extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:  # noqa: ARG002 -- protocol
        """Return a PNG file of one channel and its palette."""
        picture = indexed(colours_of(pixels))
        extra = [(b"PLTE", picture.colours.tobytes())]
        if picture.transparent is not None:
            extra.append((b"tRNS", b"\xff" * picture.transparent + b"\x00"))
        data = write_png(unfiltered(picture.indices), pixels.cols, ColourType.PALETTE, tuple(extra))
        return Encoded(data, FORMAT_NAMES["png8"].media_type)
