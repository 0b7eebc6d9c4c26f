"""Write a compiled definition (.zmd): one SQLite file, made beside its final name and then moved.

Rules: the same rows in the same order give the same bytes (no times, no random numbers, fixed page
size, one transaction); nothing of a run that fails is left behind; rows are streamed, so a million of
them need no more memory than ten.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.size_bands import SizeBandCollector
from engine.zmd import APPLICATION_ID, COLUMN_TYPES, OPEN_END, PAGE_BYTES, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    from engine.extent import Extent
    from engine.item import Item
    from engine.results import AttributeValue
    from engine.summary import FieldInfo, Histogram, ServiceSummary

_MAX_INDEXES = 12
_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRow:
    """One item with all that the compiled definition holds of it.

    Attributes
    ----------
    item : Item
        `item.extent` is the box of the footprint.
    wkb : bytes
        Footprint polygon in service CRS.
    attributes : mapping
        Values of the columns, in the spelling of `ServiceSummary.fields`; absent means null. OBJECTID,
        Name, MinPS, MaxPS, LowPS, HighPS, Category, CenterX, CenterY and ZOrder come from the item.
    boxes : tuple of Extent
        Where the footprint needs more than one box (antimeridian); () = `item.extent`.
    """

    item: Item
    wkb: bytes
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    boxes: tuple[Extent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZmdExtras:
    """What else a compiled definition holds.

    Attributes
    ----------
    operations : mapping of key to pipeline text
        Read after the last row, so it may fill while rows are made.
    boundary : bytes
        WKB in service CRS.
    definition : str
        Text of definition.toml.
    """

    operations: Mapping[str, str] = field(default_factory=dict)
    histograms: tuple[Histogram, ...] = ()
    boundary: bytes = b""
    definition: str = ""


def item_attributes(item: Item) -> dict[str, AttributeValue]:
    """Return the values of the well-known columns that an item's record holds."""
    return {
        "Name": item.name,
        "MinPS": item.min_ps,
        "MaxPS": item.max_ps,
        "LowPS": item.low_ps,
        "HighPS": item.high_ps,
        "Category": item.category,
        "CenterX": item.center_x,
        "CenterY": item.center_y,
        "ZOrder": item.z_order,
    }


