"""Build a definition: footprints, places, statistics, pixel-size ranges, boundary, facts of the service.

Only what is new or has changed is built; what is done is committed in batches, so an interrupted build
goes on where it stopped. One bad raster becomes an item with a failed status.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import shapely

from engine.build.build_options import BuildOptions, BuildReport
from engine.build.build_rasters import BuiltRasters, build_any
from engine.build.definition_folder import DefinitionFolder, read_facts, write_facts
from engine.build.dimension_census import has_slices
from engine.build.fingerprint import item_fingerprint
from engine.build.footprint_rows import FOOTPRINTS, stated_rule
from engine.build.footprint_rule import FootprintRule, text_of_rule
from engine.build.history import note_history
from engine.build.item_build import BuiltItem, ItemJob
from engine.build.item_chain import raster_records
from engine.build.item_row import BuiltState, InputRow, ItemRow, hash_shape
from engine.build.moved_rows import MovedRows
from engine.build.overview_options import keep_overview_options, overview_options
from engine.build.overviews import OverviewBuild, make_overviews
from engine.build.picture_choice import picture_note
from engine.build.pixel_size_ranges import primary_range
from engine.build.progress import Progress, no_progress
from engine.build.pyramid_file import make_pyramid
from engine.build.pyramids import LackingItem, pyramid_plan
from engine.build.raster_record import ItemStatus, headers_to_text, raster_of_text
from engine.build.raster_rows import keep_rasters
from engine.build.reproject_shapes import reproject_edited
from engine.build.settle import differences, settle
from engine.build.source_headers import read_first_headers
from engine.build.sum_up import sum_up
from engine.build.table_rows import SHAPES_CRS
from engine.build.table_shapes import is_box_of
from engine.build.terrain_pins import TerrainPins
from engine.build.workers import InProcess, Workers
from engine.errors import ConfigError, SourceError, SourceUnavailable, UnknownProduct
from engine.item import COMPANION, COMPANION_END_PS, OVERVIEW, PRIMARY
from engine.readers.source_state import GONE, state_of_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.definition import ServiceProperties
    from engine.build.band_mapping import BandMapping
    from engine.build.placement import Placement
    from engine.build.raster_record import PyramidFile, RasterDefinition
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable
    from engine.results import AttributeValue

_BATCH = 64


def build_definition(
    folder: DefinitionFolder,
    options: BuildOptions | None = None,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> BuildReport:
    """Build what is new or changed in a definition.

    Raises
    ------
    ConfigError
        No raster can be served, or definition.toml does not fit the rasters.
    """
    with folder.table() as table:
        run = _Build(folder, table, options or BuildOptions(), progress)
        return run.run(workers or InProcess())


class _Build:
    def __init__(
        self,
        folder: DefinitionFolder,
        table: ServiceTable,
        options: BuildOptions,
        progress: Progress,
    ) -> None:
        self._folder, self._table = folder, table
        self._progress = progress
        self._overviews = overview_options(table, options)
        self._rule = stated_rule(table, options.footprints)
        self._options = options
        self._report = BuildReport()
        self._properties: ServiceProperties = folder.properties()
        self._facts: ServiceFacts
        self._old_crs = ""
        self._srs_id = -1
        self._pins = TerrainPins(folder, table)
        self._moved = MovedRows(table)

    def _settle(self, workers: Workers) -> None:
        """Settle what the service is; rows of tables come without headers, some of which tell."""
        old = read_facts(self._table)
        if old is None:
            read_first_headers(self._folder, self._table, workers, self._progress)
        ready = self._table.rows("Category = 1 AND StatusId < 100 AND Header <> ''")
        self._facts = settle(self._folder.toml, self._properties, old, ready)
        # Of the shapes in the catalog.
        self._old_crs = old.crs if old else self._table.info(SHAPES_CRS)

    def run(self, workers: Workers) -> BuildReport:
        self._settle(workers)
        with self._table.batch():
            self._srs_id = self._table.set_crs(self._facts.crs)
            if self._old_crs and self._old_crs != self._facts.crs:
                reproject_edited(self._table, self._old_crs, self._facts.crs, self._srs_id)
            # Kept from now on, so that an interrupted build goes on with the same service.
            write_facts(self._table, self._facts)
            self._table.set_info(FOOTPRINTS, text_of_rule(self._rule))
            keep_overview_options(self._table, self._overviews)
            self._pins.pin(self._table, (row.raster for row in self._table.input_rows()))
        self._build_changed(workers)
        if self._options.pyramids:
            self._make_pyramids(workers)
        self._total()
        if not self._options.items_only:
            self._make_overviews(workers)
        self._report.facts = self._facts
        self._report.picture_note = picture_note(self._facts, self._properties.picture_bands)
        if done := self._report.told:
            note_history(self._table, "build", done)
        return self._report

    # Items

    def _build_changed(self, workers: Workers) -> None:
        changed, gone = self._changed_files()
        waiting, count = [], 0
        for row in self._table.input_rows():
            count += 1
            if row.status == ItemStatus.NOT_FOUND and row.id not in gone:
                # What was not there is there again, perhaps just as it was.
                changed.add(row.id)
            if self._must_build(row, changed):
                waiting.append(row.id)
        self._report.unchanged = count - len(waiting)
        self._build_items(workers, waiting)

    def _build_items(self, workers: Workers, waiting: list[int]) -> None:
        self._progress("building items", 0, len(waiting))
        rows: dict[int, ItemRow] = {}
        results = workers.map(build_any, self._jobs(waiting, rows))
        done = 0
        while batch := list(islice(results, _BATCH)):
            with self._table.batch():
                for job, result in batch:
                    self._store(rows.pop(job.id), result)
            done += len(batch)
            self._progress("building items", done, len(waiting))
        self._progress("building items", len(waiting), len(waiting))

    def _changed_files(self) -> tuple[set[int], set[int]]:
        """Return the items of which a file has changed since its header was read, or is not there."""
        changed, gone = set(), set()
        self._report.missing = []
        for fid, path, size, mtime_ns in self._table.source_rows():
            # Joining paths is slow, and most are absolute.
            state = state_of_source(path if path.startswith("/") else self._folder.resolve(path))
            if state == GONE:
                self._report.missing.append(path)
                gone.add(fid)
            elif state != (size, mtime_ns):
                changed.add(fid)
        return changed, gone

    def _must_build(self, row: InputRow, changed: set[int]) -> bool:
        """Tell whether a row is new, was edited, or has a file that changed."""
        if row.status >= ItemStatus.FAILED and not row.header and row.id not in changed:
            # Its file could not be read when it was added, and is the same still.
            return False
        if row.id in changed or row.status == ItemStatus.ADDED:
            return True
        computed = self._fingerprint(row.raster, row.header)
        if row.fingerprint != computed and not self._moved.holds(row.id, computed, row.fingerprint):
            return True
        is_primary = row.category == PRIMARY and row.status == ItemStatus.READY
        return self._options.statistics and is_primary and not row.statistics_bytes

    def _fingerprint(self, raster_text: str, header_text: str) -> str:
        """Return the fingerprint of all that goes into an item."""
        texts = (raster_text + self._pins.state(raster_text), header_text)
        return item_fingerprint(self._facts, self._rule, texts)

    def _jobs(self, fids: list[int], rows: dict[int, ItemRow]) -> Iterator[ItemJob]:
        for row in self._rows(fids):
            fid = row.id
            try:
                raster = raster_of_text(row.raster_text)
                headers = row.headers
            except msgspec.MsgspecError as err:
                self._fail(row, ItemStatus.BAD_DEFINITION, f"Its field Raster is wrong: {err}.")
                continue
            try:
                rasters = raster_records(raster, self._folder.path)
            except ConfigError as err:
                self._fail(row, ItemStatus.BAD_DEFINITION, f"{err}.")
                continue
            if not raster.sources:
                self._fail(row, ItemStatus.BAD_DEFINITION, "Its field Raster names no source.")
                continue
            rows[fid] = row
            yield ItemJob(
                id=fid,
                raster=self._resolved(raster),
                rasters=tuple(map(self._resolved, rasters)),
                headers=headers,
                service_crs=self._facts.crs,
                band_count=len(self._facts.bands),
                pixel_type=self._facts.pixel_type,
                footprints=self._rule if row.category == PRIMARY else FootprintRule(),
                statistics=self._options.statistics and row.category == PRIMARY,
            )

    def _rows(self, fids: list[int]) -> Iterator[ItemRow]:
        """Yield rows that are still there; reading one alone takes three times as long."""
        for start in range(0, len(fids), _BATCH):
            part = fids[start : start + _BATCH]
            where = f"OBJECTID IN ({', '.join('?' * len(part))})"
            # All of them now: between two rows others are written.
            found = {row.id: row for row in self._table.rows(where, tuple(part))}
            yield from (found[fid] for fid in part if fid in found)

    def _resolved(self, raster: RasterDefinition) -> RasterDefinition:
        """Return a record with absolute files, and terrain that is a file."""
        sources = tuple(
            msgspec.structs.replace(source, path=self._folder.resolve(source.path))
            for source in raster.sources
        )
        geolocation = self._pins.resolved(raster.geolocation)
        return msgspec.structs.replace(raster, sources=sources, geolocation=geolocation)

    def _fail(self, row: ItemRow, status: ItemStatus, message: str) -> None:
        self._table.update(row.id, {"StatusId": int(status), "StatusMessage": message})
        fingerprint = self._fingerprint(row.raster_text, row.header_text)
        self._table.set_built(row.id, replace(row.built, fingerprint=fingerprint, statistics=b""))
        self._report.failed.append((row.id, row.name, message))

    def _store(self, row: ItemRow, result: BuiltItem | SourceError) -> None:
        if isinstance(result, SourceError):
            if not row.header_text:
                # Tried again when the file is another.
                self._table.set_headers(row.id, (), row.raster.sources)
            self._fail(row, _status_of(result), _sentence(result))
            return
        several = result.sources if isinstance(result, BuiltRasters) else ()
        if several or result.headers != row.headers:
            sources = several or row.raster.sources
            self._table.set_headers(row.id, result.headers, sources)
            row = replace(row, header_text=headers_to_text(result.headers))
        if result.placement is None or result.mapping is None:
            self._fail(row, result.status, result.message)
            return
        self._store_ready(row, result)

    def _store_ready(self, row: ItemRow, built: BuiltItem) -> None:
        placement, mapping = built.placement, built.mapping
        if placement is None or mapping is None:
            raise ValueError("an item without a place is not ready")
        notes = built.notes
        if row.category == PRIMARY and row.raster.process is None:
            asked = any(source.bands for source in row.raster.sources)
            notes += differences(self._facts, mapping, asked=asked)
        message = " ".join(notes)
        if notes:
            self._report.notes.append((row.id, row.name, message))
        values: dict[str, AttributeValue] = {
            "StatusId": int(ItemStatus.READY),
            "StatusMessage": message,
            "LowPS": built.low_ps,
            "HighPS": built.high_ps,
            "CenterX": placement.center_x,
            "CenterY": placement.center_y,
        }
        if row.category == PRIMARY:
            values |= {"MinPS": 0.0, "MaxPS": self._end_of_range(built.low_ps)}
        elif row.category == COMPANION:
            values |= {"MinPS": 0.0, "MaxPS": COMPANION_END_PS}
        self._table.update(row.id, values)
        shape_hash = hash_shape(placement.wkb)
        if row.is_edited and not _is_index_box(row, placement):
            # Without a hash it is as a table brought it: no build has made another.
            self._report.edited += bool(row.built.shape_hash)
            shape_hash = row.built.shape_hash
        else:
            self._table.set_shape(row.id, placement.wkb, self._srs_id)
        pyramids = self._kept_pyramids(row, built, mapping)
        state = BuiltState(
            pyramids=pyramids,
            fingerprint=self._fingerprint(row.raster_text, row.header_text),
            shape_hash=shape_hash,
            rings=built.rings,
            statistics=built.tallies,
        )
        self._table.set_built(row.id, state)
        several = built.rasters if isinstance(built, BuiltRasters) else ()
        keep_rasters(self._table, row.id, state.fingerprint, several)
        self._report.built += row.category != OVERVIEW

    def _kept_pyramids(
        self, row: ItemRow, built: BuiltItem, mapping: BandMapping
    ) -> tuple[PyramidFile, ...]:
        """Return the levels made before for files that have not changed; HighPS follows them."""
        if not row.built.pyramids:
            return ()
        folder, thematic = str(self._folder.path), self._facts.data_type == "thematic"
        item = LackingItem(row.id, folder, row.raster, built.headers, mapping, thematic)
        pyramids = item.kept(row.built.pyramids)
        if pyramids:
            self._table.update(row.id, {"HighPS": item.high_ps(pyramids, built.low_ps)})
        return pyramids

    def _end_of_range(self, low_ps: float) -> float:
        return primary_range(low_ps, self._facts.overview_sizes).end

    # The whole

    def _total(self) -> None:
        self._progress("summing up", 0, 1)
        self._facts = sum_up(self._table, self._facts, self._srs_id, self._folder.path)
        self._progress("summing up", 1, 1)

    def _make_pyramids(self, workers: Workers) -> None:
        """Make levels for primaries that lack them."""
        thematic = self._facts.data_type == "thematic"
        count = len(self._facts.bands)
        plan = pyramid_plan(self._folder, self._table, count, thematic=thematic)
        self._report.pyramid_notes = tuple(plan.notes())
        self._progress("making pyramids", 0, len(plan.jobs))
        for job, result in workers.map(make_pyramid, plan.jobs):
            if isinstance(result, SourceError):
                self._report.notes.append((job.id, job.header.path, _sentence(result)))
                continue
            pyramids, high_ps = plan.made(job.id, result)
            with self._table.batch():
                self._table.set_pyramids(job.id, pyramids, high_ps)
            self._report.pyramids += 1
            self._progress("making pyramids", self._report.pyramids, len(plan.jobs))

    def _make_overviews(self, workers: Workers) -> None:
        by = self._overviews.by
        self._facts = msgspec.structs.replace(self._facts, overview_field=by)
        build = OverviewBuild(
            folder=self._folder,
            table=self._table,
            facts=self._facts,
            properties=self._properties,
            workers=workers,
            progress=self._progress,
            build_items=lambda fids: self._build_items(workers, fids),
        )
        # An overview would be of all slices, and those that are asked for are few.
        mode = "none" if has_slices(self._table) else self._overviews.mode
        found = make_overviews(build, mode)
        self._report.overviews = found.made
        self._report.overview_notes = found.notes
        self._report.overview_cost = found.cost
        first = found.sizes[0] if found.sizes else 0.0
        self._facts = msgspec.structs.replace(
            self._facts, overview_sizes=found.sizes, overview_ps=first
        )
        with self._table.batch():
            write_facts(self._table, self._facts)


def _is_index_box(row: ItemRow, placement: Placement) -> bool:
    """Tell whether a footprint that a table brought is but the box of the raster."""
    if row.built.shape_hash:
        return False
    return is_box_of(shapely.from_wkb(row.wkb), shapely.from_wkb(placement.wkb))


def _status_of(error: SourceError) -> ItemStatus:
    if isinstance(error, SourceUnavailable):
        return ItemStatus.NOT_FOUND
    return ItemStatus.NOT_SUPPORTED if isinstance(error, UnknownProduct) else ItemStatus.CORRUPT


def _sentence(error: SourceError) -> str:
    why = str(error.fields[1]).strip().rstrip(".")
    return f"{why[:1].upper()}{why[1:]}."
