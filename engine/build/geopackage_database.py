"""A catalog kept in a GeoPackage: `catalog.gpkg` of a definition's folder.

OBJECTIDs come from SQLite's AUTOINCREMENT and are never reused.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.build import geopackage
from engine.build.catalog_schema import DESCRIPTIONS, LAYERS, TABLES
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from engine.extent import Extent


class GeoPackageDatabase:
    """See `engine.build.catalog_database.CatalogDatabase`.

    Parameters
    ----------
    path : Path
        The file; must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = geopackage.open_sqlite(path)

    @classmethod
    def create(cls, path: Path) -> GeoPackageDatabase:
        """Make an empty catalog; `path` must not exist."""
        db = geopackage.open_sqlite(path)
        # One wait for the disk, at the end, instead of one a statement.
        db.execute("PRAGMA synchronous=OFF")
        try:
            geopackage.create_base(db)
            db.executescript(TABLES)
            for layer in LAYERS:
                geopackage.register_layer(db, layer, DESCRIPTIONS[layer])
            geopackage.register_attributes(db, "swath_info", "Facts of the service as built")
        finally:
            db.close()
        with path.open("rb") as file:
            os.fsync(file.fileno())
        return cls(path)

    @property
    def name(self) -> str:
        """The file."""
        return str(self._path)

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run a statement."""
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as err:
            raise self._error(err) from err

    def execute_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run a statement for each row of values."""
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as err:
            raise self._error(err) from err

    def _error(self, err: sqlite3.Error) -> ConfigError:
        return ConfigError(self._path, "", f"cannot be read or written: {err}")

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Commit what is done inside together, or nothing of it."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table and their types."""
        rows = self.execute(f"PRAGMA table_info({table})")
        return {row[1]: str(row[2]).upper() for row in rows}

    def tables(self) -> list[str]:
        """Return the layers and all tables of ours."""
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'swath_*'"
        return [*LAYERS, *sorted(row[0] for row in self.execute(query))]

    def primary_key(self, table: str) -> list[str]:
        """Return the columns of a table's primary key."""
        rows = self.execute(f"PRAGMA table_info({table})")
        return [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]]

    def has_tables(self) -> bool:
        """Tell whether this is the catalog of a definition."""
        query = "SELECT count(*) FROM sqlite_master WHERE name IN ('footprints', 'swath_build')"
        return bool(self.execute(query).fetchone()[0] == 2)

    def last_id(self, layer: str) -> int:
        """Return the highest number that a row of a layer ever had."""
        row = self.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (layer,)).fetchone()
        return int(row[0]) if row else 0

    def keep_ids_above(self, layer: str, last: int) -> None:
        """Give rows that are added to a layer numbers above `last`."""
        highest = max(last, self.last_id(layer))
        self.execute("DELETE FROM sqlite_sequence WHERE name = ?", (layer,))
        self.execute("INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)", (layer, highest))

    def set_crs(self, crs: str) -> int:
        """State the CRS of all layers and return its srs_id."""
        srs_id = geopackage.ensure_srs(self._db, crs)
        for layer in LAYERS:
            geopackage.set_layer_srs(self._db, layer, srs_id)
        return srs_id

    def set_extents(self, extent: Extent | None) -> None:
        """Write the box of the layers into the GeoPackage's contents."""
        for layer in ("footprints", "boundary"):
            geopackage.set_layer_extent(self._db, layer, extent)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
