"""The pixels a picture format takes: four-byte words, or one grey band, and what is valid in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from engine.kernel import kernel
from engine.pixels import PixelBlock, Pixels, Rgbv, rgbv_of_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VALID_BITS = 0xFF000000


class Coverage(Enum):
    """How much of a picture is valid."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Grey:
    """One uint8 band.

    Attributes
    ----------
    samples : uint8 (rows, cols)
        C-contiguous; 0 where invalid.
    valid : bool (rows, cols)
    """

    samples: NDArray[np.uint8]
    valid: NDArray[np.bool_]


def picture_of(pixels: Pixels) -> Rgbv | Grey:
    """Return pixels as a picture format takes them.

    Raises
    ------
    ValueError
        Not 1 or 3 uint8 bands: the picture step was forgotten.
    """
    if isinstance(pixels, Rgbv):
        return pixels
    if pixels.bands == 1 and pixels.data.dtype == np.uint8:
        valid = pixels.valid_any()
        return Grey(np.ascontiguousarray(pixels.data[0] * valid), valid)
    return rgbv_of_planes(pixels)


def colours_of(pixels: Pixels) -> Rgbv:
    """Return pixels as four-byte words; grey is repeated in R, G and B."""
    return pixels if isinstance(pixels, Rgbv) else rgbv_of_planes(pixels)


def coverage_of(picture: Rgbv | Grey) -> Coverage:
    """Tell whether all, some or no pixels of a picture are valid."""
    if isinstance(picture, Grey):
        if picture.valid.all():
            return Coverage.ALL
        return Coverage.SOME if picture.valid.any() else Coverage.NONE
    if picture.is_full:
        return Coverage.ALL
    # V is the highest byte and invalid words are 0: two reductions that numpy vectorises (6 µs a tile).
    if int(picture.words.min()) >= _VALID_BITS:
        return Coverage.ALL
    return Coverage.SOME if int(picture.words.max()) >= _VALID_BITS else Coverage.NONE


@kernel
def _fill_invalid_kernel(words, fill, out):
    for i in range(words.shape[0]):
        word = words[i]
        out[i] = word if word >= np.uint32(0xFF000000) else fill


def on_background(picture: Rgbv, colour: int = 0xFFFFFF) -> NDArray[np.uint8]:
    """Return uint8 (rows, cols, 4) with invalid pixels painted; no copy where all are valid.

    Parameters
    ----------
    colour
        0xBBGGRR.
    """
    if coverage_of(picture) is Coverage.ALL:
        return picture.rgba()
    words = np.ascontiguousarray(picture.words)
    out = np.empty_like(words)
    _fill_invalid_kernel(words.reshape(-1), np.uint32(_VALID_BITS | colour), out.reshape(-1))
    return Rgbv(out).rgba()


def painted(pixels: Pixels, red_green_blue: int) -> Pixels:
    """Return a picture with a colour (0xRRGGBB) where pixels are invalid: then all are valid.

    A grey picture stays grey on a grey.
    """
    red, green, blue = red_green_blue >> 16, red_green_blue >> 8 & 255, red_green_blue & 255
    picture = picture_of(pixels)
    if coverage_of(picture) is Coverage.ALL:
        return pixels
    if isinstance(picture, Grey) and red == green == blue:
        samples = np.where(picture.valid, picture.samples, np.uint8(red))[np.newaxis]
        return PixelBlock(samples, np.ones(samples.shape, np.bool_))
    words = on_background(colours_of(pixels), blue << 16 | green << 8 | red)
    return Rgbv(words.view(np.uint32)[:, :, 0], is_full=True)


def grey_on_white(picture: Grey) -> NDArray[np.uint8]:
    """Return the samples with 255 where invalid; no copy where all are valid."""
    if picture.valid.all():
        return picture.samples
    return np.where(picture.valid, picture.samples, np.uint8(255))


def planes_of(pixels: Pixels) -> PixelBlock:
    """Return pixels as planes, for data formats."""
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels
