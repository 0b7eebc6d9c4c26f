"""GeoPackages of rasters, tile indexes of GDAL (GTI) among them; read as SQLite, without any driver."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from engine.build.geopackage import decode_geometry
from engine.errors import ConfigError, InvalidParameter
from engine.geometry.projection import canonical_crs, crs_of_wkt
from raster_types.tables.records import RawRow
from raster_types.tables.values import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from raster_types.adding.author_fields import FieldKind

_MAX_VALUE_BYTES = 64 << 20
_MAX_METADATA = 1_000_000
_INTEGERS = ("INT", "BOOL")
_DOUBLES = ("REAL", "DOUB", "FLOA", "NUMERIC")


class GeoPackageTable:
    """A layer of a GeoPackage.

    Parameters
    ----------
    layer : str
        "" = the only one there is.

    Raises
    ------
    ConfigError
        It is none, or has no such layer.
    """

    def __init__(self, path: Path, layer: str = "") -> None:
        self._path = path
        with self._open() as db:
            self._layer = self._chosen(db, layer)
            self._shape, self.crs = self._geometry(db)
            self.columns: dict[str, FieldKind] = self._columns(db)
            self.count = int(
                db.execute(f"SELECT count(*) FROM {_quoted(self._layer)}").fetchone()[0]
            )
            self.path_column = self._stated_column(db)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
            ) as db:
                # Nothing that a view or a column of a stranger's file says is carried out.
                db.execute("PRAGMA trusted_schema=OFF")
                db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
                db.text_factory = _text
                yield db
        except sqlite3.Error as err:
            raise ConfigError(self._path, "", f"cannot be read as a GeoPackage: {err}") from err

    def _chosen(self, db: sqlite3.Connection, layer: str) -> str:
        query = (
            "SELECT table_name FROM gpkg_contents c JOIN sqlite_master m ON m.name = table_name"
            " WHERE data_type IN ('features', 'attributes', 'aspatial') AND m.type = 'table'"
            " AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY data_type = 'features' DESC, table_name"
        )
        names = [str(row[0]) for row in db.execute(query)]
        if layer and layer not in names:
            known = ", ".join(names) or "none"
            raise ConfigError(
                "--layer", layer, f"{self._path.name} has no such layer; it has: {known}"
            )
        if not names:
            raise ConfigError(self._path, "", "holds no layer of features or attributes")
        if len(names) > 1 and not layer:
            raise ConfigError(
                self._path, "", f"has several layers; name one with --layer: {', '.join(names)}"
            )
        return layer or names[0]

    def _geometry(self, db: sqlite3.Connection) -> tuple[str, str]:
        query = "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?"
        row = db.execute(query, (self._layer,)).fetchone()
        if row is None:
            return "", ""
        query = (
            "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys"
            " WHERE srs_id = ?"
        )
        srs = db.execute(query, (row[1],)).fetchone()
        return str(row[0]), _crs_of(*srs) if srs else ""

    def _columns(self, db: sqlite3.Connection) -> dict[str, FieldKind]:
        found: dict[str, FieldKind] = {}
        for _, name, declared, _, _, key in db.execute(
            f"PRAGMA table_info({_quoted(self._layer)})"
        ):
            kind = kind_of_sql(str(declared))
            if kind is not None and name != self._shape and not key:
                found[str(name)] = kind
        return found

    def _stated_column(self, db: sqlite3.Connection) -> str:
        """Return the column that the metadata of a GDAL tile index name."""
        try:
            texts = [str(row[0]) for row in db.execute("SELECT metadata FROM gpkg_metadata")]
        except sqlite3.Error:
            # A GeoPackage need not have metadata.
            return ""
        for text in texts:
            found = _location_field(text) if len(text) <= _MAX_METADATA else ""
            if found in self.columns:
                return found
        return ""

    def rows(self) -> Iterator[RawRow]:
        """See `RawTable.rows`."""
        names = [*([self._shape] if self._shape else []), *self.columns]
        kinds = list(self.columns.values())
        chosen = ", ".join(_quoted(name) for name in names)
        first = 1 if self._shape else 0
        with self._open() as db:
            for record in db.execute(f"SELECT {chosen} FROM {_quoted(self._layer)}"):
                pairs = zip(record[first:], kinds, strict=True)
                values = [plain_value(value, kind) for value, kind in pairs]
                yield RawRow(values, _shape_of(record[0]) if first else b"")


def _shape_of(blob: Any) -> bytes:
    try:
        return decode_geometry(blob) if isinstance(blob, bytes) else b""
    except ValueError:
        return b""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def kind_of_sql(declared: str) -> FieldKind | None:
    """Return the type of a field for a type of SQL, None for bytes and geometries."""
    word = declared.upper()
    if any(part in word for part in _INTEGERS):
        return "INTEGER"
    if any(part in word for part in _DOUBLES):
        return "DOUBLE"
    if word.startswith("DATE"):
        return "DATETIME"
    return "TEXT" if word.startswith(("TEXT", "VARCHAR", "CHAR")) or not word else None


def _crs_of(organization: str, code: int, definition: str) -> str:
    for text in (f"{organization}:{code}", definition):
        try:
            if str(organization).upper() in ("EPSG", "ESRI") or text is definition:
                return canonical_crs(text) if text is not definition else crs_of_wkt(text)
        except InvalidParameter:
            continue
    return ""


def _location_field(text: str) -> str:
    try:
        root = defusedxml.ElementTree.fromstring(text)
    except (defusedxml.ElementTree.ParseError, DefusedXmlException):
        return ""
    entries = (each for each in root.iter("MDI") if each.get("key") == "LOCATION_FIELD")
    return next((each.text or "" for each in entries), "")
