"""Shapefiles and file geodatabases of rasters, mosaic datasets' own tables among them.

A mosaic dataset keeps where its rasters lie in a column that only ArcGIS reads. Its tool *Export Mosaic
Dataset Paths* writes them to a table (SourceOID, Path); where that stands in the same geodatabase, it is
joined to the catalogue by OBJECTID.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from engine.errors import ConfigError, InvalidParameter, SourceError
from engine.geometry.projection import canonical_crs, crs_of_wkt
from raster_types.tables.records import RawRow
from raster_types.tables.vector_file import VectorJob, read_layers, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.build.workers import Workers
    from engine.results import AttributeValue
    from raster_types.adding.author_fields import FieldKind
    from raster_types.tables.vector_file import LayerInfo

_PORTION = 5000
_PATHS = {"sourceoid", "path"}
_NEVER_READ = "swath definition add NAME.isdef PATHS.csv --type table"


class VectorTable:
    """A layer of a shapefile or file geodatabase.

    Parameters
    ----------
    layer : str
        "" = the catalogue of the mosaic dataset, else the only layer.

    Raises
    ------
    ConfigError
        It has no such layer or cannot be read.
    """

    def __init__(self, path: Path, layer: str, workers: Workers) -> None:
        self._path, self._workers = path.absolute(), workers
        layers = self._layers()
        self._layer = _chosen(path, layer, layers)
        self.columns: dict[str, FieldKind] = dict(self._layer.columns)
        self.count = self._layer.count
        self.crs = _crs_key(self._layer.crs) if self._layer.has_shape else ""
        self._is_catalogue = is_catalogue(self._layer.name)
        self._paths = self._exported_paths(layers) if self._is_catalogue else None
        self.path_column = ""
        if self._is_catalogue:
            # The key of the join; the library counts it apart from the columns.
            self.columns = {"SourceOID": "INTEGER", **self.columns, "Path": "TEXT"}
            self.path_column = "Path"

    def _layers(self) -> list[LayerInfo]:
        job = VectorJob(str(self._path))
        for _, result in self._workers.map(read_layers, [job]):
            if isinstance(result, SourceError):
                raise ConfigError(self._path, "", str(result.fields[1]))
            return result
        raise ConfigError(self._path, "", "holds no layer")

    def _exported_paths(self, layers: list[LayerInfo]) -> dict[int, str]:
        found = [one for one in layers if {name.casefold() for name in one.columns} >= _PATHS]
        if len(found) != 1:
            many = "several tables have" if found else "no table has"
            why = (
                f"{self._layer.name} is the catalogue of a mosaic dataset, whose paths only ArcGIS reads, "
                f"and {many} the columns SourceOID and Path; run Export Mosaic Dataset Paths into the same "
                f"geodatabase (or to a CSV file, and: {_NEVER_READ})"
            )
            raise ConfigError(self._path, "", why)
        names = {name.casefold(): name for name in found[0].columns}
        columns: tuple[tuple[str, FieldKind], ...]
        columns = ((names["sourceoid"], "INTEGER"), (names["path"], "TEXT"))
        paths: dict[int, str] = {}
        for oid, link in (row.values for row in self._read(found[0], columns)):
            if isinstance(oid, int) and isinstance(link, str):
                # An item of several files is named by its first.
                paths.setdefault(oid, link)
        return paths

    def _read(
        self, layer: LayerInfo, columns: tuple[tuple[str, FieldKind], ...]
    ) -> Iterator[RawRow]:
        jobs = (
            VectorJob(str(self._path), layer.name, first, _PORTION, columns)
            for first in range(0, layer.count, _PORTION)
        )
        for _, result in self._workers.map(read_rows, jobs):
            if isinstance(result, SourceError):
                raise ConfigError(self._path, "", str(result.fields[1]))
            yield from result

    def rows(self) -> Iterator[RawRow]:
        """See `RawTable.rows`."""
        own = tuple(self._layer.columns.items())
        for number, row in enumerate(self._read(self._layer, own), 1):
            if self._paths is None:
                yield row
                continue
            oid = row.fid or number
            link: AttributeValue = self._paths.get(oid)
            yield RawRow([*chain((oid,), row.values, (link,))], row.shape)


def is_catalogue(layer: str) -> bool:
    """Tell whether a layer is the catalogue of a mosaic dataset."""
    return layer.upper().startswith("AMD_") and layer.upper().endswith("_CAT")


def _chosen(path: Path, layer: str, layers: list[LayerInfo]) -> LayerInfo:
    known = ", ".join(each.name for each in layers) or "none"
    if layer:
        found = [each for each in layers if each.name.casefold() == layer.casefold()]
        if not found:
            raise ConfigError("--layer", layer, f"{path.name} has no such layer; it has: {known}")
        return found[0]
    catalogues = [each for each in layers if is_catalogue(each.name)]
    candidates = catalogues or layers
    if len(candidates) != 1:
        raise ConfigError(path, "", f"has several layers; name one with --layer: {known}")
    return candidates[0]


def _crs_key(text: str) -> str:
    try:
        return canonical_crs(text) if len(text) < 40 else crs_of_wkt(text)
    except InvalidParameter:
        return ""
