"""Check the files of a definition: missing, changed, corrupt.

Rules: nothing is changed but a note of which files were read whole, so that a deep check which was
interrupted goes on where it stopped. A file that is read whole is read block by block, at all its levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from engine.build.block_check import CheckJob, check_blocks, check_jobs
from engine.build.progress import Progress, no_progress
from engine.build.raster_record import ItemStatus, headers_of_text, raster_of_text
from engine.build.row_selection import select_rows
from engine.build.workers import InProcess, Workers
from engine.errors import SourceError
from engine.readers.source_state import GONE, state_of_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.item_row import ItemRow
    from engine.build.service_table import ServiceTable
    from engine.readers.header import RasterHeader

FaultKind: TypeAlias = Literal["missing", "changed", "corrupt", "failed"]
SideFiles: TypeAlias = "Mapping[int, Mapping[str, tuple[int, int]]]"

_BATCH = 64
_RUN = "check_run"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS swath_checks (path TEXT PRIMARY KEY NOT NULL, run TEXT NOT NULL,"
    " size INTEGER, mtime_ns INTEGER, fault TEXT NOT NULL)"
)


class Fault(NamedTuple):
    """Something wrong with an item's file; `why` is a sentence."""

    fid: int
    name: str
    kind: FaultKind
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What `swath definition check` is asked to do.

    Attributes
    ----------
    where
        Condition for the items to look at; "" = all.
    is_deep : bool
        Read every block.
    """

    where: str = ""
    is_deep: bool = False


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was looked at, and what is wrong, in order of OBJECTID."""

    items: int
    files: int
    read: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _File:
    fid: int
    name: str
    path: str
    driver: str
    header: RasterHeader | None

    @property
    def state(self) -> tuple[int, int]:
        """Size and time of change as known; (-1, 0) where its header is not."""
        return (self.header.size, self.header.mtime_ns) if self.header else (-1, 0)


