"""Read shapefiles and file geodatabases in portions; runs in a worker.

Rules: the only place that opens files with pyogrio. A path is looked at first (it must be what its name
says), and all other drivers are left out of the library before it is loaded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import SourceCorrupt, SourceUnavailable, UnknownProduct
from raster_types.tables.records import RawRow
from raster_types.tables.values import plain_value

if TYPE_CHECKING:
    from types import ModuleType

    from raster_types.adding.author_fields import FieldKind

_SHAPEFILE = b"\x00\x00\x27\x0a"
_SKIPPED = (
    "PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,CSV,GML,GPX,LIBKML,"
    "KML,GeoJSON,GeoJSONSeq,ESRIJSON,TopoJSON,OGR_GMT,GPKG,SQLite,WAsP,DXF,FlatGeobuf,GeoRSS,VFK,PGDUMP,"
    "OSM,GPSBabel,OGR_PDS,WFS,OAPIF,EDIGEO,Idrisi,ODS,XLSX,Elasticsearch,Carto,AmigoCloud,SXF,Selafin,JML,"
    "PLSCENES,CSW,VDV,MVT,NGW,MapML,GTFS,PMTiles,JSONFG,MiraMonVector,ADBC,AVCBin,AVCE00,AIVector,HTTP,"
    "NAS,PostgreSQL,MySQL,ODBC,MSSQLSpatial,PGeo,Parquet,Arrow,UK .NTF,SDTS,TIGER,REC,CAD,MongoDBv3"
)


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A layer: names and types of its columns, CRS as WKT or AUTHORITY:CODE, rows."""

    name: str
    columns: dict[str, FieldKind]
    crs: str
    count: int
    has_shape: bool


@dataclass(frozen=True, slots=True)
class VectorJob:
    """What to read of a file: its layers, or rows of one."""

    path: str
    layer: str = ""
    first: int = 0
    count: int = 0
    columns: tuple[tuple[str, FieldKind], ...] = ()


def is_vector_file(path: Path) -> bool:
    """Tell whether a path is a shapefile or a file geodatabase by what is there."""
    suffix = path.suffix.lower()
    if suffix == ".gdb":
        return (path / "a00000001.gdbtable").is_file()
    return suffix == ".shp" and path.is_file()


def read_layers(job: VectorJob) -> list[LayerInfo]:
    """Describe the layers of a file.

    Raises
    ------
    SourceError
        It cannot be read.
    """
    pyogrio = _library(job.path)
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(job.path)]
        return [_layer(pyogrio, job.path, name) for name in names]
    except pyogrio.errors.DataSourceError as err:
        raise SourceCorrupt(job.path, f"cannot be opened: {err}") from err


def read_rows(job: VectorJob) -> list[RawRow]:
    """Return some rows of a layer.

    Raises
    ------
    SourceError
        It cannot be read.
    """
    pyogrio = _library(job.path)
    names = [name for name, _ in job.columns]
    try:
        meta, fids, shapes, fields = pyogrio.raw.read(
            job.path,
            layer=job.layer,
            columns=names,
            force_2d=True,
            skip_features=job.first,
            max_features=job.count,
            datetime_as_string=True,
            return_fids=True,
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as err:
        raise SourceCorrupt(job.path, f"its rows cannot be read: {err}") from err
    order = [list(meta["fields"]).index(name) for name in names]
    kinds = [kind for _, kind in job.columns]
    columns = [fields[place].tolist() for place in order]
    numbers = fids.tolist()
    count = len(numbers)
    found = shapes.tolist() if shapes is not None else [b""] * count
    pairs = list(zip(columns, kinds, strict=True))
    return [
        RawRow([plain_value(c[n], kind) for c, kind in pairs], found[n] or b"", numbers[n])
        for n in range(count)
    ]


def _layer(pyogrio: ModuleType, path: str, name: str) -> LayerInfo:
    info: dict[str, Any] = pyogrio.read_info(path, layer=name, force_feature_count=True)
    columns: dict[str, FieldKind] = {}
    for column, dtype, kind in zip(info["fields"], info["dtypes"], info["ogr_types"], strict=True):
        found = _kind(str(dtype), str(kind))
        if found is not None:
            columns[str(column)] = found
    has_shape = bool(info.get("geometry_type"))
    return LayerInfo(
        name, columns, str(info.get("crs") or ""), max(0, int(info["features"])), has_shape
    )


def _kind(dtype: str, ogr_type: str) -> FieldKind | None:
    if ogr_type == "OFTBinary":
        return None
    if dtype.startswith("datetime"):
        return "DATETIME"
    found: dict[str, Literal["INTEGER", "DOUBLE"]] = {
        "i": "INTEGER",
        "u": "INTEGER",
        "b": "INTEGER",
        "f": "DOUBLE",
    }
    return found.get(dtype[:1], "TEXT")


def _library(path: str) -> ModuleType:
    """Return pyogrio, after a look at the file that it is to open."""
    place = Path(path)
    if not place.is_absolute() or not place.exists():
        raise SourceUnavailable(path, "no such file")
    if not is_vector_file(place):
        raise UnknownProduct(path, "neither a shapefile nor a file geodatabase")
    if place.is_file():
        with place.open("rb") as file:
            if file.read(4) != _SHAPEFILE:
                raise UnknownProduct(path, "its name says shapefile, its content does not")
    before = os.environ.get("OGR_SKIP")
    os.environ["OGR_SKIP"] = _SKIPPED
    try:
        # Drivers are registered when it is loaded: those left out then can open nothing.
        import pyogrio  # noqa: PLC0415 -- as said above
        import pyogrio.errors  # noqa: PLC0415 -- as said above
        import pyogrio.raw  # noqa: PLC0415 -- as said above
    finally:
        if before is None:
            del os.environ["OGR_SKIP"]
        else:
            os.environ["OGR_SKIP"] = before
    library: ModuleType = pyogrio
    return library
