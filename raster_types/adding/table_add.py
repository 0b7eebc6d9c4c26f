"""Take tables of rasters into a definition: row by row, in batches, without opening a raster.

An interrupted import goes on when it is run again; a table that is added again changes the items whose
rows changed, by path. Rows that are gone from the table stay items: `swath definition remove` is for
those.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.build.definition_folder import read_facts
from engine.build.raster_record import raster_to_text
from engine.build.table_rows import SHAPES_CRS, KnownRow, TableItem, TableRows, blobs_of
from engine.build.table_shapes import bounds_of, may_be_degrees, read_shapes, reproject_shapes
from engine.errors import ConfigError
from engine.geometry.projection import LONLAT, describe_crs
from raster_types.table import item_of_row, options_of
from raster_types.tables.open_table import index_of, is_table, open_table
from raster_types.tables.table_links import LinkResolver
from raster_types.tables.values import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.progress import Progress
    from engine.build.service_table import ServiceTable
    from engine.build.table_shapes import Shapes
    from engine.build.workers import Workers
    from raster_types.adding.add import AddReport, AddRequest
    from raster_types.adding.author_fields import FieldKind
    from raster_types.tables.records import RasterTable, TableRow

_BATCH = 4000
_encoder = msgspec.msgpack.Encoder()


def add_tables(
    folder: DefinitionFolder,
    table: ServiceTable,
    request: AddRequest,
    workers: Workers,
    progress: Progress,
    report: AddReport,
) -> None:
    """Add the rasters that tables list, and tell `report` what became of them.

    Raises
    ------
    ConfigError
        A table cannot be read, or says nothing of where its rasters are.
    """
    paths = list(tables_of(request))
    if not paths:
        raise ConfigError("--type", "table", "there is no table of rasters in the folders given")
    for path in paths:
        index, options = index_of(path, options_of(request.options))
        rasters = open_table(index, options, workers)
        _Import(folder, table, request, report).run(index, rasters, progress)


def tables_of(request: AddRequest) -> Iterator[Path]:
    """Yield the tables among the paths of a request.

    Raises
    ------
    ConfigError
        A path does not exist.
    """
    for path in map(Path.absolute, request.paths):
        if path.is_dir() and not is_table(path):
            found = path.rglob(request.glob) if request.recursive else path.glob(request.glob)
            yield from sorted(each for each in found if is_table(each))
        elif path.exists():
            yield path
        else:
            raise ConfigError(path, "", "does not exist; expected a table of rasters")


class _Import:
    """One import; `_seen` tells by OBJECTID which items rows of this run named already."""

    def __init__(
        self,
        folder: DefinitionFolder,
        table: ServiceTable,
        request: AddRequest,
        report: AddReport,
    ) -> None:
        self._folder, self._table, self._request, self._report = folder, table, request, report
        self._seen = bytearray()
        self._repeated = 0
        # Rows whose geometry is given, and none.
        self._unusable = 0
        self._crs = ""
        self._srs_id = -1

    def run(self, path: Path, rasters: RasterTable, progress: Progress) -> None:
        """Import the rows of a table."""
        self._rasters = rasters
        self._links = LinkResolver(path, self._request.options.rewrite, is_bound=rasters.is_bound)
        spelled = [self._table.ensure_field(name, kind) for name, kind in rasters.fields.items()]
        types = self._table.fields()
        self._fields = [
            (name, _plain_kind(types[field]))
            for name, field in zip(rasters.fields, spelled, strict=True)
        ]
        self._changed_kinds = [kind for _, kind in self._fields] != list(rasters.fields.values())
        self._rows = TableRows(self._table, spelled)
        stage, done = f"importing {path.name}", 0
        progress(stage, 0, rasters.count)
        coming = rasters.rows()
        while batch := list(islice(coming, _BATCH)):
            with self._table.batch():
                self._take(batch)
            done += len(batch)
            progress(stage, done, max(done, rasters.count))
        self._report.notes.extend((str(path), note) for note in rasters.notes)
        if self._unusable:
            why = (
                f"{self._unusable} rows have a geometry that cannot be read as an area; build takes "
                "the outlines of their rasters."
            )
            self._report.notes.append((str(path), why))
        if self._repeated:
            why = f"{self._repeated} rows name a file that a row before names; they are left out."
            self._report.notes.append((str(path), why))

    def _take(self, batch: Sequence[TableRow]) -> None:
        items = [self._item(row) for row in batch]
        known = self._rows.known(list(dict.fromkeys(item.paths[0] for item in items)))
        new: list[int] = []
        changed: list[tuple[int, KnownRow]] = []
        fresh: set[str] = set()
        for number, item in enumerate(items):
            path = item.paths[0]
            found = self._next_of(known.get(path, []))
            if found is None and (path in fresh or path in known) and not self._rasters.is_bound:
                self._repeated += 1
            elif found is None:
                fresh.add(path)
                new.append(number)
            elif not found.is_as(item):
                changed.append((number, found))
            else:
                self._report.unchanged += 1
        self._write(batch, items, new, changed)

    def _next_of(self, known: list[KnownRow]) -> KnownRow | None:
        """Return the first row of a file that no row of the table has named so far."""
        for row in known:
            if row.fid >= len(self._seen):
                self._seen.extend(bytes(row.fid + 1 - len(self._seen) + 65_536))
            if not self._seen[row.fid]:
                self._seen[row.fid] = 1
                return row
        return None

    def _write(
        self,
        batch: Sequence[TableRow],
        items: Sequence[TableItem],
        new: Sequence[int],
        changed: Sequence[tuple[int, KnownRow]],
    ) -> None:
        numbers = [*new, *(number for number, _ in changed)]
        if not numbers:
            return
        blobs = self._blobs([batch[number] for number in numbers])
        fids = self._rows.insert([items[number] for number in new], blobs[: len(new)])
        # Written in this run: another row that names the same file is not the same item.
        for fid in fids:
            self._next_of([KnownRow(fid)])
        self._rows.update(
            [row for _, row in changed], [items[number] for number, _ in changed], blobs[len(new) :]
        )
        self._report.added += len(new)
        self._report.changed += len(changed)
        self._report.failed.extend(
            (items[number].paths[0], items[number].message)
            for number in numbers
            if items[number].message
        )
        self._report.failed_new += sum(bool(items[number].message) for number in new)
        self._report.failed_changed += sum(bool(items[n].message) for n, _ in changed)

    def _item(self, row: TableRow) -> TableItem:
        made = item_of_row(row, self._links, self._request.options)
        values = tuple(row.values.get(name) for name, _ in self._fields)
        if self._changed_kinds:
            pairs = zip(values, self._fields, strict=True)
            values = tuple(plain_value(value, kind) for value, (_, kind) in pairs)
        text = raster_to_text(made.raster)
        said = _encoder.encode((text, made.name, made.message, values))
        crs = row.crs or self._request.options.table_crs
        return TableItem(
            paths=tuple(dict.fromkeys(source.path for source in made.raster.sources)),
            name=made.name,
            raster=text,
            message=made.message,
            values=values,
            digest=_digest(said),
            shape_digest=_digest(_encoder.encode((row.shape, crs))) if row.shape else "",
        )

    # Footprints

    def _blobs(self, rows: Sequence[TableRow]) -> list[bytes | None]:
        by_crs: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            if row.shape:
                by_crs.setdefault(row.crs or self._rasters.crs, []).append(place)
        blobs: list[bytes | None] = [None] * len(rows)
        for crs, places in by_crs.items():
            shapes = read_shapes([rows[place].shape for place in places])
            self._unusable += sum(shape is None for shape in shapes)
            stated = self._checked_crs(crs, shapes) if crs else self._guessed_crs(shapes)
            if stated:
                moved = reproject_shapes(shapes, stated, self._catalog_crs(stated))
                for place, blob in zip(places, blobs_of(moved, self._srs_id), strict=True):
                    blobs[place] = blob
        return blobs

    def _checked_crs(self, crs: str, shapes: Shapes) -> str:
        """Return the CRS that the author states; one of degrees does not suit metres."""
        if crs == self._request.options.table_crs and describe_crs(crs).is_geographic:
            box = bounds_of(shapes)
            if box is not None and not may_be_degrees(box):
                text = ", ".join(f"{number:g}" for number in box)
                why = f"the table's geometries are no degrees ({text}); state the CRS that they are in"
                raise ConfigError("--table-srs", crs, why)
        return crs

    def _guessed_crs(self, shapes: Shapes) -> str:
        box = bounds_of(shapes)
        if box is None:
            return ""
        if may_be_degrees(box):
            return LONLAT
        why = "state the CRS of the table's geometries: they are no degrees, and nothing says it"
        raise ConfigError("--table-srs", "", why)

    def _catalog_crs(self, first: str) -> str:
        """Return the CRS of the catalog's layers, which a first import settles until build does."""
        if not self._crs:
            facts = read_facts(self._table)
            crs = facts.crs if facts else self._table.info(SHAPES_CRS)
            if not crs:
                crs = self._folder.properties().crs or first
                self._table.set_info(SHAPES_CRS, crs)
            self._crs = crs
            self._srs_id = self._table.set_crs(crs)
        return self._crs


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def _plain_kind(sql_type: str) -> FieldKind:
    kinds: dict[str, FieldKind] = {
        "INTEGER": "INTEGER",
        "DOUBLE": "DOUBLE",
        "REAL": "DOUBLE",
        "DATETIME": "DATETIME",
        "DATE": "DATETIME",
    }
    return kinds.get(sql_type, "TEXT")
