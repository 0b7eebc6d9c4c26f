"""Make the seamlines of a definition, or remove them; what was drawn by hand stays.

All rows are written in one transaction: an interrupted run leaves the layer as it was, and what it
found out about overlaps for the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.catalog_schema import SYSTEM_FIELDS
from engine.build.definition_folder import read_facts
from engine.build.history import note_history
from engine.build.progress import no_progress
from engine.build.row_selection import select_rows
from engine.build.seamlines.carve import voronoi_cells
from engine.build.seamlines.kept import KeptSeamlines
from engine.build.seamlines.members import make_members
from engine.build.seamlines.options import SeamlineOptions, SeamlineReport, SeamMethod
from engine.build.seamlines.radiometric import (
    ACROSS_PX,
    RadiometricSeams,
    forget_overlaps,
    grid_pixel_size,
)
from engine.build.waiting_items import build_waiting
from engine.build.workers import InProcess
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.progress import Progress
    from engine.build.seamlines.members import Member, Shape
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers

COMMAND = "seamlines"
_STAGE = "drawing seamlines"
# So many pixels across an item of middling size are looked at.
_LEAST_ACROSS, _MOST_ACROSS = 20, 8000


def make_seamlines(
    folder: DefinitionFolder,
    options: SeamlineOptions,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> SeamlineReport:
    """Make the seamlines of a built definition anew, except those drawn or edited by hand.

    Items that wait to be built, as after a balance, are built first: neighbours are compared as they show.

    Raises
    ------
    ConfigError
        It is not built, the condition or the field is wrong, or no item takes part.
    """
    with folder.table() as table:
        _checked(folder, table, options)
    built = build_waiting(folder, workers, progress)
    with folder.table() as table:
        kept = KeptSeamlines.read(table)
        chosen = set(select_rows(table, options.where)) if options.where.strip() else None
        order = (options.field, options.descending)
        members = make_members(
            table.primary_rows(),
            chosen,
            kept.drawn,
            order if options.method is SeamMethod.ORDER else None,
        )
        if not members:
            raise ConfigError(folder.path, "", "no item that is built takes part in seamlines")
        _check_pixel_size(members, options)
        radiometric = RadiometricSeams(
            folder, members, workers or InProcess(), progress, options.pixel_size
        )
        if options.method is SeamMethod.RADIOMETRIC:
            cells = radiometric.cells()
        else:
            cells = voronoi_cells(members)
        drawn = list(_counted(cells, len(members), progress))
        blend = (options.blend_width, options.blend_type.value)
        with table.batch():
            srs_id = table.set_crs(_crs(table))
            made, removed = kept.write(drawn, blend, srs_id)
            if chosen is None:
                removed += kept.remove_strangers({member.id for member in members})
            report = SeamlineReport(
                made=made,
                built=built,
                edited=len(kept.drawn),
                removed=removed,
                moved=radiometric.moved,
                notes=tuple(radiometric.notes),
            )
            note_history(table, COMMAND, _sentence(options, report))
    forget_overlaps(folder)
    return report


def remove_seamlines(folder: DefinitionFolder, where: str = "") -> SeamlineReport:
    """Remove seamlines that were made; those drawn or edited by hand stay.

    Raises
    ------
    ConfigError
        The condition is wrong.
    """
    with folder.table() as table:
        kept = KeptSeamlines.read(table)
        items: Sequence[int] = kept.made_items
        if where.strip():
            chosen = set(select_rows(table, where))
            items = [item for item in items if item in chosen]
        with table.batch():
            removed = kept.remove(items)
            report = SeamlineReport(removed=removed, edited=len(kept.drawn))
            if removed:
                note_history(table, COMMAND, f"Removed {removed} seamlines.")
    forget_overlaps(folder)
    return report


def _crs(table: ServiceTable) -> str:
    facts = read_facts(table)
    return facts.crs if facts else ""


def _checked(folder: DefinitionFolder, table: ServiceTable, options: SeamlineOptions) -> None:
    facts = read_facts(table)
    if facts is None or facts.extent is None:
        why = f"is not built; run: swath definition build {folder.path.name}"
        raise ConfigError(folder.path, "", why)
    if not 0 <= options.blend_width < 1e6:
        raise ConfigError("--blend-width", f"{options.blend_width:g}", "expected pixels, 0 or more")
    if options.pixel_size < 0:
        raise ConfigError("--pixel-size", f"{options.pixel_size:g}", "expected more than 0")
    known = [name for name in table.fields() if name == "OBJECTID" or name not in SYSTEM_FIELDS]
    if options.field and options.field not in known:
        why = f"is no field to order by; known: {', '.join(known)}"
        raise ConfigError("--by", options.field, why)


def _check_pixel_size(members: Sequence[Member], options: SeamlineOptions) -> None:
    """Refuse pixels so large that overlaps have no room for a border, or too small to be held."""
    if not options.pixel_size or options.method is not SeamMethod.RADIOMETRIC:
        return
    across = grid_pixel_size(members, least=0.0) * ACROSS_PX
    if not across / _MOST_ACROSS <= options.pixel_size <= across / _LEAST_ACROSS:
        why = (
            f"items are about {across:.6g} across; expected "
            f"{across / _MOST_ACROSS:.3g} to {across / _LEAST_ACROSS:.3g}"
        )
        raise ConfigError("--pixel-size", f"{options.pixel_size:g}", why)


def _counted(
    cells: Iterator[tuple[int, Shape]], total: int, progress: Progress
) -> Iterator[tuple[int, Shape]]:
    for done, cell in enumerate(cells, 1):
        yield cell
        progress(_STAGE, done, total)
    progress(_STAGE, total, total)


def _sentence(options: SeamlineOptions, report: SeamlineReport) -> str:
    where = f" where {options.where}" if options.where.strip() else ""
    return (
        f"Made {report.made} seamlines by {options.method.value}{where}, blend width "
        f"{options.blend_width:g} {options.blend_type.value}; {report.edited} edited by hand kept, "
        f"{report.removed} removed."
    )
