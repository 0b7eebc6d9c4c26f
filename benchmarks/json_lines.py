"""Figures as JSON lines, each run behind those before it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

_Figure = TypeVar("_Figure", bound=msgspec.Struct)


def append_lines(figures: Iterable[msgspec.Struct], path: Path) -> None:
    """Append one JSON line a figure; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lines:
        lines.writelines(msgspec.json.encode(figure) + b"\n" for figure in figures)


def read_lines(path: Path, kind: type[_Figure]) -> list[_Figure]:
    """Return all figures of a file of one kind."""
    return [msgspec.json.decode(line, type=kind) for line in path.read_bytes().splitlines()]
