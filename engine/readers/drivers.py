"""Open a local raster file or an object behind a registered connection, and nothing else.

Rules: the only place that gives a path to GDAL for reading. A path names an existing regular file, is
opened by a driver of the list below, and never as anything GDAL could make of it (`/vsicurl/…`,
`WMS:…`, inline XML, `MEM:::`). Definitions that point to other files (VRT, GTI, WMS, STACIT) are
refused: with them a catalogued `x.tif` could show the bytes of any readable file. Drivers that reach
the network or other files are taken out of GDAL itself, because sidecars (.ovr, .msk, .aux.xml) are
opened by GDAL without asking.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import rasterio
from rasterio.env import env_ctx_if_needed, set_gdal_config
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from engine.errors import SourceCorrupt, SourceError, SourceUnavailable, UnknownProduct
from engine.readers.source_state import SourceState, check_source
from engine.source_name import is_remote

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# File formats that hold their own pixels (or have them in a raw file of the same name).
DRIVERS: tuple[str, ...] = (
    "GTiff",
    "JPEG",
    "PNG",
    "WEBP",
    "JP2OpenJPEG",
    "HFA",
    "ENVI",
    "EHdr",
    "NITF",
    "MRF",
    "AAIGrid",
    "GRASSASCIIGrid",
    "GSAG",
    "GSBG",
    "GS7BG",
    "AIG",
    "SRTMHGT",
    "DTED",
    "USGSDEM",
    "BMP",
    "GIF",
    "BIGGIF",
    "PNM",
    "RST",
    "SAGA",
    "BT",
    "PCRaster",
    "RMF",
    "SGI",
    "KRO",
    "GTX",
    "LAN",
    "BYN",
    "SIGDEM",
)

# Prefixes of drivers that are not GDAL's (see `engine.readers.cube_dataset`).
CUBES = ("netCDF:", "Zarr:")

_NEVER = (
    "VRT WMS WCS WMTS HTTP GTI STACIT STACTA EEDA EEDAI PLMOSAIC DAAS OGCAPI DERIVED KMLSUPEROVERLAY "
    "Zarr netCDF HDF5 HDF5Image GRIB PDF Rasterlite MBTiles GPKG SQLite ESRIC RPFTOC ECRGTOC ADRG"
)

# Set once for the whole process, so they hold in every thread.
GDAL_OPTIONS: dict[str, str] = {
    # Else gdalrc in the home folder, read when drivers are registered, would say otherwise.
    "GDAL_CONFIG_FILE": os.devnull,
    "GDAL_SKIP": _NEVER.replace(" ", ","),
    # Side files are looked for by name: listing a folder of ten thousand files at each opening is slow.
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    # No file of a service is on the network; a side file that says so is not followed.
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none-is-allowed",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_PAM_ENABLED": "YES",
    "GDAL_NUM_THREADS": "1",
    "GDAL_TIFF_DEFLATE_SUBBLOCK": "NO",
    "GDAL_MAX_DATASET_POOL_SIZE": "100",
    "GDAL_TIFF_INTERNAL_MASK": "YES",
    # A mask of 0 and 1 is a mask of 0 and 255 (many writers leave it so).
    "GDAL_TIFF_INTERNAL_MASK_TO_8BIT": "YES",
    "GTIFF_IMPLICIT_JPEG_OVR": "NO",
    "JPEG_FORCE_INTERNAL_OVERVIEWS": "NO",
    "OGR_XLSX_HEADERS": "AUTO",
    "CPL_DEBUG": "OFF",
    "CPL_LOG": os.devnull,
}

_DEFAULT_CACHE_MB = 32
_DEFINITIONS = {b"<VRTDataset": "VRT", b"<GDALTileIndexDataset": "GTI", b"<GDAL_WMS": "WMS"}


class _Process:
    """Whether this process is configured."""

    configured = False


def configure_gdal(cache_mb: int) -> None:
    """Set GDAL's options for this process.

    Call before the first dataset is opened; `open_raster` does it where nobody did, because without
    the options a side file can make GDAL reach the network.

    Parameters
    ----------
    cache_mb : int
        Size of GDAL's own block cache; small, because decoded blocks are kept by Swath.
    """
    _Process.configured = True
    logging.getLogger("rasterio._env").addFilter(_is_news)
    # Where this is set, even to its default, each opening of a TIFF makes out its CRS.
    os.environ.pop("GTIFF_POINT_GEO_IGNORE", None)
    # In GDAL itself, not in the environment: programs that are started from here keep their own.
    # The cache size goes straight to GDAL, in bytes.
    for key, value in {**GDAL_OPTIONS, "GDAL_CACHEMAX": cache_mb << 20}.items():
        set_gdal_config(key, value)
    # Whether a raster is placed is read from its header and said in its status.
    warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)


def _is_news(record: logging.LogRecord) -> bool:
    """Drop GDAL's warnings that a driver to be skipped is not there: builds differ in what they have.

    Which it has is known only after it has registered them, when skipping is too late.
    """
    return "to unload from GDAL_SKIP" not in record.getMessage()


def one_environment() -> AbstractContextManager[Any]:
    """Return a context in which files are opened in one environment of the raster library.

    It makes one at each opening otherwise, which takes as long as reading a file's tags.
    """
    return env_ctx_if_needed()  # type: ignore[no-any-return]  # -- the library is not typed


def gdal_version() -> str:
    """Return the version of GDAL that reads."""
    return str(rasterio.__gdal_version__)


def is_cube(driver: str | None) -> bool:
    """Tell whether a driver names a variable of a netCDF file or Zarr store: "netCDF:NAME"."""
    return driver is not None and driver.startswith(CUBES)


def open_raster(
    path: str,
    driver: str | None = None,
    overview: int | None = None,
    *,
    placed: bool = True,
    known: SourceState | None = None,
) -> DatasetReader:
    """Open a raster with a driver of the list.

    Parameters
    ----------
    path : str
        An existing regular file, or an object behind a connection.
    driver : str, optional
        The driver that must open it; any of `DRIVERS` when not given.
    overview : int, optional
        GDAL overview to open as a dataset of its own, from 0.
    placed
        False = for its pixels alone: making out the CRS of a TIFF takes four times as long as the rest.
    known : SourceState, optional
        An object must be this one, at every answer of its storage; as it is now when not given.

    Returns
    -------
    rasterio.DatasetReader
        Belongs to the calling thread; close it.

    Raises
    ------
    SourceUnavailable, SourceCorrupt, UnknownProduct
    StorageError, DeadlineExceeded, Cancelled
        Of objects, also when they are read.
    """
    state = known if is_remote(path) and known is not None else check_source(path)
    if is_cube(driver):
        from engine.readers.cube_dataset import CubeDataset  # noqa: PLC0415 -- imports from here

        return cast("DatasetReader", CubeDataset(path, str(driver)))
    if not _Process.configured:
        configure_gdal(_DEFAULT_CACHE_MB)
    if driver is not None and driver not in DRIVERS:
        raise UnknownProduct(path, f"driver {driver!r} is not accepted; accepted: {_known()}")
    options: dict[str, Any] = {} if overview is None else {"OVERVIEW_LEVEL": overview}
    if not placed and driver == "GTiff":
        options["GEOREF_SOURCES"] = "NONE"
    if is_remote(path):
        from engine.readers.remote.remote_dataset import (  # noqa: PLC0415 -- few sources are remote
            open_remote,
        )

        return cast("DatasetReader", open_remote(path, driver, state, options))
    _refuse_definitions(path)
    try:
        # A Path is never taken apart as a URI, a str may be; `rasterio.open` takes no list of drivers.
        with env_ctx_if_needed():
            return DatasetReader(Path(path), driver=driver or list(DRIVERS), **options)
    except (RasterioError, ValueError, MemoryError) as err:
        raise _explain(path, str(err)) from err


def _known() -> str:
    return ", ".join(DRIVERS)


def _refuse_definitions(path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            head = file.read(4096)
    except OSError as err:
        raise SourceUnavailable(path, err.strerror or str(err)) from err
    for mark, name in _DEFINITIONS.items():
        if mark in head[:512]:
            why = f"a {name} definition, which points to other files, is not accepted; add those files, or it with --type table"
            raise UnknownProduct(path, why)
    if head.lstrip().startswith(b"<MRF_META"):
        _refuse_foreign_mrf(path)


def _refuse_foreign_mrf(path: str) -> None:
    """Refuse an MRF header whose pixels are elsewhere than beside it."""
    if Path(path).stat().st_size > 1_000_000:
        raise SourceCorrupt(path, "an MRF header of more than 1 MB")
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    if re.search(r"<\s*(CachedSource|Source)\b", text, re.IGNORECASE):
        raise UnknownProduct(
            path, "an MRF that caches another source is not accepted; add the source"
        )
    for name in re.findall(r"<\s*(?:DataFile|IndexFile)[^>]*>([^<]*)<", text, re.IGNORECASE):
        if "/" in name or "\\" in name or ":" in name or ".." in name:
            raise UnknownProduct(path, "an MRF whose data lie in another folder is not accepted")


def _explain(path: str, message: str) -> SourceError:
    """Return the error that says what is the matter with a file that did not open."""
    name = Path(path).name
    text = (
        message.replace(f"'{path}'", "the file").replace(f"{path}:", "").replace(path, "the file")
    )
    text = " ".join(text.replace(f"{name}:", "").split()).strip(" .")
    if "not recognized as being in a supported file format" in text:
        return UnknownProduct(path, "no accepted driver recognises the file")
    if "No such file" in text:
        return SourceUnavailable(path, text)
    if "the data file should be selected" in text:
        return UnknownProduct(path, "a side file of an ENVI raster; add the data file")
    return SourceCorrupt(path, f"cannot be opened: {text or 'unknown reason'}")
