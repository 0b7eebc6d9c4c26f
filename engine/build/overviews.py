"""Make the service overviews that a definition needs, and remake those whose rasters changed.

Rows of overviews are not ready until all of them are made and the pixel-size ranges are set, in one
transaction: an interrupted build leaves a definition that says it must be built, never one where a
primary and its overview both show.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from engine.build.compile import compile_definition
from engine.build.item_row import wkb_extent
from engine.build.overview_plan import (
    FILE_PX,
    GENERATION_STEP,
    OverviewFile,
    OverviewMode,
    PrimaryBox,
    overview_files,
    overview_sizes,
)
from engine.build.overview_render import RenderedOverview, RenderJob, render_overview
from engine.build.pixel_size_ranges import check_partition, overview_range, primary_range
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.build.table_extract import extract_items
from engine.errors import SourceError
from engine.item import OVERVIEW, PRIMARY
from engine.readers.header import read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from config.definition import ServiceProperties
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.progress import Progress
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers
    from engine.extent import Extent

OVERVIEW_VERSION = 1
RASTER_TYPE = "overview"
_WORK = ".work.isdef"
_STAGE = "making overviews"


class _Made(msgspec.Struct, frozen=True):
    """One overview that was made: of what, and its item (0 = it has no valid pixel)."""

    digest: str
    fid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewBuild:
    """What making overviews needs of the build around it.

    Attributes
    ----------
    build_items : callable
        Builds rows that are new: gives overviews their footprints.
    """

    folder: DefinitionFolder
    table: ServiceTable
    facts: ServiceFacts
    properties: ServiceProperties
    workers: Workers
    progress: Progress
    build_items: Callable[[], None]


@dataclass(frozen=True, slots=True)
class OverviewResult:
    """Pixel sizes of the generations, count of files made in this run, and what went wrong."""

    sizes: tuple[float, ...]
    made: int
    notes: tuple[str, ...]


def make_overviews(build: OverviewBuild, mode: OverviewMode) -> OverviewResult:
    """Make what is missing, drop what is not needed any more, and set all pixel-size ranges.

    Raises
    ------
    ConfigError
        Ranges edited by hand leave a gap.
    """
    extent = build.facts.extent
    primaries, row_digests = _primaries(build.table)
    sizes: tuple[float, ...] = ()
    if extent is not None:
        sizes = _steady(build.facts.overview_sizes, overview_sizes(primaries, extent, mode))
        sizes = _long_enough(sizes, extent)
    files = list(overview_files(sizes, extent, primaries)) if extent else []
    return _Run(build, sizes, primaries, row_digests).run(files)


def _primaries(table: ServiceTable) -> tuple[list[PrimaryBox], dict[int, bytes]]:
    """Return the primaries, and for each a digest of all that its pixels in a mosaic depend on."""
    found, digests = [], {}
    for row in table.rows(f"Category = {PRIMARY} AND StatusId = {int(ItemStatus.READY)}"):
        box = wkb_extent(row.wkb) if row.wkb else None
        if box is None:
            continue
        low, high = (float(row.attributes.get(name) or 0.0) for name in ("LowPS", "HighPS"))
        found.append(PrimaryBox(row.id, box, low, high))
        values = {k: v for k, v in row.attributes.items() if k not in ("MinPS", "MaxPS")}
        text = f"{row.id}|{row.built.fingerprint}|{sorted(values.items())!r}".encode()
        digests[row.id] = hashlib.blake2b(text + row.wkb, digest_size=12).digest()
    return found, digests


def _steady(old: tuple[float, ...], new: tuple[float, ...]) -> tuple[float, ...]:
    """Keep sizes that still do: one more scene must not make all overviews anew."""
    if old and new and 0.45 < old[0] / new[0] < 2.2:
        return old
    return new


def _long_enough(sizes: tuple[float, ...], extent: Extent) -> tuple[float, ...]:
    grown = list(sizes)
    while grown and max(extent.width, extent.height) / grown[-1] > FILE_PX:
        grown.append(grown[-1] * GENERATION_STEP)
    return tuple(grown)


class _Run:
    def __init__(
        self,
        build: OverviewBuild,
        sizes: tuple[float, ...],
        primaries: Sequence[PrimaryBox],
        row_digests: dict[int, bytes],
    ) -> None:
        self._build, self._sizes = build, sizes
        self._primaries, self._row_digests = primaries, row_digests
        self._table = build.table
        packed = self._table.state("overviews")
        self._made = msgspec.msgpack.decode(packed, type=dict[str, _Made]) if packed else {}
        self._notes: list[str] = []

    def run(self, files: list[OverviewFile]) -> OverviewResult:
        digests = self._digests(files)
        self._drop({file.name for file in files})
        todo = [file for file in files if not self._is_made(file, digests[file.name])]
        done = 0
        self._build.progress(_STAGE, 0, len(todo))
        if todo:
            self._build.folder.overviews.mkdir(exist_ok=True)
            self._unready(todo)
        for generation in sorted({file.generation for file in todo}):
            wanted = [file for file in todo if file.generation == generation]
            for file, result in self._render(wanted):
                self._register(file, digests[file.name], result)
                done += 1
                self._build.progress(_STAGE, done, len(todo))
            self._build.build_items()
            self._unready(wanted)
        self._set_ranges(files)
        return OverviewResult(self._sizes, done, tuple(self._notes))

    # What is to be done

    def _digests(self, files: list[OverviewFile]) -> dict[str, str]:
        """Return for each file a digest of all that its pixels depend on."""
        if not files:
            return {}
        edges = np.array(
            [(b.extent.xmin, b.extent.ymin, b.extent.xmax, b.extent.ymax) for b in self._primaries]
        )
        tree = shapely.STRtree(shapely.box(*edges.T))
        rule = msgspec.json.encode(self._build.properties)
        digests = {}
        for file in files:
            box = file.extent
            touched = tree.query(shapely.box(box.xmin, box.ymin, box.xmax, box.ymax))
            text = hashlib.blake2b(rule, digest_size=12)
            text.update(f"{OVERVIEW_VERSION}|{file}|{self._sizes[: file.generation]}".encode())
            for index in sorted(touched.tolist()):
                primary = self._primaries[index]
                if primary.low_ps <= file.pixel_size:
                    text.update(self._row_digests[primary.id])
            digests[file.name] = text.hexdigest()
        return digests

    def _is_made(self, file: OverviewFile, digest: str) -> bool:
        made = self._made.get(file.name)
        if made is None or made.digest != digest:
            return False
        return made.fid == 0 or (
            self._path(file.name).is_file() and self._table.row(made.fid) is not None
        )

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

    def _unready(self, files: list[OverviewFile]) -> None:
        """Let compile refuse the definition until the ranges are set."""
        with self._table.batch():
            for file in files:
                made = self._made.get(file.name)
                if made is not None and made.fid:
                    self._table.update(made.fid, {"StatusId": int(ItemStatus.ADDED)})

    # Rendering

    def _render(
        self, files: list[OverviewFile]
    ) -> list[tuple[OverviewFile, RenderedOverview | SourceError]]:
        work = self._build.folder.overviews / _WORK
        shutil.rmtree(work, ignore_errors=True)
        try:
            compiled = self._compile_members(work, files)
            if compiled is None:
                return [(file, RenderedOverview(has_pixels=False, skipped=())) for file in files]
            by_path = {str(self._path(file.name)): file for file in files}
            jobs = [self._job(file, compiled) for file in files]
            results = self._build.workers.map(render_overview, jobs)
            return [(by_path[job.path], result) for job, result in results]
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _job(self, file: OverviewFile, compiled: Path) -> RenderJob:
        return RenderJob(
            path=str(self._path(file.name)),
            service=str(compiled),
            extent=file.extent,
            pixel_size=file.pixel_size,
            width=file.width,
            height=file.height,
            no_data=self._build.facts.no_data,
            thematic=self._build.facts.data_type == "thematic",
        )

    def _compile_members(self, work: Path, files: list[OverviewFile]) -> Path | None:
        """Compile what belongs into the files of one generation: the one before, and new primaries."""
        generation = files[0].generation
        below = self._sizes[generation - 2] if generation > 1 else 0.0
        boxes = shapely.union_all(
            [shapely.box(f.extent.xmin, f.extent.ymin, f.extent.xmax, f.extent.ymax) for f in files]
        )
        members = [
            primary.id
            for primary in self._primaries
            if below < primary.low_ps <= files[0].pixel_size
            and boxes.intersects(
                shapely.box(
                    primary.extent.xmin,
                    primary.extent.ymin,
                    primary.extent.xmax,
                    primary.extent.ymax,
                )
            )
        ]
        prefix = f"g{generation - 1}_"
        members += [m.fid for name, m in self._made.items() if name.startswith(prefix) and m.fid]
        if not members:
            return None
        work.mkdir(parents=True)
        shutil.copy(self._build.folder.toml, work / "definition.toml")
        (work / "pyramids").symlink_to(self._build.folder.pyramids, target_is_directory=True)
        extract_items(self._table.path, work / "catalog.gpkg", members)
        compiled = work / "members.zmd"
        compile_definition(work, compiled)
        return compiled

    def _register(
        self, file: OverviewFile, digest: str, result: RenderedOverview | SourceError
    ) -> None:
        if isinstance(result, SourceError):
            raise result
        self._notes.extend(result.skipped)
        old = self._made.get(file.name)
        with self._table.batch():
            fid = old.fid if old else 0
            if not result.has_pixels:
                self._table.delete([fid] if fid else [])
                fid = 0
            else:
                fid = self._write_row(file, fid)
            self._made[file.name] = _Made(digest, fid)
            self._keep()

    def _write_row(self, file: OverviewFile, fid: int) -> int:
        header = read_header(str(self._path(file.name)), "GTiff")
        source = SourceDefinition(path=f"overviews/{file.name}.tif")
        item = NewItem(
            name=f"{self._build.folder.name}_{file.name}",
            raster=RasterDefinition(raster_type=RASTER_TYPE, sources=(source,)),
            headers=(header,),
        )
        if fid:
            self._table.replace(fid, item)
            return fid
        return self._table.insert(item, OVERVIEW)

    # Ranges

    def _set_ranges(self, files: list[OverviewFile]) -> None:
        """Set MinPS and MaxPS of all rows at once, after proving that they are a partition."""
        ranges = {b.id: primary_range(b.low_ps, self._sizes) for b in self._primaries}
        check_partition(list(ranges.values()), self._sizes)
        with self._table.batch():
            for fid, range_ in ranges.items():
                self._table.set_range(fid, range_.begin, range_.end)
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
