"""Add rasters to a definition: incremental, in batches, one bad file stops nothing."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.build.history import note_history
from engine.build.progress import Progress, no_progress
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.build.workers import InProcess, Workers
from engine.errors import ConfigError, SourceError, SourceUnavailable, UnknownProduct
from engine.readers.drivers import is_cube
from engine.readers.source_state import state_of_source
from raster_types import RASTER_TYPES
from raster_types.adding.add_request import AddReport, AddRequest, addition_of, sentence, told
from raster_types.adding.added import NEVER, PLAIN, Added, AddedItems, differs, options_in_force
from raster_types.adding.additions import remember_addition
from raster_types.adding.author_fields import AuthorFields, CsvFields, NameFields
from raster_types.adding.crawl import (
    NO_TEXT,
    ProductJob,
    ReadProduct,
    is_text,
    printable,
    read_product_files,
)
from raster_types.adding.kept_process import process_digest, with_kept_process
from raster_types.adding.recognise import AUTO, FoundProduct, find_with_type, type_of_file
from raster_types.adding.table_add import add_tables, tables_of
from raster_types.base import ItemOptions
from raster_types.table import NAME as TABLE
from raster_types.tables.open_table import is_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable
    from engine.results import AttributeValue
    from raster_types.adding.author_fields import FieldKind
    from raster_types.base import FileState

__all__ = ["AddReport", "AddRequest", "add_rasters", "pending_products", "sentence"]

_BATCH = 200
_DATE_FIELDS = ("AcquisitionDate", "AcqDate", "StdTime")


def add_rasters(
    folder: DefinitionFolder,
    request: AddRequest,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> AddReport:
    """Add the rasters of files and folders to a definition.

    A file known by path, size and time of change is left alone; one that changed keeps its OBJECTID.
    Where options are stated that differ from before, or a file changed that was read beside it (RPC,
    orientations, control points), it is read again, with the options of before where none are stated.
    What is done is committed in batches, so an interrupted run goes on where it stopped.

    Raises
    ------
    ConfigError
        A path, the CSV file, the pattern or a field's name is wrong; nothing was added.
    """
    request = _with_type(request)
    with folder.table() as table:
        if request.raster_type == TABLE:
            return _add_tables(folder, table, request, workers or InProcess(), progress)
        return _Adder(table, request, workers or InProcess(), progress).run()


def _add_tables(
    folder: DefinitionFolder,
    table: ServiceTable,
    request: AddRequest,
    workers: Workers,
    progress: Progress,
) -> AddReport:
    report = AddReport()
    add_tables(folder, table, request, workers, progress, report)
    if request.command == "add":
        remember_addition(table, addition_of(request))
        if report.added or report.changed:
            note_history(table, "add", told(request, report))
    return report


def _with_type(request: AddRequest) -> AddRequest:
    """Return a request whose raster type is known; tables are told from rasters by their names."""
    name = request.raster_type
    if name not in (AUTO, *RASTER_TYPES):
        known = ", ".join((AUTO, *RASTER_TYPES))
        raise ConfigError("--type", name, f"unknown raster type; known: {known}")
    if name != AUTO:
        return request
    tables = [path for path in request.paths if path.exists() and _is_table(path)]
    if tables and len(tables) < len(request.paths):
        why = f"{tables[0].name} is a table of rasters and others are not; add tables by themselves"
        raise ConfigError("--type", AUTO, why)
    return replace(request, raster_type=TABLE) if tables else request


def _is_table(path: Path) -> bool:
    return is_table(path) and (path.is_dir() or type_of_file(path) == TABLE)


def pending_products(folder: DefinitionFolder, request: AddRequest) -> list[tuple[str, bool]]:
    """Return the products that `add_rasters` would read: their main files, and whether they are known.

    Nothing is changed. Raises what `add_rasters` does.
    """
    request = _with_type(request)
    if request.raster_type == TABLE:
        return [(str(path), True) for path in tables_of(request)]
    with folder.table() as table:
        found: list[tuple[str, bool]] = []
        with suppress(_Looked), table.batch():
            found = _Adder(table, request, InProcess(), no_progress).pending()
            raise _Looked
        return found


class _Looked(Exception):
    """Ends a look at what is to be done, so that the batch around it leaves nothing behind."""


class _Adder:
    def __init__(
        self, table: ServiceTable, request: AddRequest, workers: Workers, progress: Progress
    ) -> None:
        self._table, self._request = table, request
        self._workers, self._progress = workers, progress
        self._report = AddReport()
        self._written: dict[str, tuple[str, int]] = {}
        self._named_of: tuple[str, dict[str, int]] = ("", {})
        # By OBJECTID: an item may be found twice.
        self._new: set[int] = set()
        self._changed: set[int] = set()
        self._failed: dict[int, tuple[str, str]] = {}
        self._known = table.known_sources()
        self._added = AddedItems(table, (fid for fid, *_ in table.source_rows()))
        self._named = {str(path.absolute()) for path in request.paths if path.is_file()}
        products = find_with_type(
            request.paths,
            request.raster_type,
            request.options,
            glob=request.glob,
            recursive=request.recursive,
        )
        self._products = list(self._readable(dict.fromkeys(products)))
        self._sources = self._field_sources()
        self._spelling = {
            name: table.ensure_field(name, kind)
            for source in self._sources
            for name, kind in source.kinds.items()
        }

    def _readable(self, products: Iterable[FoundProduct]) -> Iterator[FoundProduct]:
        """Yield the products whose files a catalog can name; the others are reported."""
        for product in products:
            wrong = next((path for path in product.paths if not is_text(path)), "")
            if wrong:
                self._report.unnamed.append((printable(wrong), NO_TEXT))
            else:
                yield product

    def _field_sources(self) -> list[AuthorFields]:
        sources: list[AuthorFields] = []
        if self._request.name_regex:
            paths = (product.paths[0] for product in self._products)
            sources.append(NameFields(self._request.name_regex, paths))
        if self._request.csv is not None:
            sources.append(CsvFields(self._request.csv))
        return sources

    def pending(self) -> list[tuple[str, bool]]:
        """Return main file of each product to be read, and whether it is known."""
        waiting = [each.paths[0] for each in self._products if not self._is_unchanged(each)]
        return [
            (main, bool(self._added.of_product(main)) or main in self._known) for main in waiting
        ]

    def run(self) -> AddReport:
        if self._request.command == "add":
            remember_addition(self._table, addition_of(self._request))
        jobs = [self._job(each) for each in self._products if not self._is_unchanged(each)]
        done, total = 0, len(jobs)
        self._progress("reading headers", done, total)
        results = self._workers.map(read_product_files, jobs)
        while batch := list(islice(results, _BATCH)):
            with self._table.batch():
                for job, result in batch:
                    self._store(job, result)
            done += len(batch)
            self._progress("reading headers", done, total)
        if total:
            # A run that is interrupted before reads these products again, and changes nothing.
            self._added.save()
        self._count()
        for source in self._sources:
            if isinstance(source, CsvFields):
                self._report.unused_csv_rows = source.unused
        if self._request.command == "add" and (self._report.added or self._report.changed):
            note_history(self._table, "add", told(self._request, self._report))
        return self._report

    def _count(self) -> None:
        report = self._report
        report.added, report.changed = len(self._new), len(self._changed)
        report.failed.extend(self._failed.values())
        report.failed_new = len(self._new & self._failed.keys())
        report.failed_changed = len(self._changed & self._failed.keys())

    def _job(self, product: FoundProduct) -> ProductJob:
        known = list(self._added.of_product(product.paths[0]).values())
        options = options_in_force(self._request.options, known)
        return ProductJob(product.raster_type, product.paths, options)

    def _is_unchanged(self, product: FoundProduct) -> bool:
        paths = product.paths
        known = self._added.of_product(paths[0])
        if not known:
            return self._is_plain_unchanged(product)
        if self._is_to_be_read(product, known.values()):
            return False
        self._report.unchanged += len(known)
        for fid in known:
            if values := self._author_values(paths[0]):
                self._table.update(fid, values)
        return True

    def _is_to_be_read(self, product: FoundProduct, known: Collection[Added]) -> bool:
        """Tell whether a product must be read again, of which some items are known."""
        if product.raster_type == PLAIN and any(added.raster_type != PLAIN for added in known):
            # No type is stated: what was added with one stays; build sees where its pixels changed.
            return False
        return any(
            added.raster_type != product.raster_type
            or added.paths != product.paths
            or differs(self._request.options, added)
            or added.has_changed_files()
            for added in known
        )

    def _is_plain_unchanged(self, product: FoundProduct) -> bool:
        paths = product.paths
        if product.raster_type != PLAIN or self._request.options != ItemOptions():
            # Known as a plain raster, if at all.
            return False
        for path in paths:
            known = self._known.get(path)
            if known is None:
                return False
            # Gone meanwhile: reading it makes the sentence.
            if state_of_source(path) != known[1:]:
                return False
        self._report.unchanged += 1
        if values := self._author_values(paths[0]):
            self._table.update(self._known[paths[0]][0], values)
        return True

    def _author_values(self, path: str) -> dict[str, AttributeValue]:
        values: dict[str, AttributeValue] = {}
        for source in self._sources:
            values |= {self._spelling[k]: v for k, v in source.values(path).items()}
        return values

    def _store(self, job: ProductJob, result: ReadProduct | SourceError) -> None:
        if isinstance(result, SourceError):
            if self._is_ignorable(job, result):
                self._report.ignored.append((job.path, sentence(result)))
                return
            result = ReadProduct([self._failed_item(job, result)], {})
        for number, item in enumerate(result.items):
            fid = self._write(job.path, item, number)
            self._added.note(fid, _added(job, item, result.files))

    def _is_ignorable(self, job: ProductJob, error: SourceError) -> bool:
        """Tell whether a file is simply no raster: nobody named it and its name claims nothing."""
        return (
            isinstance(error, UnknownProduct)
            and job.path not in self._named
            and job.path not in self._known
            and not RASTER_TYPES[job.raster_type].is_expected(job.path)
        )

    def _failed_item(self, job: ProductJob, error: SourceError) -> NewItem:
        status = ItemStatus.CORRUPT
        if isinstance(error, UnknownProduct):
            status = ItemStatus.NOT_SUPPORTED
        elif isinstance(error, SourceUnavailable):
            status = ItemStatus.NOT_FOUND
        # The file that names the product alone: its images become rows of their own.
        sources = (SourceDefinition(path=job.path),)
        return NewItem(
            name=PurePath(job.path).stem,
            raster=RasterDefinition(raster_type=job.raster_type, sources=sources),
            status=status,
            message=sentence(error),
        )

    def _write(self, path: str, item: NewItem, number: int) -> int:
        """Write the n-th item of the product that a file names and return its OBJECTID.

        An item is known by its first source.
        """
        own_path = item.raster.sources[0].path
        own = {
            self._table.ensure_field(name, _kind(name, value)): value
            for name, value in item.attributes.items()
            if name not in self._spelling
        }
        values = own | self._author_values(path)
        if own_path != path:
            values |= self._author_values(own_path)
        item = msgspec.structs.replace(item, attributes=values)
        known = self._known_fid(path, item, number)
        if known is None:
            fid = self._table.insert(item, item.category)
            self._new.add(fid)
        else:
            fid = known
            self._table.replace(fid, self._with_kept_process(fid, item))
            if fid not in self._new and item.headers:
                self._changed.add(fid)
        self._failed.pop(fid, None)
        if item.status.is_failed:
            self._failed[fid] = (own_path, item.message)
        # What is told of several files goes by the one that names them.
        about = path if len(item.raster.sources) > 1 or item.raster.gaps else own_path
        self._report.notes.extend((about, note) for note in item.raster.notes)
        self._written[own_path] = (path, fid)
        return fid

    def _known_fid(self, path: str, item: NewItem, number: int) -> int | None:
        """Return the OBJECTID of an item that is there already, None = it is new."""
        own_path = item.raster.sources[0].path
        named = self._names_of(path)
        if len(named) > 1 and is_cube(item.raster.sources[0].driver):
            # Times of one file are told apart by their names alone.
            return named.get(item.name)
        known = self._known.get(own_path)
        if known is None and number == 0:
            # The product as a whole could not be read before: its row becomes that of the first image.
            known = self._known.get(path)
        if known is not None:
            return known[0]
        # Found twice in one run: by a STAC catalog, and by itself.
        main, fid = self._written.get(own_path, (path, 0))
        if main != path:
            return fid
        # Other bands of it begin with another file.
        return named.get(item.name)

    def _names_of(self, path: str) -> dict[str, int]:
        """Return the items that a product had before, by name; those of one name are left out."""
        if self._named_of[0] != path:
            rows = [self._table.row(fid) for fid in self._added.of_product(path)]
            names = Counter(row.name for row in rows if row is not None)
            found = {row.name: row.id for row in rows if row is not None and names[row.name] == 1}
            self._named_of = (path, found)
        return self._named_of[1]

    def _with_kept_process(self, fid: int, item: NewItem) -> NewItem:
        """Return an item with the process definition that an author gave the row it comes to."""
        row = self._table.row(fid)
        try:
            old = None if row is None else row.raster
        except msgspec.MsgspecError:
            # Edited wrongly: what is in the file counts.
            return item
        return item if old is None else with_kept_process(old, self._added.made(fid), item)


def _added(job: ProductJob, item: NewItem, texts: Mapping[str, FileState]) -> Added:
    # One that failed without a header is tried again, whatever its files are.
    states = {header.path: (header.size, header.mtime_ns) for header in item.headers}
    files = {source.path: states.get(source.path, NEVER) for source in item.raster.sources}
    made = process_digest(item.raster)
    return Added(job.raster_type, job.paths, job.options, {**texts, **files}, made)


def _kind(name: str, value: AttributeValue) -> FieldKind:
    if name in _DATE_FIELDS:
        return "DATETIME"
    if isinstance(value, int):
        return "INTEGER"
    return "DOUBLE" if isinstance(value, float) else "TEXT"
