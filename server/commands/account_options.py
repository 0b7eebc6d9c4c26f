"""What the commands of accounts share: passwords from the keyboard or a pipe, lists of names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from server.access.site import Site

RoleOption: TypeAlias = Annotated[
    str, typer.Option("--role", help="administrator, publisher or user.")
]
GroupsOption: TypeAlias = Annotated[
    str, typer.Option("--groups", metavar="A,B", help="Groups to be in, with commas.")
]


def site_of(data: Path) -> Site:
    """Return the site of a data folder."""
    from server.access.site import Site

    return Site(data)


def split(names: str) -> list[str]:
    """Return the names of a list with commas."""
    return [name.strip() for name in names.split(",") if name.strip()]


def read_password() -> str:
    """Ask for a new password twice, or read the first line of what is piped in; never an argument.

    Arguments of commands are seen by everybody on the machine, and shells keep them.
    """
    from server.access.passwords import MAX_LENGTH

    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    # One more than a password may have, so that a longer one is refused and not cut.
    return sys.stdin.readline(MAX_LENGTH + 3).rstrip("\r\n")


def day_of(seconds: float) -> str:
    """Return the day of a time, as lists show it."""
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def tell_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Show rows in columns; the first is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())
