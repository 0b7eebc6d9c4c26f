"""The image service definition as a person writes it: the properties in `definition.toml`.

Values here are the defaults in force; an empty text, 0 or empty list means "taken from the data at
build". No numpy, no rasters: this floor knows only what is written.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class MosaicMethod(StrEnum):
    """How items are ordered."""

    NONE = "None"
    CENTER = "Center"
    NORTH_WEST = "NorthWest"
    NADIR = "Nadir"
    VIEWPOINT = "Viewpoint"
    ATTRIBUTE = "ByAttribute"
    LOCK_RASTER = "LockRaster"
    SEAMLINE = "Seamline"


class MosaicOperator(StrEnum):
    """How overlapping pixels combine."""

    FIRST = "First"
    LAST = "Last"
    MIN = "Min"
    MAX = "Max"
    MEAN = "Mean"
    BLEND = "Blend"
    SUM = "Sum"


class Interpolation(StrEnum):
    """The value at a position between pixels."""

    NEAREST = "Nearest"
    BILINEAR = "Bilinear"
    CUBIC = "Cubic"
    MAJORITY = "Majority"


class PictureStretch(StrEnum):
    """How samples become an 8-bit picture when no rendering rule says so."""

    AUTO = "auto"
    NONE = "none"
    PERCENT_CLIP = "percent-clip"
    MIN_MAX = "min-max"
    STANDARD_DEVIATION = "standard-deviation"


class TileSchemeName(StrEnum):
    """Which tiles a service is cut into."""

    WEB_MERCATOR = "web-mercator"
    GEOGRAPHIC = "geographic"
    OWN = "own"


class TileFormat(StrEnum):
    """What tiles are: pictures (mixed: JPEG where nothing is transparent, else PNG) or values."""

    MIXED = "mixed"
    JPG = "jpg"
    PNG = "png"
    LERC = "lerc"
    LERC2D = "lerc2d"


class VectorField(StrEnum):
    """What two bands of vectors are: components to the east and north, or magnitude and direction."""

    NONE = ""
    UV = "uv"
    MAGNITUDE = "magdir"


class BlendSide(StrEnum):
    """Where the blend width lies, seen from the footprint's or seamline's edge."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    BOTH = "both"


class ServiceProperties(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False
):
    """What `[service]` of definition.toml may say."""

    title: str = ""
    description: str = ""
    copyright: str = ""

    crs: str = ""
    bands: int = 0
    pixel_type: str = ""
    band_names: tuple[str, ...] = ()
    thematic: bool | None = None
    vector_field: VectorField = VectorField.NONE

    mosaic_method: MosaicMethod = MosaicMethod.NORTH_WEST
    mosaic_operator: MosaicOperator = MosaicOperator.FIRST
    sort_field: str = ""
    sort_value: str = ""
    sort_ascending: bool = True
    lock_raster_ids: tuple[int, ...] = ()
    blend_width_px: float = 20.0
    blend_side: BlendSide = BlendSide.BOTH
    interpolation: Interpolation | None = None
    grid_tolerance_px: float = 0.125

    picture_bands: tuple[int, ...] = ()
    picture_stretch: PictureStretch = PictureStretch.AUTO
    percent_clip: tuple[float, float] = (2.0, 98.0)
    jpeg_quality: int = 75

    time_field: str = ""
    time_field_end: str = ""
    default_variable: str = ""

    tile_scheme: TileSchemeName = TileSchemeName.WEB_MERCATOR
    tile_size: int = 256
    tile_format: TileFormat = TileFormat.MIXED
    tile_levels: tuple[int, ...] = ()
    tile_origin: tuple[float, ...] = ()
    tile_scales: tuple[float, ...] = ()
    tile_resolutions: tuple[float, ...] = ()
    tile_tolerance: float = 0.0
    tile_blanks: bool = False

    capabilities: tuple[str, ...] = ("Image", "Metadata", "Catalog", "Mensuration")
    max_image_width: int = 15000
    max_image_height: int = 4100
    max_record_count: int = 1000
    max_mosaic_images: int = 1000
    max_download_images: int = 20
    max_download_mb: int = 2048
    usage_timeout_s: float = 600.0
    wait_timeout_s: float = 60.0
    idle_timeout_s: float = 1800.0
    cache_max_age_s: int = 0
    stale_while_revalidate_s: int = 0
    stale_if_error_s: int = 0
    strict_sources: bool = False
    wms: bool = False
    wcs: bool = False
