"""The answers that are not pixels: one record for each catalogue-like request.

Made by the engine, turned into a protocol's own form by that protocol. Geometries are WKB with the CRS
beside them; dates are milliseconds since 1970 UTC; no path of a source is in any of them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.summary import BandStatistics, FieldInfo, Histogram

AttributeValue: TypeAlias = str | int | float | None

# One number per band, whole for integer pixel types; None = that band has no data. No tuple = no data at all.
Samples: TypeAlias = tuple[float | None, ...] | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the result records."""


class PictureInfoResult(Result, frozen=True, kw_only=True):
    """What an image request gives: the extent after aspect adjustment, in `crs` ("" = the service's)."""

    width: int
    height: int
    extent: Extent
    crs: str = ""


class IdentifiedItem(Result, frozen=True, kw_only=True):
    """One item at a place, in the order of the mosaic rule, topmost first.

    Attributes
    ----------
    attributes
        All fields of the service table but Shape and Raster, in the table's spelling and order.
    footprint : bytes
        WKB in the CRS of the request; empty where not asked for.
    values, processed
        The item's own samples, and those after each rendering rule.
    visibility : float
        Share 0..1 of the pixels asked about that come from this item.
    """

    id: int
    attributes: dict[str, AttributeValue]
    footprint: bytes = b""
    values: Samples = None
    processed: tuple[Samples, ...] = ()
    visibility: float = 0.0


class IdentifyResult(Result, frozen=True, kw_only=True):
    """Values and items at a place; `x`, `y` in `crs` ("" = the service's) is where values were taken."""

    x: float
    y: float
    crs: str = ""
    values: Samples = None
    processed: tuple[Samples, ...] = ()
    items: tuple[IdentifiedItem, ...] = ()


class QueryRow(Result, frozen=True, kw_only=True):
    """One row of the catalog; `values` as `QueryResult.fields`, `footprint` WKB in its `crs` or empty."""

    values: tuple[AttributeValue, ...]
    footprint: bytes = b""


class QueryResult(Result, frozen=True, kw_only=True):
    """Rows of the catalog, or what was asked for instead.

    Attributes
    ----------
    crs : str
        Of footprints and extent; "" = the service's.
    fields
        The columns of `rows`, without Shape and Raster.
    ids, count, extent
        Filled when the request `returns` them ("extent" fills `count` too).
    exceeded : bool
        More rows match than were returned.
    """

    crs: str = ""
    fields: tuple[FieldInfo, ...] = ()
    rows: tuple[QueryRow, ...] = ()
    ids: tuple[int, ...] = ()
    count: int = 0
    extent: Extent | None = None
    exceeded: bool = False


class StatisticsResult(Result, frozen=True, kw_only=True):
    """Statistics per band; () where there are none."""

    statistics: tuple[BandStatistics, ...] = ()


class KeyPropertiesResult(Result, frozen=True, kw_only=True):
    """What is known of sensor, sun and clouds, under Esri's names."""

    properties: dict[str, AttributeValue] = {}


class DescribeResult(Result, frozen=True, kw_only=True):
    """What a rendering rule makes of a service.

    Attributes
    ----------
    names : one per band
    statistics : one per band, or ()
    """

    pixel_type: PixelType
    names: tuple[str, ...]
    statistics: tuple[BandStatistics, ...] = ()
    has_histograms: bool = False
    colormap: tuple[tuple[int, int, int, int], ...] = ()


class LegendResult(Result, frozen=True, kw_only=True):
    """What the colours of a picture mean.

    Attributes
    ----------
    bands : 1 or 3 band numbers from 0
    names : one per shown band
    palette : tuple of (value, r, g, b)
        () = none is shown.
    ends : (low, high) or None
        Values at the bottom and the top of a grey ramp; None = each view has its own.
    greys : tuple of int
        Of a ramp, from its top to its bottom.
    """

    bands: tuple[int, ...] = (0,)
    names: tuple[str, ...] = ()
    palette: tuple[tuple[int, int, int, int], ...] = ()
    ends: tuple[float, float] | None = None
    greys: tuple[int, ...] = ()


class HistogramsResult(Result, frozen=True, kw_only=True):
    """Histograms per band; () where there are none."""

    histograms: tuple[Histogram, ...] = ()


class BandCounts(Result, frozen=True, kw_only=True):
    """What was counted of one band of an area; median and mode None where there was no sample."""

    statistics: BandStatistics
    histogram: Histogram
    median: float | None = None
    mode: float | None = None


class AreaCountsResult(Result, frozen=True, kw_only=True):
    """Statistics and histograms of the pixels of an area.

    Attributes
    ----------
    bands : one per band
    skip : int
        Along each axis, one pixel was looked at for so many that were asked for.
    truncated : str
        Why some rasters took no part; "" = all did.
    """

    bands: tuple[BandCounts, ...]
    skip: int = 1
    truncated: str = ""


class PointSample(Result, frozen=True, kw_only=True):
    """What there is at a place.

    Attributes
    ----------
    place : int
        Which of the places asked about, from 0; several samples may be of one.
    x, y : float
        In the CRS of the request.
    item : int
        OBJECTID of the raster it comes from.
    resolution : float
        Size of that raster's pixels, in units of the service.
    """

    place: int
    x: float
    y: float
    item: int
    values: Samples
    resolution: float = 0.0
    attributes: dict[str, AttributeValue] = {}


