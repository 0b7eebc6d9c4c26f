"""Files of a definition were moved: put their new places into all that names them.

Rules: what build made still holds where the files are the same; they are where size and time agree, or
where size and everything in the header do. Other files count as changed, and the next build reads them.
Overviews and pyramids belong to the definition and are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.build.definition_folder import read_facts
from engine.build.fingerprint import item_fingerprint
from engine.build.footprint_rows import stated_rule
from engine.build.history import note_history
from engine.build.moved_rows import MovedRows
from engine.build.path_rule import PathRule, with_any_path, with_paths
from engine.build.progress import Progress, no_progress
from engine.build.terrain_pins import TerrainPins
from engine.build.workers import InProcess, Workers
from engine.errors import ConfigError, SourceError
from engine.item import OVERVIEW
from engine.readers.header import RasterHeader, read_header
from engine.readers.source_state import state_of_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable

_BATCH = 200
# What raster types keep of how items were added (`raster_types.adding.added`, `raster_types.adding.additions`).
_STATES = ("added", "additions")
_TERRAINS = "terrains"


@dataclass(slots=True)
class PathRepair:
    """What became of the paths.

    Attributes
    ----------
    items, files : int
        Named anew; items of which a path changed, and files.
    known : int
        Files of the definition.
    kept : int
        Items whose files are the same: nothing is built again.
    changed : int
        Items to be built again.
    missing : list of paths
        New places where there is no file.
    examples : list of (old path, new path)
    """

    items: int = 0
    files: int = 0
    known: int = 0
    kept: int = 0
    changed: int = 0
    missing: list[str] = field(default_factory=list)
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    fid: int
    raster: str
    header: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class HeaderJob:
    """A moved file of another time, to be compared with what is known of it."""

    path: str
    header: RasterHeader


def is_same_raster(job: HeaderJob) -> bool:
    """Tell whether a file's header says what is known, but for its place and time; for workers.

    Raises
    ------
    SourceError
        It cannot be read.
    """
    found = read_header(job.path, job.header.driver)
    moved = msgspec.structs.replace(job.header, path=job.path, mtime_ns=found.mtime_ns)
    return found == moved


def repair_paths(
    folder: DefinitionFolder,
    rule: PathRule,
    words: str,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> PathRepair:
    """Name files anew; all together, or nothing where it is interrupted.

    Parameters
    ----------
    words
        What the rule does, for the history.

    Raises
    ------
    ConfigError
        The rule fits no file, or none of the files is where it says: nothing was changed.
    """
    with folder.table() as table:
        return _Repair(folder, table, rule, progress).run(words, workers or InProcess())


def preview_repair(folder: DefinitionFolder, rule: PathRule, words: str) -> PathRepair:
    """Tell what `repair_paths` would do, without looking into files; raises as it does."""
    with folder.table() as table:
        repair = _Repair(folder, table, rule, no_progress)
        repair.survey()
        if repair.report.known and not repair.report.items:
            raise ConfigError("FROM", words, repair.why_nothing)
        return repair.report


class _Repair:
    def __init__(
        self, folder: DefinitionFolder, table: ServiceTable, rule: PathRule, progress: Progress
    ) -> None:
        self._table, self._rule, self._progress = table, rule, progress
        self._facts = read_facts(table)
        self._footprints = stated_rule(table)
        self._pins = TerrainPins(folder, table)
        self._moved = MovedRows(table)
        self._moves: dict[str, str] = {}
        self._fids: set[int] = set()
        self.report = PathRepair()
        self._example = ""

    @property
    def why_nothing(self) -> str:
        """What is to be said where the rule fits no file."""
        return f"fits none of the {self.report.known} files, such as {self._example}; nothing is changed"

    def survey(self) -> None:
        """Find the files that have another place now, and whether they are there."""
        for fid, path, _, _ in self._table.source_rows():
            if path.startswith("overviews/"):
                continue
            self.report.known += 1
            self._example = self._example or path
            new = self._rule(path)
            if new == path:
                continue
            self._fids.add(fid)
            if path not in self._moves:
                self._moves[path] = new
                if not Path(new).is_file():
                    self.report.missing.append(new)
        self.report.files = len(self._moves)
        self.report.items = len(self._fids)
        self.report.examples = list(islice(self._moves.items(), 5))

    def run(self, words: str, workers: Workers) -> PathRepair:
        self.survey()
        report = self.report
        if report.files and len(report.missing) == report.files:
            why = f"none of the {report.files} files is there, such as {report.missing[0]}"
            raise ConfigError("TO", words, f"{why}; nothing was changed")
        times = self._times_of_same_files(workers)
        done = 0
        with self._table.batch():
            for row in self._rows():
                self._rewrite(row, times)
                done += 1
                self._progress("naming files anew", done, done)
            is_news = self._rewrite_states()
            if report.known and not (report.items or is_news):
                raise ConfigError("FROM", words, self.why_nothing)
            if report.items or is_news:
                text = f"{words}: {report.items} items, {report.changed} of them changed."
                note_history(self._table, "repair paths", text)
        return report

    def _rows(self) -> Iterator[_Row]:
        """Yield all rows but overviews, in pages, as they are written meanwhile."""
        query = (
            'SELECT "OBJECTID", coalesce("Raster", \'\'), coalesce("Header", \'\'),'
            " coalesce(b.fingerprint, '') FROM footprints f LEFT JOIN swath_build b"
            f' ON b.fid = f."OBJECTID" WHERE coalesce("Category", 1) <> {OVERVIEW}'
            f' AND "OBJECTID" > ? ORDER BY "OBJECTID" LIMIT {_BATCH}'
        )
        last = -1
        while page := self._table.execute(query, (last,)).fetchall():
            yield from (_Row(*record) for record in page)
            last = page[-1][0]

    def _times_of_same_files(self, workers: Workers) -> dict[str, int]:
        """Return the times of files, by new path, that are the same though their times differ."""
        times: dict[str, int] = {}
        jobs = list(self._doubtful())
        self._progress("comparing headers", 0, len(jobs))
        for number, (job, result) in enumerate(workers.map(is_same_raster, jobs), 1):
            if not isinstance(result, SourceError) and result:
                times[job.path] = state_of_source(job.path).mtime_ns
            self._progress("comparing headers", number, len(jobs))
        return times

    def _doubtful(self) -> Iterator[HeaderJob]:
        seen: set[str] = set()
        for row in self._rows():
            if row.fid not in self._fids or not row.header:
                continue
            for header in msgspec.json.decode(row.header, type=tuple[RasterHeader, ...]):
                new = self._moves.get(header.path, "")
                if not new or new in seen:
                    continue
                seen.add(new)
                state = state_of_source(new)
                if state.size == header.size and state.mtime_ns != header.mtime_ns:
                    yield HeaderJob(new, header)

    def _rewrite(self, row: _Row, times: dict[str, int]) -> None:
        try:
            raster = _rewritten(row.raster, self._rule)
            headers = _with_times(_rewritten(row.header, self._rule), times)
        except msgspec.DecodeError as err:
            raise ConfigError(f"OBJECTID {row.fid}", "Raster or Header", str(err)) from err
        if (raster, headers) == (row.raster, row.header):
            return
        # A terrain that was moved has another state: what stands of it was in force.
        was_built = row.fingerprint and (
            '"terrain":"Raster"' in row.raster or self._is_built(row, row.raster, row.header)
        )
        self._table.update(row.fid, {"Raster": raster, "Header": headers})
        is_same = True
        query = "SELECT path, size, mtime_ns FROM swath_sources WHERE fid = ?"
        for path, size, known_ns in self._table.execute(query, (row.fid,)).fetchall():
            new = self._rule(path)
            mtime_ns = times.get(new, known_ns)
            is_same &= _state(new) == (size, mtime_ns)
            self._table.execute(
                "UPDATE swath_sources SET path = ?, mtime_ns = ? WHERE fid = ? AND path = ?",
                (new, mtime_ns, row.fid, path),
            )
        if is_same and was_built and not self._table.state(f"rasters:{row.fid}"):
            self._moved.note(row.fid, self._fingerprint(raster, headers), row.fingerprint)
            self.report.kept += 1
        else:
            self.report.changed += 1

    def _is_built(self, row: _Row, raster: str, header: str) -> bool:
        computed = self._fingerprint(raster, header)
        return row.fingerprint == computed or self._moved.holds(row.fid, computed, row.fingerprint)

    def _fingerprint(self, raster: str, header: str) -> str:
        if self._facts is None:
            return ""
        texts = (raster + self._pins.state(raster), header)
        return item_fingerprint(self._facts, self._footprints, texts)

    def _rewrite_states(self) -> bool:
        """Rewrite what is kept of how items were added, and of terrain; tell whether it changed."""
        is_news = False
        for key in _STATES:
            packed = self._table.state(key)
            if not packed:
                continue
            new = msgspec.msgpack.encode(
                with_any_path(msgspec.msgpack.decode(packed, strict=False), self._rule)
            )
            if new != packed:
                self._table.set_state(key, new)
                is_news = True
        terrains = self._table.info(_TERRAINS)
        if terrains:
            found = with_any_path(msgspec.json.decode(terrains), self._rule)
            self._table.set_info(_TERRAINS, msgspec.json.encode(found).decode())
        return is_news


def _rewritten(text: str, rule: PathRule) -> str:
    """Return JSON with other paths; the text itself where none differs."""
    if not text:
        return text
    value = msgspec.json.decode(text)
    new = with_paths(value, rule)
    return text if new == value else msgspec.json.encode(new).decode()


def _with_times(text: str, times: dict[str, int]) -> str:
    if not text or not times:
        return text
    headers: list[dict[str, Any]] = msgspec.json.decode(text)
    for header in headers:
        header["mtime_ns"] = times.get(header["path"], header["mtime_ns"])
    return msgspec.json.encode(headers).decode()


def _state(path: str) -> tuple[int, int]:
    return state_of_source(path)
