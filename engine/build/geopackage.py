"""GeoPackage 1.3 with plain SQLite: the tables that QGIS and GDAL look for, and geometry blobs.

References
----------
OGC 12-128r17, clauses 1.1 (base), 2.1 (features); geometry blob: clause 2.1.3.
"""

from __future__ import annotations

import sqlite3
import struct
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from engine.extent import Extent
from engine.geometry.projection import describe_crs

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x47504B47
USER_VERSION = 10300
_FIRST_OWN_SRS = 100_000
_LITTLE_ENDIAN_XY_ENVELOPE = 0b0000_0011
_EMPTY_FLAG = 0b0001_0000
_ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_BUSY_S = 30.0

_BASE = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', ''),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', '');
"""


class GeometryBlob(bytes):
    """The blob of a geometry, known as such where a database keeps geometries in another form."""

    __slots__ = ()


def open_sqlite(path: Path) -> sqlite3.Connection:
    """Open a database for reading and writing, in autocommit mode.

    Raises
    ------
    ConfigError
        It is no database, or another program keeps it locked.
    """
    try:
        db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        db.execute("PRAGMA cache_size=-65536")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as err:
        raise ConfigError(path, "", f"cannot be opened: {err}") from err
    return db


def create_base(db: sqlite3.Connection) -> None:
    """Write the tables every GeoPackage has, with longitude and latitude as first CRS."""
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={USER_VERSION}")
    db.executescript(_BASE)
    ensure_srs(db, "EPSG:4326")


def register_layer(db: sqlite3.Connection, table: str, description: str) -> None:
    """Make a table with a column `Shape` known as a layer of multipolygons, CRS still undefined."""
    db.execute(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, description, srs_id)"
        " VALUES (?, 'features', ?, ?, -1)",
        (table, table, description),
    )
    db.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'Shape', 'MULTIPOLYGON', -1, 0, 0)", (table,)
    )


def register_attributes(db: sqlite3.Connection, table: str, description: str) -> None:
    """Make a table without geometry known; tables that are not made known stay hidden."""
    db.execute(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, description)"
        " VALUES (?, 'attributes', ?, ?)",
        (table, table, description),
    )


def ensure_srs(db: sqlite3.Connection, crs: str) -> int:
    """Return the srs_id of a CRS key, adding it if it is new; "" gives -1 (undefined)."""
    if not crs:
        return -1
    authority, _, code = crs.partition(":")
    known = code.isdigit() and authority in ("EPSG", "ESRI")
    info = describe_crs(crs)
    row = db.execute(
        "SELECT srs_id FROM gpkg_spatial_ref_sys WHERE description = ?", (crs,)
    ).fetchone()
    if row:
        return int(row[0])
    if known:
        srs_id = int(code)
        authority_code = (authority, srs_id)
    else:
        (top,) = db.execute("SELECT max(srs_id) FROM gpkg_spatial_ref_sys").fetchone()
        srs_id = max(_FIRST_OWN_SRS, top + 1)
        authority_code = ("NONE", srs_id)
    db.execute(
        "INSERT OR REPLACE INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)",
        (info.name, srs_id, *authority_code, info.wkt, crs),
    )
    return srs_id


def set_layer_srs(db: sqlite3.Connection, table: str, srs_id: int) -> None:
    """State the CRS of a layer; its blobs must be written anew by the caller."""
    db.execute("UPDATE gpkg_contents SET srs_id = ? WHERE table_name = ?", (srs_id, table))
    db.execute("UPDATE gpkg_geometry_columns SET srs_id = ? WHERE table_name = ?", (srs_id, table))


def set_layer_extent(db: sqlite3.Connection, table: str, extent: Extent | None) -> None:
    """Write a layer's box and the time of its change."""
    box = (None,) * 4 if extent is None else (extent.xmin, extent.ymin, extent.xmax, extent.ymax)
    db.execute(
        "UPDATE gpkg_contents SET min_x=?, min_y=?, max_x=?, max_y=?,"
        " last_change=strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name=?",
        (*box, table),
    )


def encode_geometry(wkb: bytes, srs_id: int, extent: Extent | None) -> GeometryBlob:
    """Return the blob of a geometry; `extent` None = an empty geometry."""
    if extent is None:
        head = struct.pack("<2sBBi", b"GP", 0, 1 | _EMPTY_FLAG, srs_id)
        return GeometryBlob(head + wkb)
    box = (extent.xmin, extent.xmax, extent.ymin, extent.ymax)
    head = struct.pack("<2sBBi4d", b"GP", 0, _LITTLE_ENDIAN_XY_ENVELOPE, srs_id, *box)
    return GeometryBlob(head + wkb)


def decode_geometry(blob: bytes | None) -> bytes:
    """Return the WKB of a blob; b"" for null and empty geometries.

    Raises
    ------
    ValueError
        It is no GeoPackage geometry.
    """
    if not blob:
        return b""
    if len(blob) < 8 or blob[:2] != b"GP":
        raise ValueError("no GeoPackage geometry")
    flags = blob[3]
    size = _ENVELOPE_BYTES.get((flags >> 1) & 7)
    if size is None:
        raise ValueError("a GeoPackage geometry with an unknown envelope")
    return b"" if flags & _EMPTY_FLAG else blob[8 + size :]


def stated_extent(blob: bytes | None) -> Extent | None:
    """Return the box that a blob states beside its geometry, None where it does not."""
    if not blob or len(blob) < 40 or blob[3] & _EMPTY_FLAG or not (blob[3] >> 1) & 7:
        return None
    xmin, xmax, ymin, ymax = struct.unpack_from("<4d" if blob[3] & 1 else ">4d", blob, 8)
    box = Extent(xmin, ymin, xmax, ymax)
    return box if xmin <= xmax and ymin <= ymax else None
