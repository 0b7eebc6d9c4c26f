"""Headers of an item's files: those that are kept while they hold, else read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.readers.header import RasterHeader, read_header
from engine.readers.source_state import check_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.item_row import ItemRow
    from engine.build.progress import Progress
    from engine.build.raster_record import SourceDefinition
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers
    from engine.readers.source_state import SourceState

# So many rasters tell what a service is; where none of them can be read, more are looked at.
_SAMPLE = 200
_MORE = 8


@dataclass(frozen=True, slots=True)
class HeaderJob:
    """An item whose headers were not read when it was added."""

    id: int
    sources: tuple[SourceDefinition, ...]
    headers: tuple[RasterHeader, ...] = ()

    @property
    def path(self) -> str:
        """The first file."""
        return self.sources[0].path


def headers_of_sources(
    sources: Sequence[SourceDefinition], known: Sequence[RasterHeader]
) -> tuple[RasterHeader, ...]:
    """Return the headers of files as they are now, reading only those that changed.

    Raises
    ------
    SourceError
        A file is gone, or cannot be read.
    """
    # Two variables of one file differ in their drivers.
    kept = {(header.path, header.driver): header for header in known}
    kept |= {(header.path, ""): header for header in known}
    headers = []
    for source in sources:
        header = kept.get((source.path, source.driver))
        state = check_source(source.path)
        if header is None or not _is_current(header, source, state):
            header = read_header(source.path, source.driver or None)
        if source.geotransform is not None:
            header = msgspec.structs.replace(header, geotransform=source.geotransform)
        headers.append(header)
    return tuple(headers)


def _is_current(header: RasterHeader, source: SourceDefinition, state: SourceState) -> bool:
    is_same = (header.size, header.mtime_ns) == state
    return is_same and source.driver in ("", header.driver)


def read_headers(job: HeaderJob) -> tuple[RasterHeader, ...]:
    """Read the headers of one item; runs in a worker. Raises SourceError."""
    return headers_of_sources(job.sources, job.headers)


def read_first_headers(
    folder: DefinitionFolder, table: ServiceTable, workers: Workers, progress: Progress
) -> None:
    """Read headers of some items that came without, evenly over all, so that a service can be settled.

    Which they are depends on the rows alone: an interrupted build goes on with the same.
    """
    query = (
        "SELECT OBJECTID, CASE WHEN Header = '' THEN 1 ELSE 0 END FROM footprints"
        " WHERE Category = 1 AND StatusId = 1 ORDER BY OBJECTID"
    )
    rows = [(int(fid), bool(lacks)) for fid, lacks in table.execute(query).fetchall()]
    if not any(lacks for _, lacks in rows):
        return
    count, tried, done = _SAMPLE, set[int](), 0
    while True:
        step = max(1, len(rows) // count)
        chosen = [fid for fid, lacks in rows[::step] if lacks and fid not in tried]
        tried.update(chosen)
        progress("reading first headers", done, done + len(chosen))
        found = False
        for job, result in workers.map(read_headers, _jobs(folder, table, chosen)):
            done += 1
            if isinstance(result, tuple):
                found = True
                with table.batch():
                    table.set_headers(job.id, result, job.sources)
            progress("reading first headers", done, max(done, len(tried)))
        if found or step == 1 or len(chosen) < len(rows[::step]):
            return
        count *= _MORE


def _jobs(
    folder: DefinitionFolder, table: ServiceTable, fids: Sequence[int]
) -> Iterator[HeaderJob]:
    for fid in fids:
        row = table.row(fid)
        sources = () if row is None else _sources(folder, row)
        if sources:
            yield HeaderJob(fid, sources)


def _sources(folder: DefinitionFolder, row: ItemRow) -> tuple[SourceDefinition, ...]:
    try:
        sources = row.raster.sources
    except msgspec.MsgspecError:
        # Edited wrongly: building the item says so.
        return ()
    return tuple(
        msgspec.structs.replace(source, path=folder.resolve(source.path)) for source in sources
    )
