"""Compile a definition: check everything, and write one immutable file that serving opens.

Rules: rows are streamed; every fault is found and named (item and field) before the run ends, and a
run with faults leaves no file; the same definition compiles to the same bytes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec
import shapely

from engine.build.attribute_table_file import stated_table
from engine.build.chain_files import SERVICE_CHAIN, chain_of_text
from engine.build.compile_part import CompiledPart, CompilePart, compile_part
from engine.build.definition_fields import check_sort_field, fields_of_table, time_span
from engine.build.definition_file import without_catalog
from engine.build.definition_folder import DefinitionFolder, read_facts
from engine.build.dimension_census import DimensionCensus
from engine.build.mensuration_facts import NO_MENSURATION, MensurationFacts
from engine.build.progress import no_progress
from engine.build.seamline_rows import seamlines_by_item
from engine.build.service_chain import with_service_chain
from engine.build.service_head import make_summary
from engine.build.template_facts import measure_templates
from engine.build.variables_head import VariablesHead, variables_head
from engine.build.workers import InProcess, Workers
from engine.build.zmd_writer import ZmdExtras, ZmdWriter
from engine.errors import ConfigError, SourceError
from engine.mosaic_process import pack_service_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from config.definition import ServiceProperties
    from engine.build.definition_fields import TimeSpan
    from engine.build.progress import Progress
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable
    from engine.summary import FunctionTemplate, ServiceSummary

_MAX_FAULTS = 20
# Rasters of one CRS are worked out together, so parts hold many rows; they are also what is in memory.
_PART_ROWS = 2000
_FEW_ROWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileReport:
    """What became of the items.

    Attributes
    ----------
    items, primaries, overviews : int
        Compiled, in all and of each kind.
    left_out : int
        Items with a failed status; they take no part in the service.
    """

    items: int
    primaries: int
    overviews: int
    left_out: int
    warnings: tuple[str, ...] = ()


def compile_definition(
    isdef: Path,
    out: Path,
    progress: Progress = no_progress,
    workers: Workers | None = None,
    size_edges: Sequence[float] | None = None,
    templates: Sequence[FunctionTemplate] = (),
) -> CompileReport:
    """Compile the definition in the folder `isdef` into the file `out`.

    Parameters
    ----------
    workers
        Make the rows of large definitions; they are written here, in their order.
    size_edges
        Between the bands of ground pixel size, where the items are a part of a service; None = by the
        items.
    templates
        Rendering rules that the service publishes; what they make of it is measured.

    Raises
    ------
    ConfigError
        The definition is not built, rows have faults (each is named with item and field), or a
        template does not fit the service.
    """
    folder = DefinitionFolder(isdef)
    properties = folder.properties()
    with closing(folder.table()) as table:
        facts = read_facts(table)
        if facts is None or facts.extent is None:
            why = "is not built; run: swath definition build " + str(isdef)
            raise ConfigError(isdef, "", why)
        run = _Run(folder, table, properties, facts)
        run.size_edges = size_edges
        run.templates = tuple(templates)
        measures = size_edges is None and run.lacks_statistics
        if not (templates or measures):
            return run.compile(out, progress, workers or InProcess())
        part = out.with_name(f".{out.name}.templates")
        try:
            report = run.compile(part, progress, workers or InProcess())
            measure_templates(part, out, measures_service=measures)
        finally:
            part.unlink(missing_ok=True)
        return report


@dataclass(slots=True)
class _Counts:
    primaries: int = 0
    overviews: int = 0
    left_out: int = 0
    seamlines: int = 0
    mensuration: MensurationFacts = NO_MENSURATION
    faults: list[str] = field(default_factory=list)
    operations: dict[str, str] = field(default_factory=dict)

    def add(self, part: CompiledPart) -> None:
        self.primaries += len(part.rows) - part.overviews
        self.overviews += part.overviews
        self.left_out += part.left_out
        self.seamlines += part.seamlines
        self.mensuration |= part.mensuration
        self.faults.extend(part.faults)
        for key, pipeline in part.operations.items():
            if self.operations.setdefault(key, pipeline) != pipeline:
                self.faults.append(f"two operations have one key {key}")


class _Run:
    def __init__(
        self,
        folder: DefinitionFolder,
        table: ServiceTable,
        properties: ServiceProperties,
        facts: ServiceFacts,
    ) -> None:
        self.folder = folder
        self.table = table
        self.properties = properties
        self.facts = facts
        self.fields = fields_of_table(table.fields())
        check_sort_field(folder.toml, properties, self.fields)
        self.time: TimeSpan | None = time_span(
            folder.toml, properties, facts.time_field, self.fields
        )
        self.dimensions = DimensionCensus.of_fields(self.fields)
        self.chain = chain_of_text(table.info(SERVICE_CHAIN), folder.name)
        self.process, self.served = with_service_chain(self.chain, facts, folder.name)
        self.head = VariablesHead()
        self.size_edges: Sequence[float] | None = None
        self.templates: tuple[FunctionTemplate, ...] = ()
        self.counts = _Counts()

    @property
    def lacks_statistics(self) -> bool:
        """Whether nothing is known of what the service's chain makes of rasters that are known."""
        return bool(self.facts.statistics) and not self.served.statistics

    def compile(self, out: Path, progress: Progress, workers: Workers) -> CompileReport:
        total = self.table.count()
        # Workers take a second to start.
        made_by = workers if total > _FEW_ROWS else InProcess()
        done = 0
        with ZmdWriter(out, self.fields) as writer:
            progress("compile", done, total)
            for _, part in made_by.map(compile_part, self._parts()):
                if isinstance(part, SourceError):
                    raise ConfigError(self.folder.path, "", f"cannot be compiled: {part}")
                writer.add_packed(part.rows)
                self.counts.add(part)
                if self.time is not None and part.time is not None:
                    self.time.join(part.time)
                if self.dimensions is not None and part.dimensions is not None:
                    self.dimensions.join(part.dimensions)
                done += part.rows_read
                progress("compile", done, total)
                if len(self.counts.faults) > _MAX_FAULTS:
                    break
            self._refuse_faults()
            self._settle_variables()
            writer.finish(self._summary(writer.count), self._extras())
        return CompileReport(
            items=writer.count,
            primaries=self.counts.primaries,
            overviews=self.counts.overviews,
            left_out=self.counts.left_out,
            warnings=self._warnings(),
        )

    def _parts(self) -> Iterator[CompilePart]:
        seamlines = dict(sorted(seamlines_by_item(self.table).items()))
        ids = list(seamlines)
        for first, last in self.table.id_ranges(_PART_ROWS):
            yield CompilePart(
                folder=self.folder.path,
                facts=self.facts,
                fields=self.fields,
                time=None if self.time is None else replace(self.time),
                dimensions=DimensionCensus.of_fields(self.fields),
                seamlines={
                    i: seamlines[i] for i in ids[bisect_left(ids, first) : bisect_right(ids, last)]
                },
                first=first,
                last=last,
            )

    def _refuse_faults(self) -> None:
        faults = self.counts.faults
        if faults:
            more = "\n  …" if len(faults) > _MAX_FAULTS else ""
            listed = "\n  ".join(faults[:_MAX_FAULTS])
            raise ConfigError(self.folder.path, "", f"cannot be compiled:\n  {listed}{more}")
        if self.counts.primaries == 0:
            left = self.counts.left_out
            why = f"has no item that can be served ({left} with a failed status; see swath definition show)"
            raise ConfigError(self.folder.path, "", why)

    def _settle_variables(self) -> None:
        """Find out which variables there are; statistics of the service are those of the default one."""
        stated = (self.folder.toml, self.properties.default_variable)
        self.head = variables_head(self.dimensions, self.facts, self.chain, stated)
        self.served = self.head.facts_of_default(self.served)

    def _summary(self, count: int) -> ServiceSummary:
        extent = self.facts.extent
        if extent is None:
            raise ConfigError(self.folder.path, "", "is not built")
        summary = make_summary(self.served, extent, self.properties, self.fields)
        return msgspec.structs.replace(
            summary,
            time=None if self.time is None else self.time.info,
            has_seamlines=self.counts.seamlines > 0,
            has_sensors=self.counts.mensuration.has_sensors,
            has_terrain=self.counts.mensuration.has_terrain,
            has_sun=self.counts.mensuration.has_sun,
            item_count=count,
            overview_count=self.counts.overviews,
            templates=self.templates,
            attribute_table=stated_table(self.folder) or summary.attribute_table,
            variables=self.head.variables,
            default_variable=self.head.default,
        )

    def _extras(self) -> ZmdExtras:
        shapes = self.table.layer_shapes("boundary")
        boundary = shapely.union_all(shapely.from_wkb(shapes)) if shapes else None
        return ZmdExtras(
            operations=self.counts.operations,
            histograms=self.served.histograms,
            variable_histograms=self.head.histograms,
            boundary=b"" if boundary is None else shapely.to_wkb(boundary, byte_order=1),
            definition=without_catalog(self.folder.toml.read_text(encoding="utf-8")),
            size_edges=self.size_edges,
            process=pack_service_process(self.process),
        )

    def _warnings(self) -> tuple[str, ...]:
        found = []
        if self.counts.left_out:
            found.append(f"{self.counts.left_out} items with a failed status are left out")
        without = self.counts.primaries - self.counts.seamlines
        if self.properties.mosaic_method == "Seamline" and not self.counts.seamlines:
            found.append("mosaic_method is Seamline, but no item has a seamline: as NorthWest")
        elif self.properties.mosaic_method == "Seamline" and without > 0:
            found.append(
                f"{without} items have no seamline and only fill what others leave; where that is "
                "not meant, run: swath definition seamlines"
            )
        return tuple(found)
