"""Parts of rasters to download: a box and a format, as an id that the operation file reads back.

A part is rendered when it is fetched, pixel for pixel where the raster is on the service's own map.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.definition import Interpolation, MosaicMethod
from engine.errors import InvalidParameter, RequestTooLarge
from engine.extent import Extent
from engine.format_names import FORMAT_NAMES
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.spatial_reference import unless_own

if TYPE_CHECKING:
    from engine.item import Item
    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question

# Esri's words, and what they are called here.
_FORMATS = {
    "": "tiff",
    "tiff": "tiff",
    "jpeg": "jpg",
    "png": "png32",
    "gif": "gif",
    "bmp": "bmp",
    "bip": "bip",
    "bsq": "bsq",
}
_FORM = re.compile(r"c(\d{1,15})-([a-z0-9]{3,5})-([0-9a-f]{64})", re.ASCII)
_BOX = struct.Struct(">4d")
_WKB_BOX_BYTES = 93


@dataclass(frozen=True, slots=True)
class Part:
    """What is cut out: a box in service CRS, snapped to pixels of the raster."""

    item: int
    format: str
    box: Extent

    @property
    def text(self) -> str:
        """The id, without what authenticates it."""
        packed = _BOX.pack(self.box.xmin, self.box.ymin, self.box.xmax, self.box.ymax)
        return f"c{self.item}-{self.format}-{packed.hex()}"

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"raster_{self.item}.{FORMAT_NAMES[self.format].extension}"


def part_of_text(text: str) -> Part | None:
    """Return the part of an id that is authenticated; None where it is of a whole file."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    box = Extent(*_BOX.unpack(bytes.fromhex(match[3])))
    if not box.is_finite or match[2] not in _FORMATS.values():
        return None
    return Part(item=int(match[1]), format=match[2], box=box)


def asked_part(question: Question) -> tuple[Extent, str] | None:
    """Return the box and the format that a download is asked for; None = whole files.

    Raises
    ------
    InvalidParameter
        Not a box on the service's own map, or a format that is not written.
    """
    parameters = question.parameters
    accepted = "one of TIFF, JPEG, PNG, GIF, BMP, BIP, BSQ"
    chosen = parameters.choice("format", _FORMATS, accepted) or "tiff"
    geometry = geometry_parameter(parameters)
    if geometry is None:
        # Whole files come as they are: a format says something of parts alone.
        return None
    box = _box_of(geometry.wkb) if geometry.kind == "envelope" else None
    if box is None:
        raise InvalidParameter("geometry", geometry.kind, "an envelope with width and height")
    crs = unless_own(geometry.crs, question.summary)
    if crs not in ("", question.summary.crs):
        raise InvalidParameter(
            "geometry.spatialReference", crs, f"that of the service, {question.summary.crs[:40]}"
        )
    return box, chosen


def part_of(item: Item, asked: tuple[Extent, str], crs: str) -> Part | None:
    """Return the part of a raster in a box; None where it is beside it."""
    box, chosen = asked
    common = item.extent.intersection(box)
    if common is None or common.width <= 0 or common.height <= 0:
        return None
    left, top, across, down = _grid(item, crs)
    snapped = Extent(
        left + math.floor((common.xmin - left) / across + 1e-6) * across,
        top - math.ceil((top - common.ymin) / down - 1e-6) * down,
        left + math.ceil((common.xmax - left) / across - 1e-6) * across,
        top - math.floor((top - common.ymax) / down + 1e-6) * down,
    )
    if snapped.width <= 0 or snapped.height <= 0:
        return None
    return Part(item=item.id, format=chosen, box=snapped)


def part_bytes(item: Item, part: Part, crs: str) -> int:
    """Return how large a part is, not compressed."""
    width, height = _size(item, part, crs)
    bands = sum(band.source >= 0 for band in item.bands)
    return width * height * max(1, bands) * item.pixel_type.bytes_per_sample


def part_request(item: Item, part: Part, summary: ServiceSummary) -> ImageRequest:
    """Return the request that makes a part.

    Raises
    ------
    RequestTooLarge
        It has more pixels than an image of the service.
    """
    width, height = _size(item, part, summary.crs)
    most = summary.properties.max_image_width, summary.properties.max_image_height
    if not (1 <= width <= most[0] and 1 <= height <= most[1]):
        raise RequestTooLarge("part of a raster", f"{width} × {height}", f"{most[0]} × {most[1]}")
    return ImageRequest(
        view=View(extent=part.box, width=width, height=height),
        encoding=Encoding(format=part.format),
        interpolation=Interpolation.NEAREST,
        mosaic=MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(part.item,)),
    )


def _size(item: Item, part: Part, crs: str) -> tuple[int, int]:
    _, _, across, down = _grid(item, crs)
    return round(part.box.width / across), round(part.box.height / down)


def _grid(item: Item, crs: str) -> tuple[float, float, float, float]:
    """Return left and top of a raster on the service's map, and the size of its pixels there."""
    left, across, turn_x, top, turn_y, up = item.geotransform
    if item.crs == crs and across > 0 > up and not (turn_x or turn_y):
        return left, top, across, -up
    along_x, along_y = item.scale_service
    low = item.low_ps or 1.0
    across = 1 / along_x if along_x > 0 else low
    down = 1 / along_y if along_y > 0 else low
    return item.extent.xmin, item.extent.ymax, across, down


def _box_of(wkb: bytes) -> Extent | None:
    """Return the box that `pack_box` packed; None where it has no width or height."""
    if len(wkb) != _WKB_BOX_BYTES:
        return None
    numbers = struct.unpack_from("<10d", wkb, 13)
    xs, ys = numbers[::2], numbers[1::2]
    return Extent(min(xs), min(ys), max(xs), max(ys))
