"""The question, free of protocol: every request is one member of a tagged union.

Parsed once by `server/protocols`, sent to an instance as msgpack, hashable so that identical requests
in flight are one. Everything here is typed and finite; nothing means "default" except None.
"""

from __future__ import annotations

from typing import Literal

from config.definition import Interpolation, TileSchemeName
from engine.measure_requests import (
    ClassStatisticsRequest,
    MeasureImageRequest,
    MeasureRequest,
    VolumeRequest,
)
from engine.pixel_type import PixelType
from engine.request_parts import (
    DimensionValues,
    Encoding,
    MapPoint,
    MosaicRule,
    QueryStatistic,
    Record,
    RenderingRule,
    TimeRange,
    View,
)


class ImageRequest(Record, tag="image", frozen=True, kw_only=True):
    """Pixels of a view.

    `band_ids` count from 0, applied to the source before the rendering rule. `no_data`: one value for all
    bands or one per band, treated as no data in the output. `blank`: what an answer without any valid
    pixel is: a blank "image" or "missing" (not found).
    """

    view: View
    encoding: Encoding
    pixel_type: PixelType | None = None
    no_data: tuple[float, ...] = ()
    no_data_match: Literal["any", "all", ""] = ""
    interpolation: Interpolation | None = None
    band_ids: tuple[int, ...] = ()
    mosaic: MosaicRule | None = None
    rendering: RenderingRule | None = None
    time: TimeRange | None = None
    blank: Literal["image", "missing"] = "image"


class StripRequest(Record, tag="strip", frozen=True, kw_only=True):
    """Rows `first_row` to `first_row + rows` of an image, raw or as one compressed TIFF strip.

    The front cuts large exports into these; `image.view` is the whole image.
    """

    image: ImageRequest
    first_row: int
    rows: int


class StripLayoutRequest(Record, tag="strip_layout", frozen=True, kw_only=True):
    """The TIFF header of a large export, with the strip offsets still to be filled in."""

    image: ImageRequest
    rows_per_strip: int


class PictureInfoRequest(Record, tag="picture_info", frozen=True, kw_only=True):
    """What an image request would give: extent and size after aspect adjustment; no pixels."""

    image: ImageRequest


class IdentifyRequest(Record, tag="identify", frozen=True, kw_only=True):
    """Values and items at a place.

    `geometry` is GeoJSON-like WKB in `crs`; points give their value, areas the value at the centroid.
    `pixel_size` in units of `pixel_size_crs` ("" = `crs`); None = the service's resolution.
    """

    geometry: bytes
    crs: str = ""
    pixel_size: tuple[float, float] | None = None
    pixel_size_crs: str = ""
    mosaic: MosaicRule | None = None
    renderings: tuple[RenderingRule, ...] = ()
    time: TimeRange | None = None
    return_geometry: bool = True
    return_items: bool = True
    return_values: bool = True
    max_items: int | None = None


SpatialRelation = Literal[
    "intersects",
    "contains",
    "crosses",
    "envelope_intersects",
    "overlaps",
    "touches",
    "within",
    "relate",
]


class QueryRequest(Record, tag="query", frozen=True, kw_only=True):
    """Rows of the catalog.

    `where` is text in Swath's own grammar (see engine.where), and so are `key_where`, over key properties
    alone, and `having`, over aggregates (see engine.having). `geometry` is WKB in `crs`;
    `relation_pattern` is the DE-9IM pattern of relation "relate", the geometry before the footprint.
    `out_fields`: () = OBJECTID only, ("*",) = all. `order_by`: (field, ascending) pairs. With
    `statistics`, rows are groups: the fields of `group_by`, then one value each statistic.
    """

    where: str = ""
    object_ids: tuple[int, ...] | None = None
    time: TimeRange | None = None
    geometry: bytes = b""
    crs: str = ""
    relation: SpatialRelation = "intersects"
    relation_pattern: str = ""
    key_where: str = ""
    out_fields: tuple[str, ...] = ()
    out_crs: str = ""
    returns: Literal["features", "ids", "count", "extent"] = "features"
    return_geometry: bool = True
    distinct: bool = False
    order_by: tuple[tuple[str, bool], ...] = ()
    offset: int = 0
    limit: int | None = None
    pixel_size: float | None = None
    statistics: tuple[QueryStatistic, ...] = ()
    group_by: tuple[str, ...] = ()
    having: str = ""
    dimensions: tuple[DimensionValues, ...] = ()


class StatisticsRequest(Record, tag="statistics", frozen=True, kw_only=True):
    """Statistics per band, of the service (or a variable of it) or of what a rule makes of it."""

    rendering: RenderingRule | None = None
    variable: str = ""


class HistogramsRequest(Record, tag="histograms", frozen=True, kw_only=True):
    """Histograms per band, of the service (or a variable of it) or of what a rule makes of it."""

    rendering: RenderingRule | None = None
    variable: str = ""


class DescribeRequest(Record, tag="describe", frozen=True, kw_only=True):
    """What a rule makes of the service: pixel type, bands, colours; statistics are counted if asked for."""

    rendering: RenderingRule
    with_statistics: bool = False
    variable: str = ""


class AreaCountsRequest(Record, tag="area_counts", frozen=True, kw_only=True):
    """Statistics and histograms of an area's pixels, as they are served.

    Attributes
    ----------
    geometry : bytes
        WKB of an area or a point in `crs`; b"" = the whole service.
    pixel_size : (x, y) or None
        In units of `pixel_size_crs` ("" = `crs`); None = the service's own, coarser where there are many.
    """

    geometry: bytes = b""
    crs: str = ""
    pixel_size: tuple[float, float] | None = None
    pixel_size_crs: str = ""
    mosaic: MosaicRule | None = None
    rendering: RenderingRule | None = None
    time: TimeRange | None = None


