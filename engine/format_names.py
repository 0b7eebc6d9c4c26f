"""Names, media types and file endings of the output formats; no pixels here, the front imports this.

Rule: `engine.formats.FORMATS` has exactly these names (a conformance test holds both to each other).
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.contract import FORMAT_NAMES as GROUP
from engine.errors import UnsupportedFormat
from engine.registry import Registry


@dataclass(frozen=True, slots=True)
class FormatName:
    """What is known of a format before any pixel.

    Attributes
    ----------
    media_type, extension : str
        Of the usual answer; `jpgpng` decides by content and `Encoded.media_type` tells.
    is_picture : bool
        Pictures get 8-bit colours or grey; data formats get the samples as they are.
    """

    name: str
    media_type: str
    extension: str
    is_picture: bool = True


_NAMES = (
    FormatName("jpgpng", "image/jpeg", "jpg"),
    FormatName("jpg", "image/jpeg", "jpg"),
    FormatName("jpeg", "image/jpeg", "jpg"),
    FormatName("png", "image/png", "png"),
    FormatName("png8", "image/png", "png"),
    FormatName("png24", "image/png", "png"),
    FormatName("png32", "image/png", "png"),
    FormatName("webp", "image/webp", "webp"),
    FormatName("gif", "image/gif", "gif"),
    FormatName("bmp", "image/bmp", "bmp"),
    FormatName("tiff", "image/tiff", "tif", is_picture=False),
    FormatName("lerc", "application/octet-stream", "lrc", is_picture=False),
    FormatName("bip", "application/octet-stream", "bip", is_picture=False),
    FormatName("bsq", "application/octet-stream", "bsq", is_picture=False),
)
FORMAT_NAMES = {entry.name: entry for entry in _NAMES}
OUTSIDE_FORMATS: Registry[FormatName] = Registry("output format", {}, GROUP)


def format_name(asked: str) -> FormatName:
    """Return the format of this name, in any case.

    Raises
    ------
    UnsupportedFormat
    """
    found = FORMAT_NAMES.get(asked.strip().lower())
    if found is not None:
        return found
    if asked.strip() not in OUTSIDE_FORMATS:
        raise UnsupportedFormat(asked, ", ".join((*FORMAT_NAMES, *OUTSIDE_FORMATS)))
    return OUTSIDE_FORMATS[asked.strip()]
