"""Take items out of a definition, with all that was made of them; their files are never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.raster_record import pyramids_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable

_PART = 500


def remove_items(folder: DefinitionFolder, table: ServiceTable, fids: Sequence[int]) -> list[Path]:
    """Remove items, their seamlines and what build kept of them; call it in a batch.

    Returns
    -------
    list of Path
        Files of levels that build had made for them, to be removed after the batch
        (`remove_files`): a batch that is undone must find them.
    """
    pyramids: list[Path] = []
    for start in range(0, len(fids), _PART):
        part = list(fids[start : start + _PART])
        pyramids.extend(folder.path / path for path in _pyramids(table, part))
        marks = ", ".join("?" * len(part))
        table.execute(f'DELETE FROM seamlines WHERE "ItemId" IN ({marks})', tuple(part))
        table.delete(part)
    return pyramids


def _pyramids(table: ServiceTable, fids: list[int]) -> Iterator[str]:
    marks = ", ".join("?" * len(fids))
    query = f"SELECT pyramid FROM swath_build WHERE pyramid IS NOT NULL AND fid IN ({marks})"
    for (text,) in table.execute(query, tuple(fids)):
        yield from (pyramid.path for pyramid in pyramids_of_text(str(text)))


def remove_files(files: Sequence[Path]) -> None:
    """Remove files that belong to a definition."""
    for file in files:
        file.unlink(missing_ok=True)
