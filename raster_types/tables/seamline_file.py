"""Import seamlines from a file of polygons: GeoPackage, shapefile, GeoJSON, geodatabase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from engine.build.definition_folder import read_facts
from engine.build.history import note_history
from engine.build.seamlines.carve import polygons_of
from engine.build.seamlines.kept import KeptSeamlines
from engine.build.seamlines.options import SeamlineReport
from engine.errors import ConfigError
from engine.geometry.projection import operation
from engine.geometry.shape_crs import shape_to_crs
from raster_types.tables.geopackage_table import GeoPackageTable
from raster_types.tables.json_table import MAX_JSON_BYTES, GeoJsonTable
from raster_types.tables.vector_table import VectorTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from config.definition import BlendSide
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers
    from raster_types.tables.records import RawRow, RawTable

_BY_ID = ("itemid", "objectid", "rasterid")
_BY_NAME = ("name", "item", "filename")
_MOST_NOTES = 100


def import_seamlines(
    folder: DefinitionFolder,
    path: Path,
    layer: str,
    blend: tuple[float, BlendSide],
    workers: Workers,
) -> SeamlineReport:
    """Take the polygons of a file as the seamlines of items, which they name by OBJECTID or Name.

    Those drawn or edited by hand before stay.

    Parameters
    ----------
    blend : (width, type)
        Where the file does not say.

    Raises
    ------
    ConfigError
        The definition is not built, or the file cannot be used.
    """
    with folder.table() as table:
        facts = read_facts(table)
        if facts is None:
            why = f"is not built; run: swath definition build {folder.path.name}"
            raise ConfigError(folder.path, "", why)
        source = _open(path, layer, workers)
        if not source.crs:
            raise ConfigError(path, "", "does not say which coordinate system its polygons are in")
        reader = _Reader(table, path, source, facts.crs)
        found = list(reader.rows(blend))
        if not found:
            raise ConfigError(path, "", "holds no polygon of an item of this definition")
        kept = KeptSeamlines.read(table)
        with table.batch():
            srs_id = table.set_crs(facts.crs)
            made = 0
            for blended in sorted({each[2] for each in found}):
                chosen = [(fid, shape) for fid, shape, own in found if own == blended]
                made += kept.write(chosen, blended, srs_id)[0]
            note_history(table, "seamlines", f"Imported {made} seamlines from {path.name}.")
    return SeamlineReport(made=made, edited=len(kept.drawn), notes=tuple(reader.notes))


def _open(path: Path, layer: str, workers: Workers) -> RawTable:
    suffix = path.suffix.lower()
    if suffix == ".gpkg":
        return GeoPackageTable(path, layer)
    if suffix in (".geojson", ".json"):
        return GeoJsonTable(path, _json_bytes(path))
    if suffix in (".shp", ".gdb"):
        return VectorTable(path, layer, workers)
    raise ConfigError(path, "", "expected a .gpkg, .shp, .geojson or .gdb with polygons")


def _json_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            why = f"is larger than {MAX_JSON_BYTES // 1_000_000} MB; write it as a GeoPackage"
            raise ConfigError(path, "", why)
        return path.read_bytes()
    except OSError as err:
        raise ConfigError(path, "", f"cannot be read: {err.strerror}") from err


class _Reader:
    def __init__(self, table: ServiceTable, path: Path, source: RawTable, crs: str) -> None:
        self._source, self._path = source, path
        places = {name.casefold(): place for place, name in enumerate(source.columns)}
        self._id = next((places[name] for name in _BY_ID if name in places), None)
        self._name = next((places[name] for name in _BY_NAME if name in places), None)
        if self._id is None and self._name is None:
            known = ", ".join(source.columns) or "none"
            raise ConfigError(
                path, "", f"has no field ItemId, OBJECTID or Name; its fields: {known}"
            )
        self._width, self._side = places.get("blendwidth"), places.get("blendtype")
        rows = table.execute("SELECT OBJECTID, Name FROM footprints WHERE Category = 1")
        names = [(int(fid), str(name or "")) for fid, name in rows]
        self._ids = {fid for fid, _ in names}
        self._by_name = {name.casefold(): fid for fid, name in reversed(names)}
        self._pipeline = "" if source.crs == crs else operation(source.crs, crs).pipeline
        self.notes: list[str] = []

    def rows(self, blend: tuple[float, BlendSide]) -> Iterator[tuple[int, Any, tuple[float, str]]]:
        """Yield OBJECTID, area, and (width, type); several polygons of one item are joined."""
        shapes: dict[int, list[Any]] = {}
        blends: dict[int, tuple[float, str]] = {}
        for number, row in enumerate(self._source.rows(), 1):
            fid = self._item(row)
            if fid is None:
                self._note(f"row {number} names no item of this definition")
                continue
            shape = self._shape(row, number)
            if shape is not None:
                shapes.setdefault(fid, []).append(shape)
                blends.setdefault(fid, self._blend(row, blend))
        for fid, parts in sorted(shapes.items()):
            area = polygons_of(shapely.union_all(parts), 0.0)
            if area is not None:
                yield fid, area, blends[fid]

    def _item(self, row: RawRow) -> int | None:
        if self._id is not None:
            value = row.values[self._id]
            if isinstance(value, int | float) and int(value) in self._ids:
                return int(value)
        if self._name is not None:
            return self._by_name.get(str(row.values[self._name] or "").casefold())
        return None

    def _shape(self, row: RawRow, number: int) -> Any:
        wkb = row.shape
        try:
            shape = shapely.from_wkt(wkb) if isinstance(wkb, str) else shapely.from_wkb(wkb or None)
            if shape is None or shape.is_empty:
                self._note(f"row {number} has no polygon")
                return None
            shape = shapely.make_valid(shape)
            return shape_to_crs(shape, self._pipeline) if self._pipeline else shape
        except (shapely.errors.GEOSException, ValueError) as err:
            self._note(f"row {number}: its polygon cannot be read: {err}")
            return None

    def _blend(self, row: RawRow, blend: tuple[float, BlendSide]) -> tuple[float, str]:
        width, side = blend[0], blend[1].value
        stated = None if self._width is None else row.values[self._width]
        if isinstance(stated, int | float) and stated >= 0:
            width = float(stated)
        kind = "" if self._side is None else str(row.values[self._side] or "").strip().casefold()
        return width, kind if kind in ("both", "inside", "outside") else side

    def _note(self, text: str) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(text)
