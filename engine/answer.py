"""Answer a request of any kind with an open service: the engine's one door."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.answer_size import check_answer_size
from engine.dynamic_range import settled
from engine.errors import TileOutsideLimits
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions, Georeference
from engine.formats.picture_pixels import painted
from engine.formats.tiff_strips import RasterShape, encode_strip, make_layout
from engine.geometry.projection import describe_crs, wkt_of
from engine.image_space import image_box, image_space, image_space_item
from engine.item_rule import service_under
from engine.kmz import in_kmz
from engine.pixels import PixelBlock
from engine.plan import Plan, plan
from engine.record_answers import record_answer
from engine.render_work import Work
from engine.request import (
    ImageRequest,
    Request,
    StripLayoutRequest,
    StripRequest,
    ThumbnailRequest,
    ValidateRequest,
)
from engine.request_parts import Encoding, View
from engine.results import AreaCountsResult
from engine.target_grid import square_pixels
from engine.variable_service import rule_of, service_of
from engine.view_pixels import render_request

if TYPE_CHECKING:
    from engine.budget import Budget
    from engine.service import ImageService

__all__ = ["Answer", "answer", "encode_options", "render_request"]

_log = logging.getLogger("swath.engine")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine gives back.

    Attributes
    ----------
    body, media_type
        Encoded pixels.
    record
        A result record, for requests that are not pixels.
    stages
        Milliseconds by stage.
    truncated
        Something was left out to stay within the limits.
    cacheable
        False where a source could not be read: the next answer may be better.
    skipped : int
        Rasters left out because they, or their terrain, cannot be read.
    no_terrain_px : int
        Pixels that are empty because terrain is missing.
    """

    body: bytes | bytearray | memoryview = b""
    media_type: str = ""
    record: object | None = None
    stages: dict[str, float] = field(default_factory=dict)
    truncated: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    cacheable: bool = True
    skipped: int = 0
    no_terrain_px: int = 0


def answer(service: ImageService, request: Request, budget: Budget) -> Answer:
    """Answer one request.

    Raises
    ------
    ImageServerError
    """
    shown = service_of(service, request)
    item_rule = rule_of(request).item_rule
    if item_rule is not None and not isinstance(request, ValidateRequest):
        shown = service_under(shown, item_rule, budget)
    work = Work(shown, budget)
    if isinstance(request, ImageRequest):
        return _image(request, work)
    if isinstance(request, StripRequest):
        return _strip(request, work)
    if isinstance(request, StripLayoutRequest):
        return _layout(request, work)
    if isinstance(request, ThumbnailRequest):
        return _thumbnail(request, work)
    with work.stage("plan"):
        record = record_answer(request, work)
    _log_skipped(work)
    truncated = record.truncated if isinstance(record, AreaCountsResult) else ""
    return Answer(
        record=record,
        stages=work.stages,
        truncated=bool(truncated),
        headers=(("X-Swath-Truncated", truncated),) if truncated else (),
        cacheable=not work.skipped,
        skipped=len(work.skipped),
        no_terrain_px=work.no_terrain,
    )


def _image(request: ImageRequest, work: Work) -> Answer:
    start = time.perf_counter()
    made = plan(work.service, request)
    pixels_asked, room = made.grid.width * made.grid.height, work.service.memory.scratch_bytes
    check_answer_size(pixels_asked, len(made.bands), made.pixel_type, request, room)
    work.add("plan", start)
    pixels = render_request(made, request, work)
    if request.blank == "missing" and not work.filled:
        tile = request.view.tile
        raise TileOutsideLimits(*((tile.level, tile.row, tile.col) if tile else ("", "", "")))
    start = time.perf_counter()
    options = encode_options(made, request, work)
    writer, background = FORMATS[request.encoding.format], request.encoding.background
    if background is not None and writer.is_picture:
        pixels = painted(pixels, background)
    encoded = writer.encode(pixels, options)
    if request.encoding.container == "kmz":
        title = work.service.summary.properties.title or "Image"
        encoded = in_kmz(encoded, made.grid.extent, title)
    work.add("encode", start)
    _log_skipped(work)
    return Answer(
        encoded.data,
        encoded.media_type,
        stages=work.stages,
        truncated=bool(made.truncated),
        headers=_headers(made, work),
        cacheable=not work.skipped,
        skipped=len(work.skipped),
        no_terrain_px=work.no_terrain,
    )


