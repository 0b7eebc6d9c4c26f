"""Compile a part of a definition: rows of the service table into rows of the compiled file.

Runs in a worker; opens the catalog for reading only, and no raster.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.build.definition_folder import DefinitionFolder
from engine.build.item_compiler import ItemCompiler, NotCompiled
from engine.build.item_row import hash_shapes
from engine.build.mensuration_facts import NO_MENSURATION, MensurationFacts, facts_of
from engine.build.packed_row import RowPacker
from engine.build.raster_rows import compile_items
from engine.build.row_reader import RowReader
from engine.item import OVERVIEW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.build.definition_fields import TimeSpan
    from engine.build.dimension_census import DimensionCensus
    from engine.build.item_compiler import ItemParts
    from engine.build.item_row import ItemRow
    from engine.build.packed_row import PackedRow
    from engine.build.seamline_rows import Seamline
    from engine.build.service_facts import ServiceFacts
    from engine.summary import FieldInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilePart:
    """Rows to be compiled: those with an OBJECTID from `first` to `last`.

    Attributes
    ----------
    time : TimeSpan or None
    dimensions : DimensionCensus or None
        Still empty.
    seamlines
        By OBJECTID.
    """

    folder: Path
    facts: ServiceFacts
    fields: Sequence[FieldInfo]
    time: TimeSpan | None
    dimensions: DimensionCensus | None
    seamlines: Mapping[int, Seamline]
    first: int
    last: int

    @property
    def path(self) -> str:
        """The definition, which messages name."""
        return str(self.folder)


@dataclass(slots=True, kw_only=True)
class CompiledPart:
    """What became of the rows.

    Attributes
    ----------
    operations
        Pipelines that the rows are pinned to, by key.
    faults : list of str
        Sentences that name item and field.
    rows_read, left_out, overviews, seamlines : int
        Rows in all, with a failed status, and compiled ones of a kind.
    mensuration : MensurationFacts
        What can be measured in the compiled ones.
    """

    rows: list[PackedRow] = field(default_factory=list)
    operations: Mapping[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    time: TimeSpan | None = None
    dimensions: DimensionCensus | None = None
    rows_read: int = 0
    left_out: int = 0
    overviews: int = 0
    seamlines: int = 0
    mensuration: MensurationFacts = NO_MENSURATION


def compile_part(part: CompilePart) -> CompiledPart:
    """Compile rows; what is wrong with one is in `faults`.

    Raises
    ------
    ConfigError
        The catalog cannot be read.
    """
    folder = DefinitionFolder(part.folder)
    with closing(folder.table()) as table:
        rows = list(table.rows("OBJECTID <= ?", (part.last,), above=part.first - 1))
    return _Part(part, folder).compile(rows)


class _Part:
    def __init__(self, part: CompilePart, folder: DefinitionFolder) -> None:
        self._rows = RowReader(folder, part.facts, part.fields, part.seamlines)
        self._compiler = ItemCompiler(part.facts.crs)
        self._packer = RowPacker(part.fields)
        self._made = CompiledPart(
            operations=self._compiler.operations, time=part.time, dimensions=part.dimensions
        )

    def compile(self, rows: Sequence[ItemRow]) -> CompiledPart:
        made = self._made
        made.rows_read = len(rows)
        read = self._read([row for row in rows if not row.status.is_failed])
        made.left_out = len(rows) - len(read) - len(made.faults)
        for parts, result in zip(read, compile_items(self._compiler, read), strict=True):
            if isinstance(result, NotCompiled):
                self._fault(parts.id, parts.name, result)
            else:
                made.rows.append(self._packer.pack(result))
                self._count(parts)
        return made

    def _read(self, rows: Sequence[ItemRow]) -> list[ItemParts]:
        read = []
        for row, shape_hash in zip(rows, hash_shapes([row.wkb for row in rows]), strict=True):
            try:
                read.append(self._rows.parts(row, shape_hash))
            except NotCompiled as err:
                self._fault(row.id, row.name, err)
        return read

    def _fault(self, object_id: int, name: str, why: NotCompiled) -> None:
        self._made.faults.append(f"OBJECTID {object_id} ({name}): {why}")

    def _count(self, parts: ItemParts) -> None:
        if self._made.time is not None:
            self._made.time.add(parts.attributes)
        if self._made.dimensions is not None:
            self._made.dimensions.add(parts.attributes)
        self._made.overviews += parts.category == OVERVIEW
        self._made.seamlines += bool(parts.seamline.wkb)
        self._made.mensuration |= facts_of(parts)
