"""What a raster file says of itself: read once when it is added, kept in the catalog, never at a request.

Rules: opens and describes; reads no pixels, at most a small mask. What Swath cannot serve is refused here with a sentence:
complex and 64-bit integer samples, sizes beyond the limits, blocks that would not fit into memory.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError

from engine.errors import InvalidParameter, SourceCorrupt, UnknownProduct
from engine.geometry.projection import crs_of_wkt
from engine.geotransforms.gcps import Gcp
from engine.item import Level
from engine.pixel_type import PixelType, pixel_type_of_dtype
from engine.readers.drivers import is_cube, open_raster
from engine.readers.file_levels import MAX_BLOCK_BYTES, block_bytes, level_of, overview_levels
from engine.readers.source_state import check_source

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

MAX_SIDE = 2_000_000
MAX_BANDS = 4096

_KEPT_TAGS = (
    "TIFFTAG_DATETIME",
    "ACQUISITIONDATETIME",
    "ACQUISITION_DATE",
    "CLOUDCOVER",
    "SATELLITEID",
    "NITF_IDATIM",
)
_MICROMETRES = {"micrometers", "micrometer", "um", "µm", "micrometres"}
_FEW_BITS = {1: PixelType.U1, 2: PixelType.U2, 4: PixelType.U4}


class BandHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One band of a file.

    Attributes
    ----------
    no_data_text : str
        "" = none; a text because JSON has no NaN and no infinity. See `no_data`.
    color : str
        GDAL's colour interpretation in lower case ("red", "gray", "palette", "alpha", "undefined" …).
    wavelength_nm : float or None
        Centre, where the file says it.
    """

    pixel_type: PixelType
    no_data_text: str = ""
    color: str = "undefined"
    name: str = ""
    wavelength_nm: float | None = None
    scale: float = 1.0
    offset: float = 0.0

    @property
    def no_data(self) -> float | None:
        """The value that means "no data", or None."""
        return float(self.no_data_text) if self.no_data_text else None


# What a thin-plate spline may have (engine.geotransforms.thin_plate_spline); they are kept in the catalog.
MAX_GCPS = 3000
# Twenty coefficients of 25 digits, and more.
_MAX_RPC_CHARS = 2000


class RasterHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts of one raster file.

    Attributes
    ----------
    geotransform : 6 floats or None
        GDAL order; None where the file has none.
    crs : str
        Canonical key, "" where the file has none.
    levels : tuple of Level
        Full resolution first, then GDAL's overviews with their exact sizes.
    mask : "none", "alpha" or "dataset"
        `alpha_band` (from 1) holds the mask, or the file has a mask of its own.
    colormap : tuple of (value, red, green, blue)
        Of the first band.
    has_gcps, has_rpcs : bool
        Whether the file is placed by ground control points or a sensor model.
    rpc : dict of str to str
        GDAL's RPC metadata.
    tre : dict of str to str
        Extensions of NITF that hold an RPC, as they stand in the file.
    gcps : tuple of Gcp
        Ground control points, in `crs`; () also where there are too many to be kept.
    """

    path: str
    driver: str
    size: int
    mtime_ns: int
    width: int
    height: int
    geotransform: tuple[float, float, float, float, float, float] | None = None
    crs: str = ""
    bands: tuple[BandHeader, ...]
    levels: tuple[Level, ...]
    mask: Literal["none", "alpha", "dataset"] = "none"
    alpha_band: int = 0
    colormap: tuple[tuple[int, int, int, int], ...] = ()
    has_gcps: bool = False
    has_rpcs: bool = False
    rpc: dict[str, str] = {}
    tre: dict[str, str] = {}
    gcps: tuple[Gcp, ...] = ()
    tags: dict[str, str] = {}


def read_header(path: str, driver: str | None = None) -> RasterHeader:
    """Read the header of a raster.

    Parameters
    ----------
    path : str
        A regular file, or an object behind a connection.
    driver : str, optional
        Driver to use; any accepted one when not given.

    Raises
    ------
    SourceUnavailable, SourceCorrupt, UnknownProduct
        The message is a sentence fit for a status field.
    """
    state = check_source(path)
    if is_cube(driver):
        from engine.readers.cube_header import cube_header  # noqa: PLC0415 -- imports from here

        return cube_header(path, str(driver), state)
    with open_raster(path, driver, known=state) as dataset:
        try:
            header = _describe_patiently(path, dataset)
            overviews = len(dataset.overviews(1))
        except (RasterioError, CPLE_BaseError, ValueError, MemoryError, InvalidParameter) as err:
            why = str(err).replace(f"{Path(path).parent}/", "")
            raise SourceCorrupt(path, f"its header cannot be read: {why}") from err
    header = msgspec.structs.replace(header, size=state.size, mtime_ns=state.mtime_ns)
    levels = header.levels + overview_levels(header, overviews)
    return msgspec.structs.replace(header, levels=levels)


def _describe_patiently(path: str, dataset: DatasetReader) -> RasterHeader:
    """Describe a file; GDAL complains once of a bad file beside it (an RPC, say), then goes on without."""
    try:
        return _describe(path, dataset)
    except CPLE_BaseError:
        return _describe(path, dataset)


def _describe(path: str, dataset: DatasetReader) -> RasterHeader:
    _check_limits(path, dataset)
    alpha = [i for i, color in enumerate(dataset.colorinterp, 1) if color == ColorInterp.alpha]
    own_mask = not alpha and all(
        MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums
    )
    bands = tuple(_describe_band(path, dataset, band) for band in range(1, dataset.count + 1))
    points, _ = dataset.gcps
    return RasterHeader(
        path=path,
        driver=dataset.driver,
        size=0,
        mtime_ns=0,
        width=dataset.width,
        height=dataset.height,
        geotransform=_geotransform(path, dataset),
        crs=_crs_key(dataset),
        bands=bands,
        levels=(level_of(dataset),),
        mask="alpha" if alpha else "dataset" if own_mask else "none",
        alpha_band=alpha[0] if alpha else 0,
        colormap=_colormap(dataset),
        has_gcps=bool(points),
        has_rpcs=bool(dataset.tags(ns="RPC")),
        rpc=_rpc_tags(dataset),
        tre=_rpc_extensions(dataset),
        gcps=_gcps(dataset),
        tags=_kept_tags(dataset),
    )


def _check_limits(path: str, dataset: DatasetReader) -> None:
    width, height, count = dataset.width, dataset.height, dataset.count
    if not 1 <= count <= MAX_BANDS:
        raise SourceCorrupt(path, f"has {count} bands; between 1 and {MAX_BANDS} are served")
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        why = f"claims {width} × {height} pixels; at most {MAX_SIDE} on a side are served"
        raise SourceCorrupt(path, why)
    size = block_bytes(dataset)
    if size > MAX_BLOCK_BYTES:
        why = (
            f"is stored in blocks of {dataset.block_shapes[0][1]} × {dataset.block_shapes[0][0]} "
            f"pixels, {size >> 20} MB each, more than the {MAX_BLOCK_BYTES >> 20} MB served; "
            "rewrite it tiled, for example as a COG"
        )
        raise SourceCorrupt(path, why)


def _describe_band(path: str, dataset: DatasetReader, band: int) -> BandHeader:
    dtype = dataset.dtypes[band - 1]
    pixel_type = pixel_type_of_dtype(dtype)
    if pixel_type is None:
        kind = "complex samples" if "complex" in dtype else f"samples of type {dtype}"
        accepted = "served are 8, 16 and 32-bit integers and 32 and 64-bit floats"
        raise UnknownProduct(path, f"band {band} has {kind}, which are not served; {accepted}")
    bits = dataset.tags(band, ns="IMAGE_STRUCTURE").get("NBITS", "")
    if pixel_type is PixelType.U8 and bits.isdigit():
        pixel_type = _FEW_BITS.get(int(bits), pixel_type)
    no_data = dataset.nodatavals[band - 1]
    return BandHeader(
        pixel_type=pixel_type,
        no_data_text="" if no_data is None else repr(float(no_data)),
        color=str(dataset.colorinterp[band - 1].name),
        name=dataset.descriptions[band - 1] or "",
        wavelength_nm=_wavelength_nm(dataset, band),
        scale=_finite(dataset.scales[band - 1], 1.0),
        offset=_finite(dataset.offsets[band - 1], 0.0),
    )


def _finite(value: float, instead: float) -> float:
    return float(value) if math.isfinite(value) else instead


def _wavelength_nm(dataset: DatasetReader, band: int) -> float | None:
    """Return the centre wavelength from GDAL's IMAGERY domain or ENVI's band tags."""
    micro = dataset.tags(band, ns="IMAGERY").get("CENTRAL_WAVELENGTH_UM", "")
    tags = {key.lower(): value for key, value in dataset.tags(band).items()}
    try:
        if micro:
            value = float(micro) * 1000.0
        elif "wavelength" in tags:
            unit = tags.get("wavelength_units", "").lower()
            value = float(tags["wavelength"]) * (1000.0 if unit in _MICROMETRES else 1.0)
        else:
            return None
    except ValueError:
        # A vendor's own text ("B04"): not a wavelength, the band stays without.
        return None
    return value if math.isfinite(value) and value > 0 else None


def _geotransform(
    path: str, dataset: DatasetReader
) -> tuple[float, float, float, float, float, float] | None:
    transform = dataset.transform
    if transform.is_identity:
        return None
    values = transform.to_gdal()
    if not all(map(math.isfinite, values)) or transform.determinant == 0:
        raise SourceCorrupt(path, "its geotransform is not finite or has no inverse")
    a, b, c, d, e, f = map(float, values)
    return (a, b, c, d, e, f)


def _crs_key(dataset: DatasetReader) -> str:
    crs = dataset.crs
    if not crs:
        points, crs = dataset.gcps
        if not points or not crs:
            return ""
    return _key_of_wkt(crs.to_wkt())


@lru_cache(maxsize=256)
def _key_of_wkt(wkt: str) -> str:
    # Finding the code of an unnamed CRS takes PROJ up to a second.
    return crs_of_wkt(wkt)


def _colormap(dataset: DatasetReader) -> tuple[tuple[int, int, int, int], ...]:
    if dataset.colorinterp[0] != ColorInterp.palette:
        return ()
    try:
        entries: dict[int, Any] = dataset.colormap(1)
    except ValueError:
        # Says "palette" but has no table; it is then a plain band.
        return ()
    return tuple((value, rgba[0], rgba[1], rgba[2]) for value, rgba in sorted(entries.items()))


def _rpc_tags(dataset: DatasetReader) -> dict[str, str]:
    """Return the RPC metadata as texts, unread: not all of it need be numbers."""
    found = dataset.tags(ns="RPC")
    return {key: value for key, value in found.items() if len(value) <= _MAX_RPC_CHARS}


def _gcps(dataset: DatasetReader) -> tuple[Gcp, ...]:
    """Return control points as they are, good or bad: whoever fits to them looks at the numbers."""
    points, _ = dataset.gcps
    if len(points) > MAX_GCPS:
        return ()
    return tuple(
        Gcp(
            col=float(point.col),
            row=float(point.row),
            x=float(point.x),
            y=float(point.y),
            z=float(point.z) if point.z is not None and math.isfinite(point.z) else None,
            id=str(point.id or "")[:40],
        )
        for point in points
        if all(map(math.isfinite, (point.col, point.row, point.x, point.y)))
    )


def _rpc_extensions(dataset: DatasetReader) -> dict[str, str]:
    found = dataset.tags(ns="TRE") if dataset.driver == "NITF" else {}
    return {
        key: found[key]
        for key in ("RPC00A", "RPC00B")
        if key in found and len(found[key]) <= _MAX_RPC_CHARS
    }


def _kept_tags(dataset: DatasetReader) -> dict[str, str]:
    found = {**dataset.tags(ns="IMAGERY"), **dataset.tags()}
    return {key: found[key][:200] for key in _KEPT_TAGS if found.get(key)}
