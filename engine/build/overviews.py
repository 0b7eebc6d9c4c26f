"""Make the service overviews that a definition needs, and remake those whose rasters changed.

Rows of overviews are not ready until all of them are made and the pixel-size ranges are set, in one
transaction: an interrupted build leaves a definition that says it must be built, never one where a
primary and its overview both show.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.build.compile import compile_definition
from engine.build.definition_file import without_catalog
from engine.build.overview_cost import overview_cost
from engine.build.overview_members import (
    blanked,
    cell_boxes,
    cell_digests,
    changed_cells,
    ground_sizes_m,
    read_primaries,
    rule_text,
)
from engine.build.overview_plan import (
    OverviewFile,
    OverviewMode,
    overview_sizes,
    steady_sizes,
)
from engine.build.overview_render import (
    RenderedOverview,
    RenderJob,
    can_keep_cells,
    render_overview,
)
from engine.build.overview_sets import OverviewSet, overview_sets
from engine.build.pixel_size_ranges import check_partition, overview_range, primary_range
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.build.table_extract import extract_items
from engine.build.terrain_pins import TERRAIN_FOLDER
from engine.errors import SourceError
from engine.item import OVERVIEW
from engine.readers.header import read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from config.definition import ServiceProperties
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.overview_members import Primaries
    from engine.build.progress import Progress
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers

RASTER_TYPE = "overview"
_WORK = ".work.isdef"
_STAGE = "making overviews"
_MARGIN_PX = 4


class _Made(msgspec.Struct, frozen=True):
    """One overview that was made: of what, cell by cell, and its item (0 = it has no valid pixel)."""

    fid: int
    cells: bytes = b""


@dataclass(frozen=True, slots=True)
class _Todo:
    """A file to be made, and which of its cells."""

    file: OverviewFile
    cells: tuple[int, ...]
    digests: bytes


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be made of one set, and the edges between size bands, generation by generation."""

    overviews: OverviewSet
    edges: list[list[float]]
    todo: list[_Todo]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewBuild:
    """What making overviews needs of the build around it.

    Attributes
    ----------
    build_items : callable
        Builds rows by OBJECTID: gives overviews their footprints.
    """

    folder: DefinitionFolder
    table: ServiceTable
    facts: ServiceFacts
    properties: ServiceProperties
    workers: Workers
    progress: Progress
    build_items: Callable[[list[int]], None]


@dataclass(frozen=True, slots=True)
class OverviewResult:
    """Pixel sizes of the generations, count of files made in this run, what went wrong, and the cost."""

    sizes: tuple[float, ...]
    made: int
    notes: tuple[str, ...]
    cost: str


def make_overviews(build: OverviewBuild, mode: OverviewMode) -> OverviewResult:
    """Make what is missing, drop what is not needed any more, and set all pixel-size ranges.

    Raises
    ------
    ConfigError
        Ranges edited by hand leave a gap.
    """
    extent, field = build.facts.extent, build.facts.overview_field
    method = build.properties.mosaic_method
    primaries = read_primaries(build.table, build.facts.crs, field, method)
    sizes: tuple[float, ...] = ()
    if extent is not None:
        wanted = overview_sizes(primaries.boxes, extent, mode)
        sizes = steady_sizes(build.facts.overview_sizes, wanted, extent)
    cost = overview_cost(primaries.boxes, extent, build.facts.crs, sizes)
    sets = overview_sets(primaries, sizes, extent, field)
    made, notes = _Run(build, sizes, primaries).run(sets)
    return OverviewResult(sizes, made, notes, cost)


