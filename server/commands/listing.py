"""Lists in the console: a heading and the first few lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SHOWN = 10


def quoted(word: object) -> str:
    """Return a word of a command as a shell takes it, for commands that are shown to be pasted."""
    return shlex.quote(str(word))


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