def _headers(made: Plan, work: Work) -> tuple[tuple[str, str], ...]:
    """Return what an image says of itself beside its pixels."""
    told = (
        ("X-Swath-Truncated", made.truncated),
        ("X-Swath-Skipped", len(work.skipped)),
        ("X-Swath-No-Terrain", work.no_terrain),
    )
    return tuple((name, str(value)) for name, value in told if value)


def encode_options(made: Plan, request: ImageRequest, work: Work) -> EncodeOptions:
    """Return how the answer of a plan is written."""
    summary, encoding = work.service.summary, request.encoding
    quality = summary.properties.jpeg_quality if encoding.quality is None else encoding.quality
    if FORMATS[encoding.format].is_picture:
        return EncodeOptions(quality=quality)
    georeference = _georeference(made)
    declared = tuple(
        summary.no_data[band] if band < len(summary.no_data) else None for band in made.bands
    )
    has_rule = made.process is not None and made.process.rule is not None
    changed = has_rule or made.stretch is not None
    if made.pixel_type is not summary.pixel_type or changed:
        declared = ()
    return EncodeOptions(
        quality=quality,
        compression=encoding.compression,
        tolerance=encoding.tolerance,
        lerc_version=encoding.lerc_version,
        georeference=georeference,
        no_data=request.no_data or declared,
        band_names=() if has_rule else tuple(summary.bands[band].name for band in made.bands),
        colormap=summary.colormap if len(made.bands) == 1 and not changed else (),
    )


def _georeference(made: Plan) -> Georeference:
    """Return where the pixels of an answer lie; image space is no place on Earth."""
    crs = made.grid.lattice.crs
    if image_space_item(crs) is not None:
        return Georeference("", made.grid.geotransform)
    coded = describe_crs(crs).latest_wkid != 0
    return Georeference(crs, made.grid.geotransform, "" if coded else wkt_of(crs))


def _strip(request: StripRequest, work: Work) -> Answer:
    """Answer rows of a large TIFF; the plan is the whole image's, so order and levels agree."""
    image = settled(request.image, work)
    with work.stage("plan"):
        whole = plan(work.service, image)
        part = whole.rows_of(request.first_row, request.rows)
    pixels = render_request(part, image, work)
    assert isinstance(pixels, PixelBlock)
    with work.stage("encode"):
        options = encode_options(whole, image, work)
        rows = request.rows
        layout = make_layout(_shape(part, pixels.data.dtype.name), rows, options)
        strip = encode_strip(pixels, layout)
    _log_skipped(work)
    sizes = ",".join(map(str, strip.sizes))
    return Answer(
        strip.data,
        "application/octet-stream",
        stages=work.stages,
        truncated=bool(whole.truncated),
        headers=(("X-Swath-Strip-Sizes", sizes),),
        cacheable=False,
        skipped=len(work.skipped),
        no_terrain_px=work.no_terrain,
    )


def _layout(request: StripLayoutRequest, work: Work) -> Answer:
    made = plan(work.service, request.image)
    options = encode_options(made, request.image, work)
    layout = make_layout(_shape(made, made.pixel_type.dtype_name), request.rows_per_strip, options)
    return Answer(
        msgspec.msgpack.encode(layout),
        "application/msgpack",
        stages=work.stages,
        truncated=bool(made.truncated),
        headers=(("X-Swath-Truncated", made.truncated),) if made.truncated else (),
    )


def _shape(made: Plan, dtype: str) -> RasterShape:
    return RasterShape(made.grid.width, made.grid.height, len(made.bands), dtype)


def _thumbnail(request: ThumbnailRequest, work: Work) -> Answer:
    box, crs = work.service.summary.extent, ""
    if request.item is not None:
        box, crs = image_box(work.service.catalog.item(request.item)), image_space(request.item)
    width, height = request.width, request.height
    extent = square_pixels(box, width, height)
    view = View(extent=extent, extent_crs=crs, out_crs=crs, width=width, height=height)
    return _image(ImageRequest(view=view, encoding=Encoding(format="png")), work)


def _log_skipped(work: Work) -> None:
    for reason in work.skipped:
        if work.service.is_news(reason):
            _log.warning("source skipped: %s", reason)