class ZmdWriter:
    """Take rows one by one; `finish` makes the file appear under its name, leaving early does not.

    Parameters
    ----------
    out : Path
        The file to make; replaced if it exists.
    fields : sequence of FieldInfo
        The service table's fields; those of type oid, geometry and raster have no column.

    Raises
    ------
    ConfigError
        Two fields have one name, or the file cannot be written.
    """

    def __init__(self, out: Path, fields: Iterable[FieldInfo]) -> None:
        self._out = out
        self._part = out.with_name(f".{out.name}.{os.getpid()}.part")
        self._columns = [field for field in fields if field.type in COLUMN_TYPES]
        _check_columns(out, self._columns)
        self._bands = SizeBandCollector()
        self._box = 0
        self._extent: Extent | None = None
        self.count = 0
        try:
            self._part.unlink(missing_ok=True)
            self._db = sqlite3.connect(self._part, isolation_level=None)
        except (OSError, sqlite3.Error) as err:
            raise ConfigError(out, "", f"cannot be written: {err}") from err
        self._create()
        names = "".join(f", {quote(column.name)}" for column in self._columns)
        marks = ", ?" * len(self._columns)
        self._insert_item = f"INSERT INTO items(OBJECTID{names}) VALUES (?{marks})"

    def _create(self) -> None:
        run = self._db.execute
        run(f"PRAGMA page_size={PAGE_BYTES}")
        # The file is thrown away unless it is finished, so no journal and one sync at the end.
        run("PRAGMA journal_mode=OFF")
        run("PRAGMA synchronous=OFF")
        run("PRAGMA secure_delete=ON")
        run("PRAGMA cache_size=-65536")
        run(f"PRAGMA application_id={APPLICATION_ID}")
        run("BEGIN")
        run("CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB)")
        columns = "".join(f", {quote(c.name)} {COLUMN_TYPES[c.type]}" for c in self._columns)
        run(f"CREATE TABLE items(OBJECTID INTEGER PRIMARY KEY{columns})")
        run("CREATE TABLE records(id INTEGER PRIMARY KEY, record BLOB)")
        run("CREATE TABLE shapes(id INTEGER PRIMARY KEY, wkb BLOB)")
        run(
            "CREATE VIRTUAL TABLE boxes USING rtree(id, xmin, xmax, ymin, ymax, psmin, psmax, +item)"
        )

    def __enter__(self) -> ZmdWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
        self._part.unlink(missing_ok=True)

    def add(self, row: CompiledRow) -> None:
        """Add one item.

        Raises
        ------
        ConfigError
            The OBJECTID is there already, or the file cannot be written.
        """
        item = row.item
        values = {**row.attributes, **item_attributes(item)}
        try:
            self._db.execute(
                self._insert_item, (item.id, *(values.get(c.name) for c in self._columns))
            )
            self._db.execute("INSERT INTO records VALUES (?, ?)", (item.id, _encoder.encode(item)))
            self._db.execute("INSERT INTO shapes VALUES (?, ?)", (item.id, row.wkb))
            for box in row.boxes or (item.extent,):
                self._add_box(box, item)
        except sqlite3.IntegrityError as err:
            raise ConfigError(self._out, f"OBJECTID {item.id}", "is there twice") from err
        except (sqlite3.Error, OverflowError) as err:
            raise ConfigError(self._out, f"OBJECTID {item.id}", f"cannot be stored: {err}") from err
        self._bands.add(item.ground_size_m)
        self._extent = item.extent if self._extent is None else self._extent.union(item.extent)
        self.count += 1

    def _add_box(self, box: Extent, item: Item) -> None:
        self._box += 1
        top = item.max_ps if item.max_ps > 0 else OPEN_END
        edges = (box.xmin, box.xmax, box.ymin, box.ymax)
        self._db.execute(
            "INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self._box, *edges, item.min_ps, top, item.id),
        )

    def finish(self, summary: ServiceSummary, extras: ZmdExtras) -> None:
        """Write the head and the indexes, and move the file to its name."""
        meta: dict[str, bytes | str | int] = {
            "boundary": extras.boundary,
            "definition": extras.definition,
            "footprint_extent": _encoder.encode(self._extent),
            "format_version": summary.format_version,
            "histograms": _encoder.encode(extras.histograms),
            "operations": _encoder.encode(dict(sorted(extras.operations.items()))),
            "size_edges": _encoder.encode(self._bands.edges()),
            "summary": _encoder.encode(summary),
        }
        try:
            self._db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            for number, name in enumerate(self._indexed(summary)):
                self._db.execute(f"CREATE INDEX item_index_{number} ON items({quote(name)})")
            self._db.execute("COMMIT")
            self._db.close()
            move_into_place(self._part, self._out)
        except (sqlite3.Error, OSError) as err:
            raise ConfigError(self._out, "", f"cannot be written: {err}") from err

    def _indexed(self, summary: ServiceSummary) -> list[str]:
        """Return the columns with an index: names, dates, the default sort field, the author's own."""
        own = {"minps", "maxps", "lowps", "highps", "category", "centerx", "centery", "zorder"}
        wanted = [column.name for column in self._columns if column.name.casefold() not in own]
        sort_field = summary.properties.sort_field.casefold()
        wanted.sort(key=lambda name: name.casefold() != sort_field)
        dates = [column.name for column in self._columns if column.type == "date"]
        return list(dict.fromkeys([*dates, *wanted]))[:_MAX_INDEXES]


def _check_columns(out: Path, columns: list[FieldInfo]) -> None:
    seen = {"objectid"}
    for column in columns:
        folded = column.name.casefold()
        if not folded or "\0" in folded:
            raise ConfigError(out, f"field {column.name!r}", "is no name of a field")
        if folded in seen:
            raise ConfigError(out, f"field {column.name!r}", "is there twice (case does not count)")
        seen.add(folded)


def move_into_place(part: Path, out: Path) -> None:
    """Give a finished file its name: its bytes are on disk before the name is."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(out)
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_zmd(
    out: Path, summary: ServiceSummary, rows: Iterable[CompiledRow], extras: ZmdExtras
) -> int:
    """Write a compiled definition and return its count of items.

    `summary.item_count` is set to the count of rows, all else is written as given.

    Raises
    ------
    ConfigError
        See `ZmdWriter`.
    """
    with ZmdWriter(out, summary.fields) as writer:
        for row in rows:
            writer.add(row)
        writer.finish(msgspec.structs.replace(summary, item_count=writer.count), extras)
        return writer.count
