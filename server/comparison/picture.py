"""Pictures as they come from a service, and as the page shows them."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from engine.errors import SourceUnavailable
from server.comparison.refusal import refusal

if TYPE_CHECKING:
    from server.comparison.fetcher import Answer
    from server.comparison.view import View

Pixels = NDArray[np.uint8]

AMPLIFICATION = 8
_OPAQUE = 128
_ONE_ONLY = (214, 51, 183)
_NEITHER = 0


def decode_picture(answer: Answer, view: View) -> Pixels:
    """Return the picture as uint8 (rows, cols, 4): red, green, blue, opacity.

    Raises
    ------
    SourceUnavailable
        The answer is no picture, or one of another size.
    """
    if answer.status != 200 or not answer.media_type.startswith(("image/", "application/octet")):
        raise refusal(answer, "a picture")
    try:
        with Image.open(io.BytesIO(answer.body), formats=("PNG", "JPEG", "WEBP", "GIF")) as image:
            # Looked at before a pixel is decoded: a small file may claim to be very large.
            if image.size != (view.width, view.height):
                size = f"{image.width} × {image.height}"
                asked = f"{view.width} × {view.height}"
                raise SourceUnavailable(answer.url, f"a picture of {size}, asked for {asked}")
            return np.array(image.convert("RGBA"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as err:
        raise refusal(answer, "a picture that can be read") from err


def valid_pixels(picture: Pixels) -> NDArray[np.bool_]:
    """Return where a picture shows something, (rows, cols)."""
    return np.asarray(picture[..., 3] >= _OPAQUE)


def difference_picture(first: Pixels, second: Pixels) -> Pixels:
    """Return the absolute difference times `AMPLIFICATION`; magenta where one alone is valid."""
    difference = np.abs(first[..., :3].astype(np.int16) - second[..., :3])
    out = np.empty_like(first)
    out[..., :3] = np.minimum(difference * AMPLIFICATION, 255)
    out[..., 3] = 255
    one, other = valid_pixels(first), valid_pixels(second)
    out[one != other] = (*_ONE_ONLY, 255)
    out[~one & ~other] = _NEITHER
    return out


def data_url(picture: Pixels) -> str:
    """Return a picture as a data URL: small rather than exact."""
    out = io.BytesIO()
    Image.fromarray(picture, "RGBA").save(out, "WEBP", quality=88, method=2)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode("ascii")