class PointSamplesResult(Result, frozen=True, kw_only=True):
    """Samples at places, `crs` "" = the service's; nothing of places without data."""

    crs: str = ""
    samples: tuple[PointSample, ...] = ()


class SliceInfo(Result, frozen=True, kw_only=True):
    """One slice of a multidimensional service: its number, variable and value in each dimension."""

    number: int
    variable: str
    values: tuple[tuple[str, float], ...] = ()


class SlicesResult(Result, frozen=True, kw_only=True):
    """Slices by number."""

    slices: tuple[SliceInfo, ...] = ()


class ExplainedRaster(Result, frozen=True, kw_only=True):
    """One raster of a plan, in mosaic order, topmost first.

    Attributes
    ----------
    level, level_size
        The pyramid level read (0 = full resolution), its width and height.
    ratio : float
        Pixels of that level per output pixel.
    window : (col, row, cols, rows)
        What is read, in pixels of the level; None where nothing is.
    blocks : int
        Blocks of the level that the window touches.
    grid_step_px, grid_error_px : float
        Spacing of the position grid in output pixels, and the worst error claimed for it in pixels.
    operation : str
        How map coordinates become the raster's own, in words or as a pipeline.
    why : str
        A short sentence: why it stands at this place of the order.
    no_terrain_px : int
        Output pixels where it would show if there were terrain.
    """

    id: int
    name: str
    category: int = 1
    level: int = 0
    level_size: tuple[int, int] = (0, 0)
    ratio: float = 0.0
    window: tuple[int, int, int, int] | None = None
    blocks: int = 0
    grid_step_px: float = 0.0
    grid_error_px: float = 0.0
    operation: str = ""
    why: str = ""
    no_terrain_px: int = 0


class ExplainResult(Result, frozen=True, kw_only=True):
    """The plan of an image request; made without reading imagery.

    Attributes
    ----------
    extent, crs, width, height, pixel_size
        The grid that would be rendered.
    method, operator, interpolation
        In force, defaults filled in.
    chain : tuple of str
        The steps from samples to the answer, one short phrase each (stretch, bands, format).
    considered, left_out
        Count of candidates looked at, and (reason, count) of those not used.
    cost_px, cost_bytes
        Source pixels to be sampled, and decoded bytes of the blocks to be read.
    notes : tuple of str
        What a reader should know: truncation, per-pixel order of tiles, failed sources.
    """

    extent: Extent
    crs: str = ""
    width: int
    height: int
    pixel_size: tuple[float, float] = (0.0, 0.0)
    method: str = ""
    operator: str = ""
    interpolation: str = ""
    chain: tuple[str, ...] = ()
    rasters: tuple[ExplainedRaster, ...] = ()
    considered: int = 0
    left_out: tuple[tuple[str, int], ...] = ()
    cost_px: int = 0
    cost_bytes: int = 0
    plan_ms: float = 0.0
    truncated: bool = False
    notes: tuple[str, ...] = ()


class PlaceResult(Result, frozen=True, kw_only=True):
    """Positions in another coordinate system.

    Attributes
    ----------
    positions : bytes
        x, y, z of each, little-endian float64; NaN where there is no such place or no height is known.
    crs : str
        "" = the service's; "ICS:n" = image space of item n.
    """

    positions: bytes
    crs: str = ""


class AnglesResult(Result, frozen=True, kw_only=True):
    """Directions in a coordinate system, clockwise from its top, degrees 0 to 360; NaN = none.

    Attributes
    ----------
    north_deg : float
        Of north: turned by so much, counter-clockwise, the system has north at its top.
    up_deg : float
        Into which what rises leans.
    """

    north_deg: float
    up_deg: float
    crs: str = ""


class ItemResult(Result, frozen=True, kw_only=True):
    """What is known of one item; no path.

    Attributes
    ----------
    attributes
        All fields of the service table but Shape and Raster.
    footprint : bytes
        WKB in service CRS.
    extent : Extent
        Of the footprint, in service CRS.
    map_extent : Extent
        Of all its pixels, in service CRS.
    columns, rows : int
        Pixels of `pixel_size_x` and `pixel_size_y` in that extent.
    pixel_size_x, pixel_size_y : float
        In service-CRS units, at full resolution.
    statistics, histograms : one per band, or ()
        Of the item's pixels as they are served; () = not asked for, or some band holds none.
    levels : int
        Pyramid levels, full resolution included.
    has_sensor : bool
        Placed by a sensor model.
    crs : str
        Of the raster itself; "" where a sensor model places it.
    native_extent : Extent or None
        In `crs`; None where the raster is turned or has none.
    extent_lonlat : Extent or None
        Of the footprint, in degrees; None where it has no place on Earth.
    driver : str
        What reads its file, in GDAL's word.
    """

    id: int
    name: str
    attributes: dict[str, AttributeValue]
    footprint: bytes = b""
    extent: Extent
    map_extent: Extent
    columns: int
    rows: int
    width: int
    height: int
    block_width: int
    block_height: int
    pixel_size_x: float
    pixel_size_y: float
    pixel_type: PixelType
    bands: int
    levels: int
    no_data: tuple[float | None, ...] = ()
    has_sensor: bool = False
    crs: str = ""
    native_extent: Extent | None = None
    extent_lonlat: Extent | None = None
    driver: str = ""
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()


class TilemapResult(Result, frozen=True, kw_only=True):
    """Which tiles of a block have data: one byte a tile, 1 or 0, row by row."""

    data: bytes
