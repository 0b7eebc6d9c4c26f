"""The service table: the layers and rows of a catalog, in whichever database it is kept.

Rules: OBJECTIDs are never reused. What people see and edit is in the layers footprints, boundary and
seamlines; what build needs to know again is in the hidden tables swath_sources and swath_build. Work
is committed in batches, so an interrupted run is resumed. The SQL is what all databases run (see
`engine.build.catalog_database`); rows are read in pages, so that they may be written meanwhile.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from engine.build import geopackage
from engine.build.catalog_database import pages
from engine.build.catalog_schema import COMPUTED_FIELDS, SYSTEM_FIELDS
from engine.build.geopackage_database import GeoPackageDatabase
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
    pyramids_to_text,
    raster_to_text,
)
from engine.build.row_decoder import BUILT_COLUMNS, RowDecoder
from engine.errors import ConfigError
from engine.item import PRIMARY
from engine.readers.source_state import GONE, state_of_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from engine.build.catalog_database import CatalogDatabase, Rows
    from engine.build.raster_record import SourceDefinition
    from engine.extent import Extent
    from engine.readers.header import RasterHeader
    from engine.results import AttributeValue

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_SET_INFO, _SET_STATE = (
    f"INSERT INTO {name}(key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    for name in ("swath_info", "swath_state")
)
_ADD_SOURCE = "INSERT INTO swath_sources(path, fid, size, mtime_ns) VALUES (?, ?, ?, ?)"
_FORGET_SOURCES = "DELETE FROM swath_sources WHERE fid = ?"
_SET_BUILT = (
    f"INSERT INTO swath_build(fid, {', '.join(BUILT_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (fid) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in BUILT_COLUMNS)
)


class ServiceTable:
    """A catalog, open for reading and writing.

    Parameters
    ----------
    database : CatalogDatabase
        Belongs to the table from now on.

    Raises
    ------
    ConfigError
        From any method: the catalog is locked by another program or damaged.
    """

    def __init__(self, database: CatalogDatabase) -> None:
        self._db = database
        try:
            known = database.has_tables()
        except ConfigError:
            database.close()
            raise
        if not known:
            database.close()
            why = "is no catalog of a definition (layer footprints missing)"
            raise ConfigError(database.name, "", why)

    @classmethod
    def open(cls, path: Path) -> ServiceTable:
        """Open the catalog in a GeoPackage."""
        return cls(GeoPackageDatabase(path))

    @classmethod
    def create(cls, path: Path) -> ServiceTable:
        """Make an empty catalog in a GeoPackage; `path` must not exist."""
        return cls(GeoPackageDatabase.create(path))

    @property
    def name(self) -> str:
        """What messages call the catalog."""
        return self._db.name

    @property
    def database(self) -> CatalogDatabase:
        """Where it is kept."""
        return self._db

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> Rows:
        """Run a statement of our own (for modules of engine.build); "?" marks the values."""
        return self._db.execute(sql, values)

    def close(self) -> None:
        """Close the catalog."""
        self._db.close()

    def __enter__(self) -> ServiceTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def batch(self) -> AbstractContextManager[None]:
        """Commit what is done inside together, or nothing of it."""
        return self._db.batch()

    # Fields

    def fields(self) -> dict[str, str]:
        """Return the names of the layer's fields and their SQL types, in order."""
        return self._db.columns("footprints")

    def ensure_field(self, name: str, sql_type: str) -> str:
        """Add a field of the author's if it is new, and return its name as spelled in the table.

        Raises
        ------
        ConfigError
            The name cannot be a field's or belongs to Swath.
        """
        found = {field.casefold(): field for field in self.fields()}.get(name.casefold(), "")
        if found:
            if found in SYSTEM_FIELDS or found in COMPUTED_FIELDS:
                raise ConfigError(self.name, name, "this field is filled by build")
            return found
        if not _FIELD_NAME.fullmatch(name):
            why = "a field name is a letter, then letters, digits and _, at most 63 in all"
            raise ConfigError(self.name, name, why)
        self.execute(f'ALTER TABLE footprints ADD COLUMN "{name}" {sql_type}')
        return name

    # Facts of the service

    def info(self, key: str) -> str:
        """Return a stored fact, "" where there is none."""
        row = self.execute("SELECT value FROM swath_info WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def set_info(self, key: str, value: str) -> None:
        """Store a fact."""
        self.execute(_SET_INFO, (key, value))

    def state(self, key: str) -> bytes:
        """Return what build keeps for itself, b"" where there is nothing."""
        row = self.execute("SELECT value FROM swath_state WHERE key = ?", (key,)).fetchone()
        return _bytes(row[0]) if row else b""

    def set_state(self, key: str, value: bytes) -> None:
        """Keep something for the next build."""
        self.execute(_SET_STATE, (key, value))

    # Items

    def source_rows(self) -> Iterator[tuple[int, str, int, int]]:
        """Yield OBJECTID, path, size and time of change of every file."""
        query = (
            "SELECT fid, path, size, mtime_ns FROM swath_sources WHERE (fid, path) > (?, ?)"
            " ORDER BY fid, path"
        )
        yield from pages(self._db, query, (-1, ""), (0, 1))

    def digest_rows(self) -> Iterator[DigestRow]:
        """Yield what tells whether rows changed, in order of OBJECTID."""
        query = (
            "SELECT OBJECTID, coalesce(Category, 1), coalesce(StatusId, 1), Shape,"
            " coalesce(b.fingerprint, ''), coalesce(length(b.statistics), 0)"
            " FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID"
            " WHERE OBJECTID > ? ORDER BY OBJECTID"
        )
        for fid, category, status, shape, *built in pages(self._db, query, (-1,), (0,)):
            yield DigestRow(fid, category, status, geopackage.decode_geometry(shape), *built)

    def input_rows(self) -> Iterator[InputRow]:
        """Yield what goes into building each row, in order of OBJECTID."""
        query = (
            "SELECT OBJECTID, coalesce(Category, 1), coalesce(StatusId, 1), coalesce(Raster, ''),"
            " coalesce(Header, ''), coalesce(b.fingerprint, ''), coalesce(length(b.statistics), 0)"
            " FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID"
            " WHERE OBJECTID > ? ORDER BY OBJECTID"
        )
        yield from (InputRow(*record) for record in pages(self._db, query, (-1,), (0,)))

    def primary_rows(self) -> Iterator[PrimaryRow]:
        """Yield the primaries that are ready, in order of OBJECTID."""
        left_out = ("LowPS", "HighPS", "MinPS", "MaxPS", *SYSTEM_FIELDS)
        names = [name for name in self.fields() if name not in left_out]
        own = "".join(f', f."{name}"' for name in names)
        query = (
            "SELECT OBJECTID, coalesce(LowPS, 0.0), coalesce(HighPS, 0.0), MinPS, MaxPS, Shape,"
            f" coalesce(b.fingerprint, ''){own}"
            " FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID"
            f" WHERE Category = {PRIMARY} AND StatusId = 0 AND OBJECTID > ? ORDER BY OBJECTID"
        )
        for record in pages(self._db, query, (-1,), (0,)):
            fid, low, high, least, most, shape, fingerprint, *values = record
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
            "SELECT path, s.fid, CASE WHEN Header = '' THEN -1 ELSE size END, mtime_ns"
            " FROM swath_sources s JOIN footprints ON OBJECTID = s.fid"
            " WHERE (path, s.fid) > (?, ?) ORDER BY path, s.fid"
        )
        rows = pages(self._db, query, ("", -1), (0, 1))
        return {path: (fid, size, time) for path, fid, size, time in rows}

    def insert(self, item: NewItem, category: int = PRIMARY) -> int:
        """Add an item and return its new OBJECTID."""
        values = {"Name": item.name, "Category": category, **_item_values(item)}
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO footprints({names}) VALUES ({marks}) RETURNING OBJECTID"
        ((fid,),) = self.execute(sql, tuple(values.values())).fetchall()
        self._add_sources(fid, item.headers, item.raster.sources)
        return int(fid)

    def replace(self, fid: int, item: NewItem) -> None:
        """Write an item's definition, headers, attributes and status; its footprint stays."""
        self.update(fid, _item_values(item))
        self.execute(_FORGET_SOURCES, (fid,))
        self._add_sources(fid, item.headers, item.raster.sources)

    def set_headers(
        self, fid: int, headers: tuple[RasterHeader, ...], sources: tuple[SourceDefinition, ...]
    ) -> None:
        """Write headers of an item's first sources that were read anew; others cannot be read."""
        self.update(fid, {"Header": headers_to_text(headers)})
        self.execute(_FORGET_SOURCES, (fid,))
        self._add_sources(fid, headers, sources)

    def _add_sources(
        self, fid: int, headers: tuple[RasterHeader, ...], sources: tuple[SourceDefinition, ...]
    ) -> None:
        states = {s.path: (h.size, h.mtime_ns) for s, h in zip(sources, headers, strict=False)}
        paths = dict.fromkeys(source.path for source in sources)
        rows = [(path, fid, *(states.get(path) or _file_state(path))) for path in paths]
        self._db.execute_many(_ADD_SOURCE, rows)

    def update(self, fid: int, values: Mapping[str, AttributeValue]) -> None:
        """Set fields of one row."""
        names = ", ".join(f'"{name}" = ?' for name in values)
        self.execute(f"UPDATE footprints SET {names} WHERE OBJECTID = ?", (*values.values(), fid))

    def delete(self, fids: list[int]) -> None:
        """Remove items; their OBJECTIDs are not given again."""
        for fid in fids:
            self.execute("DELETE FROM footprints WHERE OBJECTID = ?", (fid,))
            self.execute(_FORGET_SOURCES, (fid,))
            self.execute("DELETE FROM swath_build WHERE fid = ?", (fid,))
            self.execute("DELETE FROM swath_state WHERE key = ?", (f"rasters:{fid}",))

    def set_range(self, fid: int, begin: float, end: float) -> None:
        """Set MinPS and MaxPS (0 = no end)."""
        self.update(fid, {"MinPS": begin, "MaxPS": end})

    def count(self, where: str = "TRUE") -> int:
        """Return how many rows fulfil a condition of our own (never a person's text)."""
        return int(self.execute(f"SELECT count(*) FROM footprints WHERE {where}").fetchone()[0])

    def row(self, fid: int) -> ItemRow | None:
        """Return one row."""
        return next(self.rows("OBJECTID = ?", (fid,)), None)

    def rows(
        self, where: str = "TRUE", values: tuple[AttributeValue, ...] = (), above: int = -1
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
        decoder = RowDecoder(self.name, names)
        chosen = ", ".join([f'f."{name}"' for name in names] + [f"b.{n}" for n in BUILT_COLUMNS])
        query = (
            f"SELECT {chosen} FROM footprints f LEFT JOIN swath_build b ON b.fid = f.OBJECTID"
            f" WHERE ({where}) AND OBJECTID > ? ORDER BY OBJECTID"
        )
        place = names.index("OBJECTID")
        yield from map(decoder.decode, pages(self._db, query, (*values, above), (place,)))

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
        return self._db.set_crs(crs)

    def set_shape(self, fid: int, wkb: bytes, srs_id: int) -> None:
        """Write a footprint; b"" = none."""
        blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb)) if wkb else None
        self.execute("UPDATE footprints SET Shape = ? WHERE OBJECTID = ?", (blob, fid))

    def set_pyramids(self, fid: int, pyramids: tuple[PyramidFile, ...], high_ps: float) -> None:
        """Keep the files that hold an item's further levels, and the pixel size they reach."""
        text = pyramids_to_text(pyramids)
        self.execute("UPDATE swath_build SET pyramid = ? WHERE fid = ?", (text, fid))
        self.update(fid, {"HighPS": high_ps})

    def set_built(self, fid: int, built: BuiltState) -> None:
        """Keep what build made of an item."""
        pyramid = pyramids_to_text(built.pyramids)
        self.execute(
            _SET_BUILT,
            (fid, built.fingerprint, built.shape_hash, built.rings, built.statistics, pyramid),
        )

    def set_layer(self, layer: str, shapes: list[bytes], srs_id: int) -> None:
        """Replace all shapes of the layer `boundary`; rows of before keep their numbers."""
        known = [row[0] for row in self.execute(f"SELECT fid FROM {layer} ORDER BY fid")]
        self.execute(f"DELETE FROM {layer}")
        for number, wkb in enumerate(shapes):
            blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb))
            name, fid = (", fid", f", {known[number]}") if number < len(known) else ("", "")
            self.execute(f"INSERT INTO {layer}(Shape{name}) VALUES (?{fid})", (blob,))

    def layer_shapes(self, layer: str) -> list[bytes]:
        """Return the shapes of a layer as WKB."""
        rows = self.execute(f"SELECT Shape FROM {layer} ORDER BY fid")
        return [geopackage.decode_geometry(row[0]) for row in rows]

    def set_extents(self, extent: Extent | None) -> None:
        """State the box of the layers, for programs that ask for it."""
        self._db.set_extents(extent)


def _item_values(item: NewItem) -> dict[str, AttributeValue]:
    return {
        "Raster": raster_to_text(item.raster),
        "Header": headers_to_text(item.headers),
        "StatusId": int(item.status),
        "StatusMessage": item.message,
        **item.attributes,
    }


def _file_state(path: str) -> tuple[int, int]:
    state = state_of_source(path)
    return (0, 0) if state == GONE else state


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
