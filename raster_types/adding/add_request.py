"""What `swath definition add` is asked to do, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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
        Items.
    failed : list of (path, sentence)
        Items with a failed status.
    notes : list of (path, sentence)
        About items that can be used: how control points fit, what is doubtful.
    ignored : list of (path, sentence)
        Files that are no rasters and do not claim to be.
    unused_csv_rows : list of str
        Names in the CSV file that no raster has.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    unused_csv_rows: list[str] = field(default_factory=list)
