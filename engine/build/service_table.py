"""The service table: the layers and rows of `catalog.gpkg`.

Rules: OBJECTIDs come from SQLite's AUTOINCREMENT and are never reused. What people see and edit is in
the layers footprints, boundary and seamlines; what build needs to know again is in the hidden tables
swath_sources and swath_build. Work is committed in batches, so an interrupted run is resumed.
"""

from __future__ import annotations

import math
import re
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.build import geopackage
from engine.build.catalog_schema import (
    COMPUTED_FIELDS,
    DESCRIPTIONS,
    LAYERS,
    SYSTEM_FIELDS,
    TABLES,
)
from engine.build.item_row import (
    BuiltState,
    DigestRow,
    InputRow,
    ItemRow,
    PrimaryRow,
    wkb_extent,
)
from engine.build.raster_record import (
    NewItem,
    PyramidFile,
    headers_to_text,
    raster_to_text,
)
from engine.build.row_decoder import BUILT_COLUMNS, RowDecoder
from engine.errors import ConfigError
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.build.raster_record import SourceDefinition
    from engine.extent import Extent
    from engine.readers.header import RasterHeader
    from engine.results import AttributeValue

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


class ServiceTable:
    """`catalog.gpkg`, open for reading and writing.

    Raises
    ------
    ConfigError
        From any method: the file is locked by another program or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = geopackage.open_sqlite(path)
        if not self._has_tables():
            self.close()
            raise ConfigError(path, "", "is no catalog of a definition (layer footprints missing)")

    @classmethod
    def create(cls, path: Path) -> ServiceTable:
        """Make an empty catalog; `path` must not exist."""
        db = geopackage.open_sqlite(path)
        try:
            geopackage.create_base(db)
            db.executescript(TABLES)
            for layer in LAYERS:
                geopackage.register_layer(db, layer, DESCRIPTIONS[layer])
            geopackage.register_attributes(db, "swath_info", "Facts of the service as built")
        finally:
            db.close()
        return cls(path)

    def _has_tables(self) -> bool:
        query = "SELECT count(*) FROM sqlite_master WHERE name IN ('footprints', 'swath_build')"
        return bool(self.execute(query).fetchone()[0] == 2)

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run a statement of our own (for modules of engine.build); "?" marks the values."""
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as err:
            raise ConfigError(self.path, "", f"cannot be read or written: {err}") from err

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> ServiceTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

    # Fields

    def fields(self) -> dict[str, str]:
        """Return the names of the layer's fields and their SQL types, in order."""
        rows = self.execute("PRAGMA table_info(footprints)")
        return {row[1]: str(row[2]).upper() for row in rows}

    def ensure_field(self, name: str, sql_type: str) -> str:
        """Add a field of the author's if it is new, and return its name as spelled in the table.

        Raises
        ------
        ConfigError
            The name cannot be a field's or belongs to Swath.
        """
        known = {field.casefold(): field for field in self.fields()}
        if name.casefold() in known:
            found = known[name.casefold()]
            if found in SYSTEM_FIELDS or found in COMPUTED_FIELDS:
                raise ConfigError(self.path, name, "this field is filled by build")
            return found
        if not _FIELD_NAME.fullmatch(name):
            why = "a field name is a letter, then letters, digits and _, at most 63 in all"
            raise ConfigError(self.path, name, why)
        self.execute(f'ALTER TABLE footprints ADD COLUMN "{name}" {sql_type}')
        return name

    # Facts of the service

    def info(self, key: str) -> str:
        """Return a stored fact, "" where there is none."""
        row = self.execute("SELECT value FROM swath_info WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def set_info(self, key: str, value: str) -> None:
        """Store a fact."""
        self.execute("INSERT OR REPLACE INTO swath_info VALUES (?, ?)", (key, value))

    def state(self, key: str) -> bytes:
        """Return what build keeps for itself, b"" where there is nothing."""
        row = self.execute("SELECT value FROM swath_state WHERE key = ?", (key,)).fetchone()
        return _bytes(row[0]) if row else b""

    def set_state(self, key: str, value: bytes) -> None:
        """Keep something for the next build."""
        self.execute("INSERT OR REPLACE INTO swath_state VALUES (?, ?)", (key, value))

    # Items

    def source_rows(self) -> Iterator[tuple[int, str, int, int]]:
        """Yield OBJECTID, path, size and time of change of every file."""
        query = "SELECT fid, path, size, mtime_ns FROM swath_sources ORDER BY fid, path"
        yield from self.execute(query)

    def digest_rows(self) -> Iterator[DigestRow]:
        """Yield what tells whether rows changed, in order of OBJECTID."""
        query = (
            "SELECT OBJECTID, coalesce(Category, 1), coalesce(StatusId, 1), Shape,"
            " coalesce(b.fingerprint, ''), coalesce(length(b.statistics), 0)"
            " FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID ORDER BY OBJECTID"
        )
        yield from (DigestRow(*record) for record in self.execute(query))

    def input_rows(self) -> Iterator[InputRow]:
        """Yield what goes into building each row, in order of OBJECTID."""
        query = (
            "SELECT OBJECTID, coalesce(Category, 1), coalesce(StatusId, 1), coalesce(Raster, ''),"
            " coalesce(Header, ''), coalesce(b.fingerprint, ''), coalesce(length(b.statistics), 0)"
            " FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID ORDER BY OBJECTID"
        )
        yield from (InputRow(*record) for record in self.execute(query))

    def primary_rows(self) -> Iterator[PrimaryRow]:
        """Yield the primaries that are ready, in order of OBJECTID."""
        left_out = ("LowPS", "HighPS", "MinPS", "MaxPS", *SYSTEM_FIELDS)
        names = [name for name in self.fields() if name not in left_out]
        own = "".join(f', f."{name}"' for name in names)
        query = (
            "SELECT OBJECTID, coalesce(LowPS, 0.0), coalesce(HighPS, 0.0), MinPS, MaxPS, Shape,"
            f" coalesce(b.fingerprint, ''){own}"
            " FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID"
            f" WHERE Category = {PRIMARY} AND StatusId = 0 ORDER BY OBJECTID"
        )
        for fid, low, high, least, most, shape, fingerprint, *values in self.execute(query):
            yield PrimaryRow(
                id=fid,
                low_ps=low,
                high_ps=high,
                range=(math.nan if least is None else least, math.nan if most is None else most),
                extent=geopackage.stated_extent(shape),
                wkb=geopackage.decode_geometry(shape),
                fingerprint=fingerprint,
                attributes=[
                    pair for pair in zip(names, values, strict=True) if pair[1] is not None
                ],
            )

    def known_sources(self) -> dict[str, tuple[int, int, int]]:
        """Return OBJECTID, size and time of change of all files known, by path.

        Files that could not be read have a size of -1, so that they are tried again.
        """
        query = (
            "SELECT path, s.fid, iif(Header = '', -1, size), mtime_ns FROM swath_sources s"
            " JOIN footprints ON OBJECTID = s.fid"
        )
        return {path: (fid, size, time) for path, fid, size, time in self.execute(query)}

    def insert(self, item: NewItem, category: int = PRIMARY) -> int:
        """Add an item and return its new OBJECTID."""
        cursor = self.execute(
            "INSERT INTO footprints(Name, Category) VALUES (?, ?)", (item.name, category)
        )
        fid = int(cursor.lastrowid or 0)
        self.replace(fid, item)
        return fid

    def replace(self, fid: int, item: NewItem) -> None:
        """Write an item's definition, headers, attributes and status; its footprint stays."""
        values: dict[str, AttributeValue] = {
            "Raster": raster_to_text(item.raster),
            "Header": headers_to_text(item.headers),
            "StatusId": int(item.status),
            "StatusMessage": item.message,
            **item.attributes,
        }
        self.update(fid, values)
        self._set_sources(fid, item.headers, item.raster.sources)

    def set_headers(
        self, fid: int, headers: tuple[RasterHeader, ...], sources: tuple[SourceDefinition, ...]
    ) -> None:
        """Write headers of an item's first sources that were read anew; others cannot be read."""
        self.update(fid, {"Header": headers_to_text(headers)})
        self._set_sources(fid, headers, sources)

    def _set_sources(
        self, fid: int, headers: tuple[RasterHeader, ...], sources: tuple[SourceDefinition, ...]
    ) -> None:
        self.execute("DELETE FROM swath_sources WHERE fid = ?", (fid,))
        states = {s.path: (h.size, h.mtime_ns) for s, h in zip(sources, headers, strict=False)}
        for source in sources:
            row = (source.path, fid, *(states.get(source.path) or _file_state(source.path)))
            self.execute("INSERT OR REPLACE INTO swath_sources VALUES (?, ?, ?, ?)", row)

    def update(self, fid: int, values: Mapping[str, AttributeValue]) -> None:
        """Set fields of one row."""
        names = ", ".join(f'"{name}" = ?' for name in values)
        self.execute(f"UPDATE footprints SET {names} WHERE OBJECTID = ?", (*values.values(), fid))

    def delete(self, fids: list[int]) -> None:
        """Remove items; their OBJECTIDs are not given again."""
        for fid in fids:
            self.execute("DELETE FROM footprints WHERE OBJECTID = ?", (fid,))
            self.execute("DELETE FROM swath_sources WHERE fid = ?", (fid,))
            self.execute("DELETE FROM swath_build WHERE fid = ?", (fid,))
            self.execute("DELETE FROM swath_state WHERE key = ?", (f"rasters:{fid}",))

    def set_range(self, fid: int, begin: float, end: float) -> None:
        """Set MinPS and MaxPS of a row (MaxPS 0 = no end)."""
        self.update(fid, {"MinPS": begin, "MaxPS": end})

    def count(self, where: str = "1") -> int:
        """Return how many rows fulfil a condition of our own (never a person's text)."""
        return int(self.execute(f"SELECT count(*) FROM footprints WHERE {where}").fetchone()[0])

    def row(self, fid: int) -> ItemRow | None:
        """Return one row."""
        return next(self.rows("OBJECTID = ?", (fid,)), None)

    def rows(
        self, where: str = "1", values: tuple[AttributeValue, ...] = (), above: int = -1
    ) -> Iterator[ItemRow]:
        """Yield rows in order of OBJECTID, read in pages so that they may be written meanwhile.

        Parameters
        ----------
        where
            A condition of our own with `values` for its marks, never a person's text.
        above
            Only OBJECTIDs above this one.
        """
        names = list(self.fields())
        decoder = RowDecoder(self.path, names)
        chosen = ", ".join([f'f."{name}"' for name in names] + [f"b.{n}" for n in BUILT_COLUMNS])
        query = (
            f"SELECT {chosen} FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID"
            f" WHERE ({where}) AND OBJECTID > ? ORDER BY OBJECTID LIMIT 500"
        )
        last = above
        while True:
            page = self.execute(query, (*values, last)).fetchall()
            if not page:
                return
            yield from map(decoder.decode, page)
            last = page[-1][names.index("OBJECTID")]

    def id_ranges(self, size: int) -> Iterator[tuple[int, int]]:
        """Yield first and last OBJECTID of `size` rows at a time, in order."""
        first, last = (
            f"SELECT OBJECTID FROM footprints WHERE OBJECTID > ? ORDER BY OBJECTID LIMIT 1 OFFSET {n}"
            for n in (0, size - 1)
        )
        above = -1
        while found := self.execute(first, (above,)).fetchone():
            ends = self.execute(last, (above,)).fetchone()
            if ends is None:
                ends = self.execute("SELECT max(OBJECTID) FROM footprints").fetchone()
            yield int(found[0]), int(ends[0])
            above = int(ends[0])

    # Footprints and what build knows

    def set_crs(self, crs: str) -> int:
        """State the CRS of all layers and return its srs_id; shapes are the caller's to rewrite."""
        srs_id = geopackage.ensure_srs(self._db, crs)
        for layer in LAYERS:
            geopackage.set_layer_srs(self._db, layer, srs_id)
        return srs_id

    def set_shape(self, fid: int, wkb: bytes, srs_id: int) -> None:
        """Write a footprint; b"" = none."""
        blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb)) if wkb else None
        self.execute("UPDATE footprints SET Shape = ? WHERE OBJECTID = ?", (blob, fid))

    def set_pyramid(self, fid: int, pyramid: PyramidFile, high_ps: float) -> None:
        """Keep the file that holds an item's further levels, and the pixel size they reach."""
        text = msgspec.json.encode(pyramid).decode()
        self.execute("UPDATE swath_build SET pyramid = ? WHERE fid = ?", (text, fid))
        self.update(fid, {"HighPS": high_ps})

    def set_built(self, fid: int, built: BuiltState) -> None:
        """Keep what build made of an item."""
        pyramid = msgspec.json.encode(built.pyramid).decode() if built.pyramid else None
        self.execute(
            "INSERT OR REPLACE INTO swath_build VALUES (?, ?, ?, ?, ?, ?)",
            (fid, built.fingerprint, built.shape_hash, built.rings, built.statistics, pyramid),
        )

    def set_layer(self, layer: str, shapes: list[bytes], srs_id: int) -> None:
        """Replace all shapes of the layer `boundary`."""
        self.execute(f"DELETE FROM {layer}")
        for wkb in shapes:
            blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb))
            self.execute(f"INSERT INTO {layer}(Shape) VALUES (?)", (blob,))

    def layer_shapes(self, layer: str) -> list[bytes]:
        """Return the shapes of a layer as WKB."""
        rows = self.execute(f"SELECT Shape FROM {layer} ORDER BY fid")
        return [geopackage.decode_geometry(row[0]) for row in rows]

    def set_extents(self, extent: Extent | None) -> None:
        """Write the box of the layers into the GeoPackage's contents."""
        for layer in ("footprints", "boundary"):
            geopackage.set_layer_extent(self._db, layer, extent)


def _file_state(path: str) -> tuple[int, int]:
    try:
        status = Path(path).stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
