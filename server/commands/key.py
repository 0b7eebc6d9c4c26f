"""`swath key`: API keys for machines, and the key that signs tokens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.account_options import (
    GroupsOption,
    RoleOption,
    day_of,
    site_of,
    split,
    tell_table,
)
from server.commands.listing import folder_shown, tell_unpublished
from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from pathlib import Path

    from server.access.api_keys import ApiKey, ApiKeys

app = typer.Typer(no_args_is_help=True, help="API keys for machines; the signing key of tokens.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")]

_MAX_DAYS = 36_500


def _keys(data: Path) -> ApiKeys:
    from server.access.api_keys import ApiKeys

    return ApiKeys(site_of(data))


@app.command()
def create(
    name: NameArgument,
    data: DataOption = DEFAULT_DATA,
    role: RoleOption = "user",
    groups: GroupsOption = "",
    services: Annotated[
        str,
        typer.Option(
            "--services",
            metavar="A,B/",
            help="Services and folders (with / at the end) that it is limited to, beside public ones.",
        ),
    ] = "",
    days: Annotated[
        float | None,
        typer.Option(min=0.001, max=_MAX_DAYS, help="It ends after so long. [default: never]"),
    ] = None,
) -> None:
    """Make a key and show it, this once: send it as X-API-Key, Authorization: Bearer or token=."""
    key = _keys(data).create(name, role, split(groups), split(services), days)
    for each in split(services):
        tell_unpublished(data, each)
    # The key alone on standard output, so that scripts can take it.
    typer.echo(f"Key {name}; it is not shown again:", err=True)
    typer.echo(key)


@app.command("list")
def list_keys(data: DataOption = DEFAULT_DATA) -> None:
    """List the keys, without the keys."""
    keys = _keys(data).all()
    if not keys:
        typer.echo(f"No keys in {folder_shown(data)}. Make one: swath key create NAME")
        return
    rows = [("name", "role", "groups", "services", "since", "until")]
    tell_table(rows + [_row(key) for key in keys])


@app.command()
def revoke(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """End a key at once."""
    _keys(data).revoke(name)
    typer.echo(f"Key {name} has ended.")


@app.command()
def rotate(
    data: DataOption = DEFAULT_DATA,
    now: Annotated[
        bool, typer.Option("--now", help="End all tokens at once: the key got into wrong hands.")
    ] = False,
) -> None:
    """Sign tokens with a new key; tokens of the old one count until they end."""
    from server.access.signing_keys import SigningKeys

    SigningKeys(site_of(data)).rotate(at_once=now)
    typer.echo("Tokens are signed with a new key." + (" All others have ended." if now else ""))


def _row(key: ApiKey) -> tuple[str, ...]:
    until = "-"
    if key.ends_at is not None:
        until = day_of(key.ends_at) if key.ends_at > time.time() else "ended"
    groups, services = ", ".join(key.groups) or "-", ", ".join(key.services) or "-"
    return (key.name, key.role, groups, services, day_of(key.made_at), until)
