"""The parameters of exportImage, and of whatever else asks for a picture, into an ImageRequest.

Rule: every size is checked against the service's limits here, before anything is dispatched.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.errors import InvalidParameter, RequestTooLarge
from engine.extent import Extent
from engine.format_names import format_name
from engine.image_space import image_space_item
from engine.pixel_type import PixelType
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from server.protocols.arcgis.geometry import envelope_of_json
from server.protocols.arcgis.parameters import Parameters, as_number
from server.protocols.arcgis.rendering_rule import rendering_rule, rule_scope
from server.protocols.arcgis.rules import interpolation, mosaic_rule, time_range
from server.protocols.arcgis.sloppy_json import decode_json
from server.protocols.arcgis.spatial_reference import crs_of_json, crs_parameter, unless_own
from server.protocols.input_limits import MAX_BAND_IDS, MAX_NO_DATA

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

DEFAULT_FORMAT = "jpgpng"
FARTHEST = 1e30

# Other words for formats than the engine's own names.
_FORMAT_ALIASES = {"jpeg": "jpg", "tif": "tiff", "geotiff": "tiff"}
_COMPRESSIONS = {
    "none": "none",
    "jpeg": "jpeg",
    "lz77": "deflate",
    "deflate": "deflate",
    "lzw": "lzw",
    "zstd": "zstd",
    "lerc": "lerc",
}
_NO_DATA_MATCHES: dict[str, Literal["any", "all"]] = {
    "esrinodatamatchany": "any",
    "esrinodatamatchall": "all",
    "any": "any",
    "all": "all",
}
_PIXEL_TYPES: dict[str, PixelType | None] = {
    "unknown": None,
    **{member.value.casefold(): member for member in PixelType},
}


def image_request(parameters: Parameters, summary: ServiceSummary, service: str) -> ImageRequest:
    """Read all parameters of exportImage.

    Parameters
    ----------
    service : str
        "folder/name", to recognise the service's own URL in a rendering rule.

    Raises
    ------
    RequestError
        Names the parameter, the value and what would be accepted.
    """
    band_ids = band_ids_parameter(parameters, summary)
    return ImageRequest(
        view=view(parameters, summary),
        encoding=encoding(parameters, summary),
        pixel_type=pixel_type(parameters),
        no_data=_no_data(parameters),
        no_data_match=parameters.choice(
            "noDataInterpretation", _NO_DATA_MATCHES, "esriNoDataMatchAny or esriNoDataMatchAll"
        )
        or "",
        interpolation=interpolation(parameters),
        band_ids=band_ids,
        mosaic=mosaic_rule(parameters),
        rendering=rendering_rule(parameters, rule_scope(service, summary)),
        time=time_range(parameters),
    )


def view(parameters: Parameters, summary: ServiceSummary) -> View:
    """Read bbox, bboxSR, imageSR, size, adjustAspectRatio and validateExtent."""
    bbox_crs = crs_parameter(parameters, "bboxSR")
    out_crs = unless_own(crs_parameter(parameters, "imageSR"), summary)
    extent: Extent | None = None
    own_crs = out_crs
    if "bbox" in parameters or image_space_item(out_crs) is None:
        extent, own_crs = _bbox(parameters, summary)
    width, height = _size(parameters, summary)
    return View(
        extent=extent,
        extent_crs=unless_own(own_crs or bbox_crs, summary),
        width=width,
        height=height,
        out_crs=out_crs,
        adjust_aspect=parameters.flag("adjustAspectRatio", default=True),
        must_meet=parameters.flag("validateExtent", default=False),
    )


def encoding(parameters: Parameters, summary: ServiceSummary) -> Encoding:
    """Read format, compression, compressionQuality, compressionTolerance and lercVersion."""
    word = parameters.keyword("format").casefold() or DEFAULT_FORMAT
    name = format_name(_FORMAT_ALIASES.get(word, word)).name
    quality = parameters.integer("compressionQuality", 0, 100)
    tolerance = parameters.number("compressionTolerance") or 0.0
    if tolerance < 0:
        raise InvalidParameter("compressionTolerance", tolerance, "0 (lossless) or more")
    found = Encoding(
        format=name,
        quality=summary.properties.jpeg_quality if quality is None else quality,
        compression=parameters.choice("compression", _COMPRESSIONS) or "",
        lerc_version=_lerc_version(parameters, name),
    )
    # A 0.0 that is not the record's own would be written out: another question than those without.
    return msgspec.structs.replace(found, tolerance=tolerance) if tolerance else found


def _lerc_version(parameters: Parameters, name: str) -> int:
    """Read lercVersion; other formats have none, whatever a client says of it."""
    version = parameters.integer("lercVersion", 1, 2) or 2
    return version if name == "lerc" else 2


def pixel_type(parameters: Parameters) -> PixelType | None:
    """Read pixelType; None = the service's or the rendering rule's."""
    return parameters.choice("pixelType", _PIXEL_TYPES, "UNKNOWN or one of " + ", ".join(PixelType))


def band_ids_parameter(parameters: Parameters, summary: ServiceSummary) -> tuple[int, ...]:
    """Read bandIds, which count from 0."""
    band_ids = parameters.integers("bandIds", 0, len(summary.bands) - 1)
    if len(band_ids) > MAX_BAND_IDS:
        raise RequestTooLarge("number of bandIds", len(band_ids), MAX_BAND_IDS)
    return band_ids


def _bbox(parameters: Parameters, summary: ServiceSummary) -> tuple[Extent, str]:
    """Return the box, and the CRS it states itself ("" = none)."""
    text = parameters.text("bbox")
    if not text:
        if "bbox" in parameters:
            # An empty box is a client's mistake that must be seen; only an absent one means "all".
            raise InvalidParameter("bbox", "", "xmin,ymin,xmax,ymax")
        return summary.extent, summary.crs
    crs = ""
    if text.startswith("{"):
        value = decode_json("bbox", text)
        if not isinstance(value, dict):
            raise InvalidParameter("bbox", text, "xmin,ymin,xmax,ymax or an envelope")
        box = envelope_of_json("bbox", value)
        crs = crs_of_json("bbox.spatialReference", value.get("spatialReference"))
    else:
        numbers = [as_number("bbox", part) for part in text.strip("[]() ").split(",", 5)]
        if len(numbers) != 4:
            raise InvalidParameter("bbox", text, "four numbers xmin,ymin,xmax,ymax")
        x, y = (numbers[0], numbers[2]), (numbers[1], numbers[3])
        box = Extent(min(x), min(y), max(x), max(y))
    if box.width <= 0 or box.height <= 0:
        raise InvalidParameter("bbox", text, "a box with an area")
    if max(map(abs, (box.xmin, box.ymin, box.xmax, box.ymax))) > FARTHEST:
        raise InvalidParameter("bbox", text, f"coordinates within ±{FARTHEST:g}")
    return box, crs


def _size(parameters: Parameters, summary: ServiceSummary) -> tuple[int, int]:
    numbers = parameters.numbers("size") or (400.0, 400.0)
    text = parameters.text("size")
    if len(numbers) != 2:
        raise InvalidParameter("size", text, "width,height")
    # OpenLayers sends fractions; half a pixel and more is one.
    width, height = (math.floor(number + 0.5) for number in numbers)
    if width < 1 or height < 1:
        raise InvalidParameter("size", text, "width,height of at least 1,1")
    check_size(width, height, summary)
    return width, height


def check_size(width: int, height: int, summary: ServiceSummary) -> None:
    """Raise RequestTooLarge where a size is beyond the service's limits."""
    limits = summary.properties
    if width > limits.max_image_width:
        raise RequestTooLarge("image width in 'size'", width, limits.max_image_width)
    if height > limits.max_image_height:
        raise RequestTooLarge("image height in 'size'", height, limits.max_image_height)


def _no_data(parameters: Parameters) -> tuple[float, ...]:
    values = parameters.numbers("noData")
    if len(values) > MAX_NO_DATA:
        raise RequestTooLarge("number of noData values", len(values), MAX_NO_DATA)
    return values
