"""What a service says of itself: read by the front from the compiled definition, no pixels needed."""

from __future__ import annotations

from typing import Literal

import msgspec

from config.definition import ServiceProperties
from engine.band_statistics import BandStatistics, Histogram
from engine.dimensions import Variable
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.request_parts import RenderingRule

__all__ = [
    "FORMAT_VERSION",
    "BandInfo",
    "BandStatistics",
    "FieldInfo",
    "FieldType",
    "FunctionTemplate",
    "Histogram",
    "ServiceSummary",
    "TimeInfo",
]

FORMAT_VERSION = 3


class BandInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Name and, where known, wavelengths of one band in nanometres."""

    name: str
    wavelength_min_nm: float | None = None
    wavelength_max_nm: float | None = None


class FunctionTemplate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rendering rule that a service publishes under a name.

    Attributes
    ----------
    source : str
        JSON as its author wrote it; its variables are what requests may set.
    rule : RenderingRule
        What it stands for where a request sets nothing.
    statistics, histograms : one per band, or ()
        Of what the rule makes of the whole service.
    """

    name: str
    description: str = ""
    help: str = ""
    source: str
    rule: RenderingRule
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()


FieldType = Literal["oid", "integer", "double", "string", "date", "geometry", "raster"]


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the service table; `type` "date" holds milliseconds since 1970 UTC."""

    name: str
    type: FieldType
    alias: str = ""
    length: int = 0


class AttributeTable(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of each value of a raster of classes.

    Attributes
    ----------
    fields
        One of them is called Value, in any case.
    rows : one value per field each
        None = not known.
    """

    fields: tuple[FieldInfo, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...] = ()


class TimeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Which fields hold time and what they span (milliseconds since 1970 UTC)."""

    start_field: str
    end_field: str
    start: int
    end: int


class ServiceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a compiled definition.

    Attributes
    ----------
    crs : str
        Canonical key: "EPSG:n", "ESRI:n" or WKT. `wkid`/`latest_wkid` 0 where there is no code.
    pixel_size_x, pixel_size_y : float
        Full resolution in CRS units; the extent is a whole number of these.
    source_type : "mosaic" or "raster"
        A single raster has no catalog.
    colormap : tuple of (value, r, g, b) or ()
    picture_bands : tuple of int
        Bands (from 0) of the default picture.
    overview_ps : float
        Pixel size (service units) from which service overviews show; 0 = there are none.
    overview_field : str
        There are overviews of each value of this field, too: of the items that have it; "" = of none.
    coarsest_ps : float
        Coarsest pixel size that is served without area averaging over many pixels (0 = no limit known).
    item_count, overview_count : int
        Items in all, and those of them that are service overviews.
    has_sensors, has_terrain, has_sun : bool
        Some items have a sensor model; some of those have terrain under them that was stated; some have a
        sun elevation.
    variables : tuple of Variable
        By name; () = the service is not multidimensional.
    default_variable : str
        The one that shows unless a request names others; `statistics` are its own.
    """

    format_version: int = FORMAT_VERSION
    properties: ServiceProperties
    source_type: Literal["mosaic", "raster"] = "mosaic"
    data_type: Literal["generic", "rgb", "thematic", "elevation"] = "generic"
    crs: str
    wkid: int = 0
    latest_wkid: int = 0
    wkt: str = ""
    is_geographic: bool = False
    metres_per_unit: float = 1.0
    extent: Extent
    extent_lonlat: Extent | None = None
    extent_mercator: Extent | None = None
    pixel_size_x: float
    pixel_size_y: float
    pixel_type: PixelType
    bands: tuple[BandInfo, ...]
    statistics: tuple[BandStatistics, ...] = ()
    has_histograms: bool = False
    no_data: tuple[float | None, ...] = ()
    colormap: tuple[tuple[int, int, int, int], ...] = ()
    picture_bands: tuple[int, ...] = (0,)
    fields: tuple[FieldInfo, ...] = ()
    time: TimeInfo | None = None
    has_seamlines: bool = False
    item_count: int = 1
    overview_count: int = 0
    overview_ps: float = 0.0
    overview_field: str = ""
    coarsest_ps: float = 0.0
    uncompressed_size: int = 0
    block_width: int = 0
    block_height: int = 0
    templates: tuple[FunctionTemplate, ...] = ()
    attribute_table: AttributeTable | None = None
    has_sensors: bool = False
    has_terrain: bool = False
    has_sun: bool = False
    variables: tuple[Variable, ...] = ()
    default_variable: str = ""

    @property
    def primary_count(self) -> int:
        """Rasters that people know of: all items but overviews."""
        return self.item_count - self.overview_count
