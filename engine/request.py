"""The question, free of protocol: every request is one member of a tagged union.

Parsed once by `server/protocols`, sent to an instance as msgpack, hashable so that identical requests
in flight are one. Everything here is typed and finite; nothing means "default" except None.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from config.definition import Interpolation, MosaicMethod, MosaicOperator
from engine.extent import Extent
from engine.function_rules import FunctionArguments, StretchRule
from engine.pixel_type import PixelType


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the request records."""


class MapPoint(Record, frozen=True, kw_only=True):
    """A point in a CRS; `crs` "" = the service's."""

    x: float
    y: float
    crs: str = ""


class MosaicRule(Record, frozen=True, kw_only=True):
    """Select, order and merge; None everywhere means the service's default."""

    method: MosaicMethod | None = None
    operator: MosaicOperator | None = None
    where: str = ""
    fids: tuple[int, ...] | None = None
    sort_field: str = ""
    sort_value: str | float | None = None
    ascending: bool | None = None
    lock_ids: tuple[int, ...] = ()
    viewpoint: MapPoint | None = None


class MosaicInput(Record, tag="mosaic", tag_field="input", frozen=True, kw_only=True):
    """The service's own rasters; `mosaic` and `interpolation` None = as the request has them."""

    mosaic: MosaicRule | None = None
    interpolation: Interpolation | None = None


class ItemInput(Record, tag="item", tag_field="input", frozen=True, kw_only=True):
    """One raster of the service, by OBJECTID; `interpolation` None = as the request has it."""

    item: int
    interpolation: Interpolation | None = None


class ConstantInput(Record, tag="constant", tag_field="input", frozen=True, kw_only=True):
    """A number for a raster."""

    value: float


class RenderingRule(Record, tag="function", tag_field="input", frozen=True, kw_only=True):
    """What a client asks for: a tree of raster functions.

    Attributes
    ----------
    function : str
        "None" = samples as they are, or a name in engine.functions.FUNCTIONS.
    arguments : FunctionArguments or None
        Of that function; None = its defaults.
    inputs : tuple of RuleInput
        In the order of the function's inputs; () = the service's rasters.
    """

    function: str = "None"
    arguments: FunctionArguments | None = None
    inputs: tuple[RuleInput, ...] = ()
    output_pixel_type: PixelType | None = None

    @property
    def stretch(self) -> StretchRule | None:
        """The arguments of Stretch, where they are that."""
        return self.arguments if isinstance(self.arguments, StretchRule) else None

    @property
    def is_dynamic(self) -> bool:
        """Whether a stretch in it takes its cut from the pixels of each view."""
        if self.stretch is not None and self.stretch.dynamic_range:
            return True
        return any(each.is_dynamic for each in self.inputs if isinstance(each, RenderingRule))


RuleInput = RenderingRule | MosaicInput | ItemInput | ConstantInput


class TimeRange(Record, frozen=True, kw_only=True):
    """Milliseconds since 1970 UTC, both ends inclusive; None = open."""

    start: int | None = None
    end: int | None = None


class TileAddress(Record, frozen=True, kw_only=True):
    """A tile of the Web Mercator scheme: 256·`scale` pixels square."""

    level: int
    row: int
    col: int
    scale: int = 1


class View(Record, frozen=True, kw_only=True):
    """What pixels are asked for.

    Either `tile` (then extent, CRS and size follow from it) or `extent`, `extent_crs`, `width`, `height`
    and `out_crs` ("" = the service's CRS, for both). `adjust_aspect` grows the extent about its centre
    until output pixels are square.
    """

    tile: TileAddress | None = None
    extent: Extent | None = None
    extent_crs: str = ""
    width: int = 400
    height: int = 400
    out_crs: str = ""
    adjust_aspect: bool = False


class Encoding(Record, frozen=True, kw_only=True):
    """How the answer is written; `format` is a name in engine.formats.FORMATS."""

    format: str
    quality: int | None = None
    compression: str = ""
    tolerance: float = 0.0
    lerc_version: int = 2


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
    `pixel_size` in `crs` units; None = the service's resolution.
    """

    geometry: bytes
    crs: str = ""
    pixel_size: tuple[float, float] | None = None
    mosaic: MosaicRule | None = None
    renderings: tuple[RenderingRule, ...] = ()
    time: TimeRange | None = None
    return_geometry: bool = True
    return_items: bool = True
    return_values: bool = True
    max_items: int | None = None


SpatialRelation = Literal[
    "intersects", "contains", "crosses", "envelope_intersects", "overlaps", "touches", "within"
]


class QueryRequest(Record, tag="query", frozen=True, kw_only=True):
    """Rows of the catalog.

    `where` is text in Swath's own grammar (see engine.where). `geometry` is WKB in `crs`.
    `out_fields`: () = OBJECTID only, ("*",) = all. `order_by`: (field, ascending) pairs.
    """

    where: str = ""
    object_ids: tuple[int, ...] | None = None
    time: TimeRange | None = None
    geometry: bytes = b""
    crs: str = ""
    relation: SpatialRelation = "intersects"
    out_fields: tuple[str, ...] = ()
    out_crs: str = ""
    returns: Literal["features", "ids", "count", "extent"] = "features"
    return_geometry: bool = True
    distinct: bool = False
    order_by: tuple[tuple[str, bool], ...] = ()
    offset: int = 0
    limit: int | None = None
    pixel_size: float | None = None


class StatisticsRequest(Record, tag="statistics", frozen=True, kw_only=True):
    """Statistics per band, of the service or of what a rule makes of it."""

    rendering: RenderingRule | None = None


class HistogramsRequest(Record, tag="histograms", frozen=True, kw_only=True):
    """Histograms per band, of the service or of what a rule makes of it."""

    rendering: RenderingRule | None = None


class DescribeRequest(Record, tag="describe", frozen=True, kw_only=True):
    """What a rule makes of the service: pixel type, bands, colours; statistics are counted if asked for."""

    rendering: RenderingRule
    with_statistics: bool = False


class AreaCountsRequest(Record, tag="area_counts", frozen=True, kw_only=True):
    """Statistics and histograms of an area's pixels, as they are served.

    Attributes
    ----------
    geometry : bytes
        WKB of an area or a point in `crs`; b"" = the whole service.
    pixel_size : (x, y) or None
        In `crs` units; None = the service's own, coarser where there are many pixels.
    """

    geometry: bytes = b""
    crs: str = ""
    pixel_size: tuple[float, float] | None = None
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


class ItemRequest(Record, tag="item", frozen=True, kw_only=True):
    """What is known of one item."""

    item: int


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
    | ItemRequest
)
