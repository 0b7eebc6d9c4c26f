"""An output format: portable pixmaps, invalid pixels white."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.formats.base import Encoded, EncodeOptions
from engine.pixels import Rgbv
from swath_example.ppm_name import PPM_NAME

if TYPE_CHECKING:
    from engine.pixels import Pixels


class _Ppm:
    extension = PPM_NAME.extension
    is_picture = True

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:
        """Write a P6 file."""
        block = pixels.planes() if isinstance(pixels, Rgbv) else pixels
        colours = np.where(block.valid, block.data, np.uint8(255))
        rows, cols = colours.shape[1:]
        interleaved = np.moveaxis(np.broadcast_to(colours, (3, rows, cols)), 0, 2)
        head = f"P6 {cols} {rows} 255\n".encode()
        return Encoded(head + interleaved.tobytes(), PPM_NAME.media_type)


PPM = _Ppm()
