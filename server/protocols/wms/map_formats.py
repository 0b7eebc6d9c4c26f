"""Formats of maps: media types as WMS names them, and how each is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.format_names import FORMAT_NAMES
from engine.request_parts import Encoding
from server.protocols.wms.refusal import WmsRefusal

if TYPE_CHECKING:
    from engine.summary import ServiceSummary
    from server.protocols.arcgis.parameters import Parameters

# As capabilities list them, the best for most clients first.
MAP_FORMATS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/png; mode=8bit": "png8",
    "image/png8": "png8",
    "image/png24": "png24",
    "image/png32": "png32",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/geotiff": "tiff",
    "image/vnd.jpeg-png": "jpgpng",
}
_OTHER_NAMES = {
    "image/jpg": "jpg",
    "image/png;mode=24bit": "png24",
    "image/png;mode=32bit": "png32",
    "image/tiff;application=geotiff": "tiff",
    "image/tif": "tiff",
}
_BY_NAME = {name.replace(" ", ""): key for name, key in MAP_FORMATS.items()} | _OTHER_NAMES
_BLANKS = re.compile(r"\s+")
_WHITE = 0xFFFFFF
_COLOUR = re.compile(r"(?:0x|#)?([0-9a-f]{6})", re.IGNORECASE | re.ASCII)


def map_format(parameters: Parameters) -> str:
    """Return the engine's name of the FORMAT asked for.

    Raises
    ------
    WmsRefusal
        It is not given, or not among those of the capabilities.
    """
    text = parameters.text("FORMAT")
    # In a query a plus is a blank.
    name = _BLANKS.sub("", text).casefold()
    found = _BY_NAME.get(name) or _BY_NAME.get(f"image/{name}")
    if found is None:
        raise WmsRefusal("InvalidFormat", "FORMAT", text, "one of " + ", ".join(MAP_FORMATS))
    return found


def map_encoding(parameters: Parameters, summary: ServiceSummary) -> Encoding:
    """Read FORMAT, TRANSPARENT and BGCOLOR."""
    name = map_format(parameters)
    return Encoding(
        format=name,
        quality=summary.properties.jpeg_quality,
        background=_background(parameters, name),
    )


def background_colour(parameters: Parameters) -> int:
    """Return BGCOLOR as 0xRRGGBB; white where not given.

    Raises
    ------
    WmsRefusal
    """
    text = parameters.text("BGCOLOR")
    if not text:
        return _WHITE
    match = _COLOUR.fullmatch(text)
    if match is None:
        raise WmsRefusal("", "BGCOLOR", text, "a colour 0xRRGGBB")
    return int(match[1], 16)


def _background(parameters: Parameters, name: str) -> int | None:
    """Return what lies under the map; None = what the format itself does with pixels without data."""
    is_transparent = parameters.flag("TRANSPARENT", default=False)
    colour = background_colour(parameters)
    if name in ("jpg", "bmp"):
        # They are white there anyhow; so the answer is the one of any other request for it.
        return None if colour == _WHITE else colour
    return None if is_transparent or not FORMAT_NAMES[name].is_picture else colour
