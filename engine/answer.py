"""Answer a request of any kind with an open service: the engine's one door."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.area_counts import area_counts
from engine.dynamic_range import settled
from engine.errors import TileOutsideLimits
from engine.explain import explain
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions, Georeference
from engine.formats.tiff_strips import RasterShape, encode_strip, make_layout
from engine.geometry.projection import describe_crs, wkt_of
from engine.identify import identify
from engine.image_directions import image_directions
from engine.image_shapes import query_on_map, rows_in_image
from engine.image_space import image_box, image_space, image_space_item
from engine.item_facts import item_facts
from engine.key_properties import key_properties
from engine.legend import legend
from engine.multiray import multiray
from engine.pixels import PixelBlock
from engine.place import place
from engine.plan import Plan, plan
from engine.point_samples import point_samples
from engine.query import query
from engine.render_work import Work
from engine.request import (
    AnglesRequest,
    AreaCountsRequest,
    DescribeRequest,
    Encoding,
    ExplainRequest,
    HistogramsRequest,
    IdentifyRequest,
    ImageRequest,
    ItemRequest,
    KeyPropertiesRequest,
    LegendRequest,
    MultirayRequest,
    PictureInfoRequest,
    PlaceRequest,
    PointSamplesRequest,
    QueryRequest,
    Request,
    StatisticsRequest,
    StripLayoutRequest,
    StripRequest,
    ThumbnailRequest,
    View,
)
from engine.results import AreaCountsResult, HistogramsResult, PictureInfoResult, StatisticsResult
from engine.rule_counts import statistics_of
from engine.rule_description import describe_rule
from engine.target_grid import square_pixels
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
    work = Work(service, budget)
    if isinstance(request, ImageRequest):
        return _image(request, work)
    if isinstance(request, StripRequest):
        return _strip(request, work)
    if isinstance(request, StripLayoutRequest):
        return _layout(request, work)
    if isinstance(request, ThumbnailRequest):
        return _thumbnail(request, work)
    with work.stage("plan"):
        record = _record(request, work)
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


def _record(request: Request, work: Work) -> object:
    service = work.service
    if isinstance(request, PictureInfoRequest):
        # An address is given of what can be answered alone.
        grid = plan(service, request.image).grid
        return PictureInfoResult(
            width=grid.width, height=grid.height, extent=grid.extent, crs=grid.lattice.crs
        )
    if isinstance(request, IdentifyRequest):
        return identify(request, work)
    if isinstance(request, QueryRequest):
        with service.catalog.watched_by(work.budget):
            return _rows(request, service)
    if isinstance(request, ExplainRequest):
        return explain(request.image, work)
    return _values(request, work)


def _values(request: Request, work: Work) -> object:
    """Answer what is asked of the values of areas and places."""
    if isinstance(request, AreaCountsRequest):
        return area_counts(request, work)
    if isinstance(request, PointSamplesRequest):
        return point_samples(request, work)
    return _located(request, work)


def _rows(request: QueryRequest, service: ImageService) -> object:
    """Answer a query; its geometry and footprints may be in the image space of a raster."""
    found = query(service.catalog, query_on_map(service, request))
    if request.returns != "features" or image_space_item(request.out_crs) is None:
        return found
    return rows_in_image(service, found, request.out_crs)


def _located(request: Request, work: Work) -> object:
    """Answer what is asked of single images and their places."""
    if isinstance(request, PlaceRequest):
        return place(request, work)
    if isinstance(request, AnglesRequest):
        return image_directions(request, work)
    if isinstance(request, MultirayRequest):
        return multiray(request, work)
    if isinstance(request, ItemRequest):
        return item_facts(request, work.service)
    return _facts(request, work)


def _facts(request: Request, work: Work) -> object:
    """Answer what is known of the service, or of what a rule makes of it."""
    service = work.service
    if isinstance(request, HistogramsRequest):
        counts = statistics_of(service, request.rendering, work.budget)
        return HistogramsResult(histograms=counts.histograms)
    if isinstance(request, LegendRequest):
        return legend(request, work)
    if isinstance(request, DescribeRequest):
        return describe_rule(request, work)
    if isinstance(request, StatisticsRequest):
        counts = statistics_of(service, request.rendering, work.budget)
        return StatisticsResult(statistics=counts.statistics)
    if isinstance(request, KeyPropertiesRequest):
        return key_properties(request, work)
    raise TypeError(f"no answer for {type(request).__name__}")


def _image(request: ImageRequest, work: Work) -> Answer:
    start = time.perf_counter()
    made = plan(work.service, request)
    work.add("plan", start)
    pixels = render_request(made, request, work)
    if request.blank == "missing" and not work.filled:
        tile = request.view.tile
        raise TileOutsideLimits(*((tile.level, tile.row, tile.col) if tile else ("", "", "")))
    start = time.perf_counter()
    options = encode_options(made, request, work)
    encoded = FORMATS[request.encoding.format].encode(pixels, options)
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
