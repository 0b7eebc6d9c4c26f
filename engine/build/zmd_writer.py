"""Write a compiled definition (.zmd): one SQLite file, made beside its final name and then moved.

Rules: the same rows in the same order give the same bytes (no times, no random numbers, fixed page
size, one transaction); nothing of a run that fails is left behind; rows are streamed, so a million of
them need no more memory than ten.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from glob import escape
from typing import TYPE_CHECKING

import msgspec

from engine.build.packed_row import RowPacker, columns_of
from engine.errors import ConfigError
from engine.extent import Extent
from engine.mosaic_process import META_KEY
from engine.size_bands import SizeBandCollector
from engine.zmd import APPLICATION_ID, COLUMN_TYPES, PAGE_BYTES, VARIABLE_HISTOGRAMS, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from engine.build.packed_row import Edges, PackedRow
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
    size_edges : sequence of float or None
        Between the bands of ground pixel size; None = by the rows.
    process : bytes
        Packed `engine.mosaic_process.ServiceProcess`; b"" = none.
    """

    operations: Mapping[str, str] = field(default_factory=dict)
    histograms: tuple[Histogram, ...] = ()
    variable_histograms: Mapping[str, tuple[Histogram, ...]] = field(default_factory=dict)
    boundary: bytes = b""
    definition: str = ""
    size_edges: Sequence[float] | None = None
    process: bytes = b""


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
        self._columns = columns_of(fields)
        _check_columns(out, self._columns)
        self._bands = SizeBandCollector()
        self._box = 0
        self._extent: Edges | None = None
        self._packer = RowPacker(self._columns)
        self.count = 0
        try:
            _sweep(out)
            self._part.unlink(missing_ok=True)
            self._db = sqlite3.connect(self._part, isolation_level=None)
        except (OSError, sqlite3.Error) as err:
            raise ConfigError(out, "", f"cannot be written: {err}") from err
        try:
            self._create()
        except BaseException:
            # Ctrl-C comes at any time.
            self.__exit__(None, None, None)
            raise
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
        run(
            "CREATE TABLE ranks(id INTEGER PRIMARY KEY, z REAL, size REAL, x REAL, y REAL,"
            " nadir_x REAL, nadir_y REAL)"
        )
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
        self.add_packed([self._packer.pack(row)])

    def add_packed(self, rows: Sequence[PackedRow]) -> None:
        """Add many items at once; see `add`."""
        under_way = rows[0] if rows else None

        def values(row: PackedRow) -> tuple[AttributeValue, ...]:
            nonlocal under_way
            under_way = row
            return row.values

        try:
            self._db.executemany(self._insert_item, map(values, rows))
            self._db.executemany(
                "INSERT INTO records VALUES (?, ?)", ((row.id, row.record) for row in rows)
            )
            self._db.executemany(
                "INSERT INTO ranks VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((row.id, *row.ranks) for row in rows),
            )
            self._db.executemany(
                "INSERT INTO shapes VALUES (?, ?)", ((row.id, row.wkb) for row in rows)
            )
            self._db.executemany(
                "INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._of(rows)
            )
        except sqlite3.IntegrityError as err:
            raise ConfigError(self._out, f"OBJECTID {_id(under_way)}", "is there twice") from err
        except (sqlite3.Error, OverflowError) as err:
            why = f"cannot be stored: {err}"
            raise ConfigError(self._out, f"OBJECTID {_id(under_way)}", why) from err
        for row in rows:
            self._bands.add(row.ground_size_m)
            self._extent = row.extent if self._extent is None else _union(self._extent, row.extent)
        self.count += len(rows)

    def _of(self, rows: Sequence[PackedRow]) -> Iterator[tuple[AttributeValue, ...]]:
        """Yield the rows of the table of boxes."""
        for row in rows:
            for box in row.boxes:
                self._box += 1
                yield (self._box, *box, *row.sizes, row.id)

    def finish(self, summary: ServiceSummary, extras: ZmdExtras) -> None:
        """Write the head and the indexes, and move the file to its name."""
        meta: dict[str, bytes | str | int] = {
            "boundary": extras.boundary,
            "definition": extras.definition,
            "footprint_extent": _encoder.encode(self._extent and Extent(*self._extent)),
            "format_version": summary.format_version,
            "histograms": _encoder.encode(extras.histograms),
            "operations": _encoder.encode(dict(sorted(extras.operations.items()))),
            "size_edges": _encoder.encode(
                self._bands.edges() if extras.size_edges is None else extras.size_edges
            ),
            "summary": _encoder.encode(summary),
        }
        if extras.variable_histograms:
            meta[VARIABLE_HISTOGRAMS] = _encoder.encode(dict(extras.variable_histograms))
        if extras.process:
            meta[META_KEY] = extras.process
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


def _sweep(out: Path) -> None:
    """Remove what processes that were killed left of the same file."""
    for part in out.parent.glob(f".{escape(out.name)}.*.part"):
        number = part.name.removesuffix(".part").rpartition(".")[2]
        if number.isdigit() and not _is_alive(int(number)):
            part.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _id(row: PackedRow | None) -> AttributeValue:
    return row.id if row else None


def _union(one: Edges, other: Edges) -> Edges:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


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
