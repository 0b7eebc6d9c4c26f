"""PNG by content (`png`) and always with alpha (`png32`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions
from engine.formats.picture_pixels import Coverage, Grey, colours_of, coverage_of, picture_of
from engine.formats.png_writer import (
    ColourType,
    blank_png,
    filtered_up,
    filtered_up_rgb,
    write_png,
)

if TYPE_CHECKING:
    from engine.pixels import Pixels, Rgbv


def _colours(picture: Rgbv, coverage: Coverage) -> bytes:
    if coverage is Coverage.ALL:
        return write_png(filtered_up_rgb(picture.rgba()), picture.cols, ColourType.RGB)
    return write_png(filtered_up(picture.rgba()), picture.cols, ColourType.RGBA)


def _grey(picture: Grey, coverage: Coverage) -> bytes:
    cols = picture.samples.shape[1]
    if coverage is Coverage.ALL:
        return write_png(filtered_up(picture.samples), cols, ColourType.GREY)
    alpha = np.where(picture.valid, np.uint8(255), np.uint8(0))
    return write_png(filtered_up(np.dstack((picture.samples, alpha))), cols, ColourType.GREY_ALPHA)


class Png:
    """The `png` format: RGB or grey when opaque, with alpha where not."""

    extension = FORMAT_NAMES["png"].extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:  # noqa: ARG002 -- protocol
        """Return a PNG file of 1 to 4 channels."""
        picture = picture_of(pixels)
        coverage = coverage_of(picture)
        if coverage is Coverage.NONE:
            data = blank_png(pixels.rows, pixels.cols)
        elif isinstance(picture, Grey):
            data = _grey(picture, coverage)
        else:
            data = _colours(picture, coverage)
        return Encoded(data, FORMAT_NAMES["png"].media_type)


class Png32:
    """The `png32` format: always RGBA."""

    extension = FORMAT_NAMES["png32"].extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:  # noqa: ARG002 -- protocol
        """Return a PNG file of four channels."""
        picture = colours_of(pixels)
        if coverage_of(picture) is Coverage.NONE:
            data = blank_png(picture.rows, picture.cols)
        else:
            data = write_png(filtered_up(picture.rgba()), picture.cols, ColourType.RGBA)
        return Encoded(data, FORMAT_NAMES["png32"].media_type)
