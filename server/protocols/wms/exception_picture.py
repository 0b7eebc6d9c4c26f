"""Pictures in place of a map that could not be made: blank, or with the message on it."""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ImageServerError
from server.protocols.input_limits import MAX_EXCEPTION_PIXELS
from server.protocols.wms.map_formats import background_colour, map_format

if TYPE_CHECKING:
    from server.protocols.arcgis.parameters import Parameters

_DEFAULT_SIDE = 256
_FONT_SIZE = 12
_LINE = 16
_CHARACTER = 7
_PIL_FORMATS = {"jpg": "JPEG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP"}


@dataclass(frozen=True, slots=True)
class Canvas:
    """What is drawn on, as far as the request says it rightly."""

    width: int
    height: int
    format: str
    colour: tuple[int, int, int, int]


def canvas_of(parameters: Parameters) -> Canvas | None:
    """Return the canvas of a request; None where it is too large to be drawn for nothing."""
    width, height = _side(parameters, "WIDTH"), _side(parameters, "HEIGHT")
    if width * height > MAX_EXCEPTION_PIXELS:
        return None
    try:
        name = map_format(parameters)
        colour = background_colour(parameters)
        is_clear = parameters.flag("TRANSPARENT", default=False)
    except ImageServerError:
        name, colour, is_clear = "png", 0xFFFFFF, False
    alpha = 0 if is_clear and name not in ("jpg", "bmp") else 255
    parts = (colour >> 16, colour >> 8 & 255, colour & 255, alpha)
    return Canvas(width, height, _PIL_FORMATS.get(name, "PNG"), parts)


def picture(canvas: Canvas, text: str) -> tuple[str, bytes]:
    """Return media type and body of a picture with a text; "" = blank."""
    # The front must stay light until somebody asks.
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 -- see above

    mode = "RGB" if canvas.colour[3] else "RGBA"
    image = Image.new(mode, (canvas.width, canvas.height), canvas.colour[: len(mode)])
    if text:
        pen = ImageDraw.Draw(image)
        font = ImageFont.load_default(_FONT_SIZE)
        lines = textwrap.wrap(text, max(8, (canvas.width - 8) // _CHARACTER))
        is_dark = sum(canvas.colour[:3]) < 3 * 128 and canvas.colour[3]
        for number, line in enumerate(lines[: max(1, canvas.height // _LINE)]):
            pen.text((4, 2 + number * _LINE), line, fill="white" if is_dark else "black", font=font)
    out = io.BytesIO()
    image.save(out, canvas.format)
    return f"image/{canvas.format.lower()}", out.getvalue()


def _side(parameters: Parameters, name: str) -> int:
    try:
        return parameters.integer(name, 1) or _DEFAULT_SIDE
    except ImageServerError:
        return _DEFAULT_SIDE