class PointSamplesRequest(Record, tag="point_samples", frozen=True, kw_only=True):
    """Samples at places of a geometry.

    Attributes
    ----------
    geometry : bytes
        WKB of points, lines or areas in `crs`.
    count, distance
        How many places of lines and areas, or how far apart; see `engine.sample_places`.
    first_only : bool
        The mosaic's value; else that of each raster with data there.
    """

    geometry: bytes
    crs: str = ""
    count: int | None = None
    distance: float | None = None
    first_only: bool = True
    interpolation: Interpolation | None = None
    pixel_size: tuple[float, float] | None = None
    pixel_size_crs: str = ""
    mosaic: MosaicRule | None = None
    rendering: RenderingRule | None = None
    time: TimeRange | None = None
    out_fields: tuple[str, ...] = ()


class KeyPropertiesRequest(Record, tag="key_properties", frozen=True, kw_only=True):
    """What is known of sensor, sun and clouds: of one item, or of all where they agree."""

    item: int | None = None


class LegendRequest(Record, tag="legend", frozen=True, kw_only=True):
    """The legend of a picture: swatches as PNG."""

    band_ids: tuple[int, ...] = ()
    rendering: RenderingRule | None = None
    variable: str = ""


class ThumbnailRequest(Record, tag="thumbnail", frozen=True, kw_only=True):
    """A small picture of the whole service, or of one item as it was taken."""

    width: int = 200
    height: int = 133
    item: int | None = None


class ExplainRequest(Record, tag="explain", frozen=True, kw_only=True):
    """The plan of an image request: rasters in order and why, levels, windows, grid, cost; no pixels."""

    image: ImageRequest


class PlaceRequest(Record, tag="place", frozen=True, kw_only=True):
    """Positions taken from one coordinate system to another; each may be a raster's image space.

    Attributes
    ----------
    positions : bytes
        x, y, z of each, little-endian float64; z NaN = not given.
    from_crs, to_crs : str
        "" = the service's CRS; "ICS:n" = image space of item n (see `engine.image_space`).
    visible_only : bool
        What the image at `to_crs` does not show comes back as NaN.
    depth_offset_m : float
        Ground found from an image is moved so far along its line of sight, towards the sensor.
    fill_missing : bool
        Lines of sight that miss the terrain end at the median height of the others.
    """

    positions: bytes
    from_crs: str = ""
    to_crs: str = ""
    visible_only: bool = False
    depth_offset_m: float = 0.0
    fill_missing: bool = False


class AnglesRequest(Record, tag="angles", frozen=True, kw_only=True):
    """How an item lies: where north is and what is up, at a point (None = the image's centre)."""

    item: int
    point: MapPoint | None = None
    to_crs: str = ""


class MultirayRequest(Record, tag="multiray", frozen=True, kw_only=True):
    """Where lines of sight of several images meet.

    `positions` holds x, y in image space of each point, little-endian float64: all points of the first
    item, then all of the second …
    """

    items: tuple[int, ...]
    positions: bytes
    to_crs: str = ""


class BoundaryRequest(Record, tag="boundary", frozen=True, kw_only=True):
    """Where the service has imagery; `out_crs` "" = on its own map."""

    out_crs: str = ""


class CatalogImagesRequest(Record, tag="catalog_images", frozen=True, kw_only=True):
    """Primary images and where they were taken from, those near a place first.

    Attributes
    ----------
    rows : QueryRequest
        Which of them; its answer's CRS is that of the places, its limit that of the images.
    near : MapPoint or None
        Images are ordered by the distance of their cameras to it; None = by OBJECTID.
    """

    rows: QueryRequest
    near: MapPoint | None = None


class ValidateRequest(Record, tag="validate", frozen=True, kw_only=True):
    """Whether the service can do what rules say; `problems` are those known before it was asked."""

    mosaic: MosaicRule | None = None
    rendering: RenderingRule | None = None
    problems: tuple[str, ...] = ()


class SlicesRequest(Record, tag="slices", frozen=True, kw_only=True):
    """The slices of a multidimensional service; () = all of them."""

    dimensions: tuple[DimensionValues, ...] = ()


class ItemRequest(Record, tag="item", frozen=True, kw_only=True):
    """What is known of one item; `with_counts`: with statistics and histograms of its pixels."""

    item: int
    with_counts: bool = False


class TilemapRequest(Record, tag="tilemap", frozen=True, kw_only=True):
    """Which tiles of a block have data: `rows` × `cols` of them from a tile on."""

    level: int
    row: int
    col: int
    rows: int
    cols: int
    scheme: TileSchemeName | None = None


Request = (
    ImageRequest
    | StripRequest
    | StripLayoutRequest
    | PictureInfoRequest
    | IdentifyRequest
    | QueryRequest
    | StatisticsRequest
    | HistogramsRequest
    | DescribeRequest
    | AreaCountsRequest
    | PointSamplesRequest
    | KeyPropertiesRequest
    | LegendRequest
    | ThumbnailRequest
    | ExplainRequest
    | PlaceRequest
    | AnglesRequest
    | MultirayRequest
    | MeasureRequest
    | MeasureImageRequest
    | VolumeRequest
    | ClassStatisticsRequest
    | ItemRequest
    | TilemapRequest
    | BoundaryRequest
    | CatalogImagesRequest
    | ValidateRequest
    | SlicesRequest
)
