"""Lists in the console: a heading and the first few lines."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_SHOWN = 10


def quoted(word: object) -> str:
    """Return a word of a command as a shell takes it, for commands that are shown to be pasted."""
    return shlex.quote(str(word))


def folder_shown(data: Path) -> str:
    """Return a data folder as lists without entries name it: nothing is there of a slip either."""
    return str(data) if data.is_dir() else f"{data}, which is no folder"


def tell_unpublished(data: Path, name: str) -> None:
    """Tell of the name of a service, or of a folder with "/", that is good and may be a slip."""
    from server.site.data_folder import DataFolder

    published = [entry.name for entry in DataFolder(data).entries()]
    folders = {f"{each.rpartition('/')[0]}/" for each in published if "/" in each}
    if name in published or name in folders or name == "/":
        return
    if f"{name}/" in folders:
        said = f"{name} is no service but a folder; what is in it is meant by {name}/"
    else:
        alike = get_close_matches(name, [*published, *sorted(folders)], 3)
        said = f"{name} is not published yet." + (f" Like it are: {', '.join(alike)}" * bool(alike))
    typer.secho(said, fg=typer.colors.YELLOW, err=True)


def tell_some(heading: str, lines: Iterable[str]) -> None:
    """Show lines under a heading, no more than a person reads; nothing where there are none."""
    shown = list(lines)
    if not shown:
        return
    typer.secho(f"{heading}:", fg=typer.colors.YELLOW, err=True)
    for line in shown[:MOST_SHOWN]:
        typer.echo(f"  {line}", err=True)
    if len(shown) > MOST_SHOWN:
        typer.echo(f"  … and {len(shown) - MOST_SHOWN} more", err=True)
