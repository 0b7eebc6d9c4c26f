"""How much memory an answer takes where it is made in one piece, and the refusal of what is too much.

The front asks before an instance is troubled, from the request and the summary; the instance asks when
the plan has told what becomes of the samples, before a file is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import RequestTooLarge
from engine.format_names import format_name

if TYPE_CHECKING:
    from engine.pixel_type import PixelType
    from engine.request import ImageRequest
    from engine.summary import ServiceSummary

_MB = 1024 * 1024
# Red, green, blue and whether the pixel is valid.
_PICTURE_BYTES = 4


def check_request_size(request: ImageRequest, summary: ServiceSummary, limit_bytes: int) -> None:
    """Refuse an image that is made in one piece and would be too large, as far as the request tells.

    Raises
    ------
    RequestTooLarge
    """
    view, name = request.view, request.encoding.format
    if view.tile is not None or name == "tiff":
        # Tiles are small, and large TIFFs are made in strips.
        return
    if format_name(name).is_picture:
        samples, each = 1, _PICTURE_BYTES
    elif request.rendering is None:
        kind = request.pixel_type or summary.pixel_type
        samples, each = len(request.band_ids) or len(summary.bands), kind.bytes_per_sample + 1
    else:
        samples, each = 1, 1  # the rule's own bands and type are known with the plan
    _check(view.width * view.height, samples * each, limit_bytes)


def check_answer_size(
    pixels: int, bands: int, pixel_type: PixelType, request: ImageRequest, limit_bytes: int
) -> None:
    """Refuse an image that is made in one piece and would be too large, now that its samples are known.

    Raises
    ------
    RequestTooLarge
    """
    is_picture = format_name(request.encoding.format).is_picture
    each = _PICTURE_BYTES if is_picture else bands * (pixel_type.bytes_per_sample + 1)
    _check(pixels, each, limit_bytes)


def _check(pixels: int, each: int, limit_bytes: int) -> None:
    if pixels * each > limit_bytes:
        raise RequestTooLarge(
            "size of the image in memory",
            f"{pixels * each / _MB:.0f} MB for 'size', 'bandIds', 'pixelType' and 'format'",
            f"{limit_bytes // _MB} MB; ask for fewer pixels or bands, or for a TIFF",
        )