def check_sources(
    folder: DefinitionFolder,
    options: CheckOptions | None = None,
    side_files: SideFiles | None = None,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> CheckReport:
    """Compare the files of items with what is known of them.

    Parameters
    ----------
    side_files
        Files of text that were read for items, by OBJECTID, with size and time of change.

    Raises
    ------
    ConfigError
        The condition is wrong.
    """
    options = options or CheckOptions()
    with folder.table() as table:
        fids = set(select_rows(table, options.where))
        run = _Check(folder, table, progress)
        for row in table.rows():
            if row.id in fids:
                run.look_at(row, dict((side_files or {}).get(row.id, {})))
                progress("looking at files", run.items, len(fids))
        read = run.read(workers or InProcess()) if options.is_deep else 0
        run.take_noted()
    return CheckReport(run.items, run.files, read, tuple(sorted(run.faults)))


def is_damaged(row: ItemRow) -> bool:
    """Tell whether an item serves, but for a part that could not be read when it was built."""
    return row.status is ItemStatus.READY and "cannot be read" in row.message


class _Check:
    def __init__(self, folder: DefinitionFolder, table: ServiceTable, progress: Progress) -> None:
        self._folder, self._table, self._progress = folder, table, progress
        self.items = self.files = 0
        self.faults: list[Fault] = []
        self._whole: dict[str, _File] = {}
        self._noted: list[Fault] = []

    def look_at(self, row: ItemRow, side_files: dict[str, tuple[int, int]]) -> None:
        """Compare the files of an item with what is known; keeps those that may be read whole."""
        self.items += 1
        before = len(self.faults)
        for file in self._files_of(row):
            self.files += 1
            side_files.pop(file.path, None)
            kind, why = _state_of(file.path, file.state)
            if kind is None:
                self._whole.setdefault(file.path, file)
            else:
                self.faults.append(Fault(row.id, row.name, kind, file.path, why))
        for path, known in side_files.items():
            kind, why = _state_of(path, known)
            if kind is not None and known[0] >= 0:
                self.faults.append(Fault(row.id, row.name, kind, path, why))
        if row.status.is_failed and len(self.faults) == before:
            kind = "corrupt" if row.status is ItemStatus.CORRUPT else "failed"
            first = next((file.path for file in self._files_of(row)), "")
            self.faults.append(Fault(row.id, row.name, kind, first, row.message))
        elif is_damaged(row) and len(self.faults) == before:
            paths = [file.path for file in self._files_of(row)]
            own = next((path for path in paths if Path(path).name in row.message), paths[0])
            self._noted.append(Fault(row.id, row.name, "corrupt", own, row.message))

    def take_noted(self) -> None:
        """Take up what builds found that could not be read, where reading has not said so."""
        told = {fault.fid for fault in self.faults if fault.kind == "corrupt"}
        self.faults += [fault for fault in self._noted if fault.fid not in told]

    def _files_of(self, row: ItemRow) -> Iterator[_File]:
        try:
            headers = {header.path: header for header in headers_of_text(row.header_text)}
            sources = raster_of_text(row.raster_text).sources
        except ValueError as err:
            why = f"Its field Raster or Header is wrong: {err}."
            self.faults.append(Fault(row.id, row.name, "failed", "", why))
            return
        paths = {source.path: source.driver for source in sources}
        for path in {**paths, **dict.fromkeys(headers.keys() - paths.keys(), "")}:
            header = headers.get(path)
            driver = paths.get(path) or (header.driver if header else "")
            found = self._folder.resolve(path)
            yield _File(row.id, row.name, found, driver, header)

    def read(self, workers: Workers) -> int:
        """Read files whole that no earlier part of this check has read, and return their count."""
        self._table.execute(_TABLE)
        run = self._table.state(_RUN).decode() or datetime.now(UTC).isoformat()
        with self._table.batch():
            self._table.set_state(_RUN, run.encode())
            self._table.execute("DELETE FROM swath_checks WHERE run <> ?", (run,))
        known = {
            (str(path), int(size), int(mtime_ns)): str(fault)
            for path, size, mtime_ns, fault in self._table.execute(
                "SELECT path, size, mtime_ns, fault FROM swath_checks"
            )
        }
        waiting = []
        for file in self._whole.values():
            fault = known.get((file.path, *file.state))
            if fault is None:
                waiting.append(file)
            elif fault:
                self._note_corrupt(file, fault)
        self._read_all(workers, waiting, run)
        with self._table.batch():
            # It has come to its end: the next check reads all anew.
            self._table.set_state(_RUN, b"")
            self._table.execute("DELETE FROM swath_checks WHERE run = ?", (run,))
        return len(self._whole)

    def _read_all(self, workers: Workers, waiting: list[_File], run: str) -> None:
        done = 0
        self._progress("reading blocks", 0, len(waiting))
        results = workers.map(check_blocks, _jobs(waiting))
        faults: dict[str, str] = {}
        while batch := list(islice(results, _BATCH)):
            with self._table.batch():
                for job, result in batch:
                    why = f"{result.fields[1]}." if isinstance(result, SourceError) else result
                    if why:
                        faults.setdefault(job.path, why)
                    if not job.is_last:
                        continue
                    file = self._whole[job.path]
                    fault = faults.get(job.path, "")
                    if fault:
                        self._note_corrupt(file, fault)
                    self._keep(file, run, fault)
                    done += 1
            self._progress("reading blocks", done, len(waiting))

    def _keep(self, file: _File, run: str, fault: str) -> None:
        self._table.execute("DELETE FROM swath_checks WHERE path = ?", (file.path,))
        self._table.execute(
            "INSERT INTO swath_checks (path, run, size, mtime_ns, fault) VALUES (?, ?, ?, ?, ?)",
            (file.path, run, *file.state, fault),
        )

    def _note_corrupt(self, file: _File, why: str) -> None:
        self.faults.append(Fault(file.fid, file.name, "corrupt", file.path, why))


def _jobs(files: list[_File]) -> Iterator[CheckJob]:
    for file in files:
        header = file.header
        levels, bands = (header.levels, len(header.bands)) if header else ((), 0)
        yield from check_jobs(file.path, file.driver, levels, bands)


def _state_of(path: str, known: tuple[int, int]) -> tuple[FaultKind | None, str]:
    state = state_of_source(path)
    if state == GONE:
        return "missing", "No such file or object, or it may not be read."
    if known[0] < 0:
        return None, ""
    if state.size != known[0]:
        return "changed", f"Has {state.size} bytes, had {known[0]}."
    if state.mtime_ns != known[1]:
        return "changed", "Was written since it was read."
    return None, ""
