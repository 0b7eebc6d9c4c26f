"""What `swath definition add` is asked to do, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from raster_types.adding.additions import Addition, absolute_paths
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.errors import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """What `swath definition add` is asked to do.

    Attributes
    ----------
    command : str
        Who asks; what any other command than "add" asks is not remembered, and told by itself.
    """

    command: str = "add"
    raster_type: str
    paths: Sequence[Path]
    glob: str = "*"
    recursive: bool = False
    options: ItemOptions = field(default_factory=ItemOptions)
    csv: Path | None = None
    name_regex: str = ""


@dataclass(slots=True)
class AddReport:
    """What became of the files.

    Attributes
    ----------
    added, changed, unchanged : int
        Items, those with a failed status among them.
    failed : list of (path, sentence)
        Items with a failed status.
    failed_new, failed_changed : int
        Of the failed ones, those that were added and those that changed.
    notes : list of (path, sentence)
        About items that can be used: how control points fit, what is doubtful.
    unnamed : list of (path, sentence)
        Files whose names are no text; nothing became of them.
    ignored : list of (path, sentence)
        Files that are no rasters and do not claim to be.
    unused_csv_rows : list of str
        Names in the CSV file that no raster has.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    failed_new: int = 0
    failed_changed: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    unnamed: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    unused_csv_rows: list[str] = field(default_factory=list)

    @property
    def is_in_vain(self) -> bool:
        """Whether there is no raster that can be used, neither a new one nor a known one."""
        usable = self.added - self.failed_new + self.changed - self.failed_changed
        return usable <= 0 and not self.unchanged


def addition_of(request: AddRequest) -> Addition:
    """Return a request as it is remembered, so that `sync` can do it again."""
    return Addition(
        raster_type=request.raster_type,
        paths=absolute_paths(request.paths),
        glob=request.glob,
        recursive=request.recursive,
        options=request.options,
        csv=str(request.csv.absolute()) if request.csv is not None else "",
        name_regex=request.name_regex,
    )


def told(request: AddRequest, report: AddReport) -> str:
    """Return what was done as the history keeps it."""
    paths = ", ".join(str(path) for path in request.paths[:3])
    more = f" and {len(request.paths) - 3} more" if len(request.paths) > 3 else ""
    counts = f"{report.added} new, {report.changed} changed, {len(report.failed)} failed"
    return f"Added {request.raster_type} of {paths}{more}: {counts}."


def sentence(error: SourceError) -> str:
    """Return what is wrong with a file as a sentence without its path."""
    why = str(error.fields[1]).strip()
    return (
        f"{why[:1].upper()}{why[1:]}." if not why.endswith(".") else f"{why[:1].upper()}{why[1:]}"
    )
