"""Open what lists rasters, by what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from raster_types.tables.csv_table import CsvTable
from raster_types.tables.geopackage_table import GeoPackageTable
from raster_types.tables.gti_document import read_gti
from raster_types.tables.json_table import MAX_JSON_BYTES, GeoJsonTable
from raster_types.tables.mosaic_json import MosaicJson, is_mosaic_json
from raster_types.tables.mrf_proxy import MrfProxy
from raster_types.tables.path_table import PathTable
from raster_types.tables.vector_table import VectorTable
from raster_types.tables.vrt_table import VrtTable

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.workers import Workers
    from raster_types.tables.records import RasterTable

SUFFIXES = (".csv", ".gpkg", ".gti", ".shp", ".geojson", ".json", ".vrt", ".mrf", ".gdb")
_HEAD = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """What an author says of a table.

    Attributes
    ----------
    path_field : str
        The column of paths; "" = guessed.
    layer : str
        "" = the only one there is.
    crs : str
        Canonical key of the geometries' CRS, where the file does not say it.
    """

    path_field: str = ""
    layer: str = ""
    crs: str = ""


def is_table(path: Path) -> bool:
    """Tell by its name whether something may be a table of rasters."""
    suffix = path.suffix.lower()
    return suffix in SUFFIXES and path.is_dir() == (suffix == ".gdb")


def open_table(path: Path, options: TableOptions, workers: Workers) -> RasterTable:
    """Open a table of rasters; of a GTI document, what `index_of` returns.

    Parameters
    ----------
    workers
        Where drivers of the vector library read files.

    Raises
    ------
    ConfigError
        It cannot be read, or it is not known what it is.
    """
    suffix = path.suffix.lower()
    if not is_table(path) or suffix == ".gti":
        known = ", ".join(SUFFIXES)
        raise ConfigError(path, "", f"is no table of rasters that is known; known endings: {known}")
    if suffix == ".vrt":
        return VrtTable(path)
    if suffix == ".mrf":
        return MrfProxy(path)
    if suffix in (".json", ".geojson"):
        return _json_table(path, options)
    if suffix == ".csv":
        return PathTable(path, CsvTable(path), options.path_field, options.crs)
    if suffix == ".gpkg":
        table = GeoPackageTable(path, options.layer)
        return PathTable(path, table, options.path_field, options.crs)
    return PathTable(
        path, VectorTable(path, options.layer, workers), options.path_field, options.crs
    )


def _json_table(path: Path, options: TableOptions) -> RasterTable:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            why = f"is larger than {MAX_JSON_BYTES // 1_000_000} MB; write it as a GeoPackage"
            raise ConfigError(path, "", why)
        data = path.read_bytes()
    except OSError as err:
        raise ConfigError(path, "", f"cannot be read: {err.strerror}") from err
    if is_mosaic_json(data[:_HEAD]):
        return MosaicJson(path, data)
    return PathTable(path, GeoJsonTable(path, data), options.path_field, options.crs)


def index_of(path: Path, options: TableOptions) -> tuple[Path, TableOptions]:
    """Return the index that a GTI document names and how to read it; other files as they are.

    Raises
    ------
    ConfigError
        The document cannot be read or names no index.
    """
    if path.suffix.lower() != ".gti":
        return path, options
    document = read_gti(path)
    index = path.parent / document.index
    if index.suffix.lower() == ".gti" or not is_table(index):
        known = ", ".join(SUFFIXES)
        why = f"{document.index} is no index that is there; expected a file with one of {known}"
        raise ConfigError(path, "IndexDataset", why)
    stated = replace(
        options,
        layer=options.layer or document.layer,
        path_field=options.path_field or document.path_field,
    )
    return index, stated
