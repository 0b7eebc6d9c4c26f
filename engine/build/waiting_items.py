"""Build what waits to be built, before a step that looks at all items as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import read_facts
from engine.build.progress import no_progress
from engine.build.raster_record import ItemStatus
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.progress import Progress
    from engine.build.workers import Workers


def build_waiting(
    folder: DefinitionFolder,
    workers: Workers | None = None,
    progress: Progress = no_progress,
    unless: Collection[str] = (),
) -> int:
    """Build the items of a definition that was built before and has some that wait; return of how many.

    Overviews stay as they are: the next build makes them, once, of what the mosaic is then.

    Parameters
    ----------
    unless
        Messages of waiting items that are no reason to build.

    Raises
    ------
    ConfigError
        No raster can be served.
    """
    with folder.table() as table:
        facts = read_facts(table)
        marks = ", ".join("?" * len(unless)) or "''"
        query = (
            "SELECT OBJECTID FROM footprints"
            f" WHERE coalesce(Category, {PRIMARY}) = {PRIMARY}"
            f" AND coalesce(StatusId, 1) = {int(ItemStatus.ADDED)}"
            f" AND (StatusMessage IS NULL OR StatusMessage = '' OR StatusMessage NOT IN ({marks}))"
            " LIMIT 1"
        )
        if facts is None or table.execute(query, tuple(unless)).fetchone() is None:
            return 0
    options = BuildOptions(items_only=True, statistics=bool(facts.statistics))
    return build_definition(folder, options, workers, progress).built