class _Run:
    def __init__(
        self, build: OverviewBuild, sizes: tuple[float, ...], primaries: Primaries
    ) -> None:
        self._build, self._sizes = build, sizes
        self._primaries = primaries
        self._table = build.table
        packed = self._table.state("overviews")
        self._made = msgspec.msgpack.decode(packed, type=dict[str, _Made]) if packed else {}
        self._notes: list[str] = []
        self._done = 0

    def run(self, sets: list[OverviewSet]) -> tuple[int, tuple[str, ...]]:
        """Make all sets; return how many files were made, and what went wrong."""
        files = [file for each in sets for file in each.files]
        self._drop({file.name for file in files})
        works = [self._work(each) for each in sets]
        todo = [each for work in works for each in work.todo]
        self._build.progress(_STAGE, 0, len(todo))
        if todo:
            self._build.folder.overviews.mkdir(exist_ok=True)
            self._unready([each.file for each in todo])
            self._forget(todo)
        for work in works:
            self._make(work, len(todo))
        self._set_ranges(files)
        return self._done, tuple(self._notes)

    def _work(self, overviews: OverviewSet) -> _Work:
        edges = [self._edges(overviews, number) for number in range(1, len(self._sizes) + 1)]
        todo = [each for each in self._todo(overviews, edges) if each.cells]
        return _Work(overviews, edges, todo)

    def _make(self, work: _Work, total: int) -> None:
        for generation in sorted({each.file.generation for each in work.todo}):
            wanted = [each for each in work.todo if each.file.generation == generation]
            with closing(self._render(work, wanted)) as rendered:
                for each, result in rendered:
                    self._register(each, result, work.overviews)
                    self._done += 1
                    self._build.progress(_STAGE, self._done, total)
            fids = [self._made[each.file.name].fid for each in wanted]
            self._build.build_items([fid for fid in fids if fid])
            self._unready([each.file for each in wanted])

    # What is to be done

    def _edges(self, overviews: OverviewSet, generation: int) -> list[float]:
        """Return the edges between size bands of all that goes into a generation."""
        size = self._sizes[generation - 1]
        if generation == 1:
            return overviews.primaries.edges(0.0, size)
        below = [file for file in overviews.files if file.generation == generation - 1]
        centers = np.array([(f.extent.center_x, f.extent.center_y) for f in below]).reshape(-1, 2)
        sizes = np.array([file.pixel_size for file in below])
        ground_m = ground_sizes_m(self._build.facts.crs, centers, sizes).tolist()
        return overviews.primaries.edges(self._sizes[generation - 2], size, ground_m)

    def _todo(self, overviews: OverviewSet, edges: list[list[float]]) -> Iterator[_Todo]:
        rule = rule_text(self._build.properties, self._build.facts)
        for file in overviews.files:
            own = edges[file.generation - 1]
            head = f"{rule}|{self._sizes[: file.generation]}"
            if file.generation > 1:
                # Overviews are ordered by them too.
                head += f"|{own}"
            digests = cell_digests(file, overviews.primaries, head, own)
            made = self._made.get(file.name)
            known = made.cells if made and self._is_there(file.name, made.fid) else b""
            yield _Todo(file, changed_cells(digests, known), digests)

    def _is_there(self, name: str, fid: int) -> bool:
        return fid == 0 or (self._path(name).is_file() and self._table.row(fid) is not None)

    def _path(self, name: str) -> Path:
        return self._build.folder.overviews / f"{name}.tif"

    def _drop(self, names: set[str]) -> None:
        gone = [name for name in self._made if name not in names]
        with self._table.batch():
            self._table.delete([self._made[name].fid for name in gone if self._made[name].fid])
            for name in gone:
                del self._made[name]
            self._keep()
        for name in gone:
            self._path(name).unlink(missing_ok=True)

    def _keep(self) -> None:
        self._table.set_state("overviews", msgspec.msgpack.encode(self._made))

    def _forget(self, todo: list[_Todo]) -> None:
        """Let an interrupted build make again what is to be made now, whatever happens meanwhile."""
        with self._table.batch():
            for each in todo:
                made = self._made.get(each.file.name)
                if made is not None and len(made.cells) == len(each.digests):
                    self._made[each.file.name] = _Made(made.fid, blanked(made.cells, each.cells))
            self._keep()

    def _unready(self, files: list[OverviewFile]) -> None:
        """Let compile refuse the definition until the ranges are set."""
        with self._table.batch():
            for file in files:
                made = self._made.get(file.name)
                if made is not None and made.fid:
                    self._table.update(made.fid, {"StatusId": int(ItemStatus.ADDED)})

    # Rendering

    def _render(
        self, made_of: _Work, todo: list[_Todo]
    ) -> Generator[tuple[_Todo, RenderedOverview | SourceError]]:
        work = self._build.folder.overviews / _WORK
        shutil.rmtree(work, ignore_errors=True)
        whole = [self._with_all_cells(each) for each in todo]
        try:
            compiled = self._compile_members(work, made_of, whole)
            if compiled is None:
                for each in whole:
                    yield each, RenderedOverview(has_pixels=False, skipped=())
                return
            by_path = {str(self._path(each.file.name)): each for each in whole}
            jobs = [self._job(each, compiled) for each in whole]
            for job, result in self._build.workers.map(render_overview, jobs):
                yield by_path[job.path], result
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _with_all_cells(self, each: _Todo) -> _Todo:
        """Return the whole file as work where there is none to keep cells of."""
        made = self._made.get(each.file.name)
        size = (each.file.width, each.file.height)
        if made is not None and made.fid and can_keep_cells(self._path(each.file.name), *size):
            return each
        return replace(each, cells=tuple(range(len(cell_boxes(each.file)))))

    def _job(self, each: _Todo, compiled: Path) -> RenderJob:
        file = each.file
        return RenderJob(
            path=str(self._path(file.name)),
            service=str(compiled),
            extent=file.extent,
            pixel_size=file.pixel_size,
            width=file.width,
            height=file.height,
            no_data=self._build.facts.no_data,
            thematic=self._build.facts.data_type == "thematic",
            cells=each.cells,
        )

    def _compile_members(self, work: Path, made_of: _Work, todo: list[_Todo]) -> Path | None:
        """Compile what belongs into the cells of one generation: the one before, and new primaries."""
        size = todo[0].file.pixel_size
        generation = todo[0].file.generation
        below = self._sizes[generation - 2] if generation > 1 else 0.0
        members = []
        primaries = made_of.overviews.primaries
        boxes = [cell_boxes(each.file)[number] for each in todo for number in each.cells]
        boxes = [box.expand(_MARGIN_PX * size, _MARGIN_PX * size) for box in boxes]
        for index in primaries.touched(boxes):
            primary = primaries.boxes[index]
            if below < primary.low_ps <= size:
                members.append(primary.id)
        prefix = f"{made_of.overviews.prefix}g{generation - 1}_"
        members += [m.fid for name, m in self._made.items() if name.startswith(prefix) and m.fid]
        if not members:
            return None
        work.mkdir(parents=True)
        text = without_catalog(self._build.folder.toml.read_text(encoding="utf-8"))
        (work / "definition.toml").write_text(text, encoding="utf-8")
        folder = self._build.folder
        for own in (folder.pyramids, folder.overviews, folder.path / TERRAIN_FOLDER):
            # What build made is named relative to the definition.
            (work / own.name).symlink_to(own, target_is_directory=True)
        extract_items(self._table, work / "catalog.gpkg", members)
        compiled = work / "members.zmd"
        bands = made_of.edges[generation - 1]
        compile_definition(work, compiled, workers=self._build.workers, size_edges=bands)
        return compiled

    def _register(
        self, each: _Todo, result: RenderedOverview | SourceError, overviews: OverviewSet
    ) -> None:
        if isinstance(result, SourceError):
            with self._table.batch():
                # What was kept of it may be what is wrong: the next build makes all of it.
                self._made[each.file.name] = _Made(self._made_fid(each.file.name))
                self._keep()
            raise result
        self._notes.extend(result.skipped)
        file = each.file
        with self._table.batch():
            fid = self._made_fid(file.name)
            if not result.has_pixels:
                self._table.delete([fid] if fid else [])
                fid = 0
            else:
                fid = self._write_row(file, fid, overviews)
            self._made[file.name] = _Made(fid, each.digests)
            self._keep()

    def _made_fid(self, name: str) -> int:
        made = self._made.get(name)
        return made.fid if made else 0

    def _write_row(self, file: OverviewFile, fid: int, overviews: OverviewSet) -> int:
        header = read_header(str(self._path(file.name)), "GTiff")
        source = SourceDefinition(path=f"overviews/{file.name}.tif")
        item = NewItem(
            name=f"{self._build.folder.name}_{file.name}",
            raster=RasterDefinition(raster_type=RASTER_TYPE, sources=(source,)),
            headers=(header,),
            attributes=overviews.attributes,
        )
        if fid:
            self._table.replace(fid, item)
            return fid
        return self._table.insert(item, OVERVIEW)

    # Ranges

    def _set_ranges(self, files: list[OverviewFile]) -> None:
        """Set MinPS and MaxPS of all rows at once, after proving that they are a partition."""
        ranges = [primary_range(box.low_ps, self._sizes) for box in self._primaries.boxes]
        check_partition(ranges, self._sizes)
        wanted = np.array([(each.begin, each.end) for each in ranges]).reshape(-1, 2)
        # What is null, NaN here, differs too.
        differs = np.flatnonzero((wanted != self._primaries.ranges).any(axis=1)).tolist()
        with self._table.batch():
            for index in differs:
                box, range_ = self._primaries.boxes[index], ranges[index]
                self._table.set_range(box.id, range_.begin, range_.end)
            for file in files:
                fid = self._made[file.name].fid
                if fid:
                    range_ = overview_range(file.generation, self._sizes)
                    self._table.set_range(fid, range_.begin, range_.end)
                    row = self._table.row(fid)
                    if row is not None and row.status.is_failed:
                        self._notes.append(f"{row.name}: {row.message}")
                    else:
                        self._table.update(fid, {"StatusId": int(ItemStatus.READY)})
