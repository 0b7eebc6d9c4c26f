"""A catalog item as it is compiled: everything serving needs to know without opening the raster."""

from __future__ import annotations

import msgspec

from config.definition import BlendSide
from engine.extent import Extent
from engine.pixel_type import PixelType

PRIMARY = 1
OVERVIEW = 2
# What belongs to a primary and is another kind of raster: thermal or quality bands of a scene. It stands
# in the catalog, takes no part in mosaics and shows only where it is asked for.
COMPANION = 5
# Its range ends below all pixel sizes, so that it shows only where ranges do not count.
COMPANION_END_PS = 1e-9


class Level(msgspec.Struct, frozen=True, array_like=True):
    """One pyramid level; index 0 of an item's levels is full resolution, n is GDAL overview n - 1."""

    width: int
    height: int
    block_width: int
    block_height: int


class CoarseGrid(msgspec.Struct, frozen=True, array_like=True):
    """How a file lies in the grid of its item whose pixels are smaller by a whole factor, or shifted.

    Attributes
    ----------
    factor : int
        Level-0 pixels of the item on each side of a pixel of the file.
    offset_x, offset_y : float
        Corner of the file, in level-0 pixels of the item.
    levels : tuple of Level
        Of the file.
    """

    factor: int
    offset_x: float
    offset_y: float
    levels: tuple[Level, ...]


class Source(msgspec.Struct, frozen=True, array_like=True):
    """One file behind an item, with what tells that it has changed.

    Attributes
    ----------
    path : str
        Absolute path; never leaves the server.
    driver : str
        GDAL driver pinned at every open.
    size, mtime_ns : int
        As found when the header was read.
    coarse : CoarseGrid or None
        Of a file with larger pixels than the item's, which are repeated; None = on the item's grid.
    pyramid, pyramid_from : Source or None, int
        A file of coarser levels made by `build --pyramids`: from that level on they are its own; bands,
        mask and no-data are like the file's.
    """

    path: str
    driver: str
    size: int
    mtime_ns: int
    coarse: CoarseGrid | None = None
    pyramid: Source | None = None
    pyramid_from: int = 0


class BandSource(msgspec.Struct, frozen=True, array_like=True):
    """Where one service band of an item comes from; `source` -1 means the item lacks the band."""

    source: int
    band: int


class Item(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One compiled item. All sources of one item share the CRS; grid and levels are the finest one's.

    Attributes
    ----------
    geotransform : 6 floats
        GDAL order, of level 0, in `crs`.
    no_data : one per service band
        None = no no-data value; NaN is allowed.
    alpha : BandSource or None
        A band that holds the mask. `dataset_mask` = the file has a mask of its own (internal or .msk).
    footprint : bytes
        Usable area in level-0 pixel coordinates (see engine.footprint); empty = the whole raster.
    seamline : bytes
        Area where the item wins under the Seamline method, packed alike; empty = none.
    seam_width, seam_side : float or None, BlendSide or None
        How soft the edge of that area is, in level-0 pixels (0 = hard), and where it fades; None = not
        stated.
    scale_service, scale_mercator : (x, y)
        Level-0 source pixels per unit of the service CRS / of EPSG:3857 along the map's x and y axes,
        at the raster's centre; (0, 0) where it has no place in that CRS.
    operation_service, operation_mercator : str
        Key of the pinned pipeline (service CRS or EPSG:3857 → `crs`); see the operations table.
    min_ps, max_ps : float
        Half-open range of output pixel sizes (service-CRS units) where the item shows; max_ps 0 = no end.
    low_ps, high_ps : float
        Finest and coarsest pixel size the files really hold, service-CRS units.
    ground_size_m : float
        Level-0 pixel size on the ground in metres at the centre.
    extent : Extent
        Box of the footprint in service CRS.
    valid_range : (lo, hi) or None
        Samples outside are no data.
    geolocation : bytes
        Packed `engine.geolocation.Geolocation`; then `crs` is "", the item's own coordinates are its
        level-0 pixels, and `geotransform` says so. b"" = placed by its geotransform.
    process : bytes
        Packed `engine.item_process.ItemProcess`; then `bands` are those of the files, before it, and
        may be more or fewer than the service's. b"" = pixels are sampled as they are.
    rasters : tuple of bytes
        Packed records of its rasters, topmost first, where it has several (`engine.item_rasters`);
        () = it is one raster.
    """

    id: int
    name: str
    category: int
    sources: tuple[Source, ...]
    bands: tuple[BandSource, ...]
    crs: str
    geotransform: tuple[float, float, float, float, float, float]
    levels: tuple[Level, ...]
    pixel_type: PixelType
    no_data: tuple[float | None, ...]
    valid_range: tuple[float, float] | None = None
    alpha: BandSource | None = None
    dataset_mask: bool = False
    footprint: bytes = b""
    seamline: bytes = b""
    scale_service: tuple[float, float] = (0.0, 0.0)
    scale_mercator: tuple[float, float] = (0.0, 0.0)
    operation_service: str = ""
    operation_mercator: str = ""
    min_ps: float = 0.0
    max_ps: float = 0.0
    low_ps: float = 0.0
    high_ps: float = 0.0
    ground_size_m: float = 0.0
    z_order: float | None = None
    center_x: float = 0.0
    center_y: float = 0.0
    nadir_x: float | None = None
    nadir_y: float | None = None
    extent: Extent = Extent(0.0, 0.0, 0.0, 0.0)
    geolocation: bytes = b""
    process: bytes = b""
    rasters: tuple[bytes, ...] = ()
    seam_width: float | None = None
    seam_side: BlendSide | None = None

    @property
    def width(self) -> int:
        """Columns of level 0."""
        return self.levels[0].width

    @property
    def height(self) -> int:
        """Rows of level 0."""
        return self.levels[0].height
