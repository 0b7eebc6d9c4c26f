"""`swath service share`: say, or show, who may see a service or a folder of services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.account_options import site_of, split
from server.commands.listing import tell_unpublished
from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from pathlib import Path

    from server.access.permission import Level


def share(  # noqa: PLR0913, PLR0917 -- the options of the command
    name: Annotated[
        str,
        typer.Argument(
            metavar="[FOLDER/]NAME", help="A service, or FOLDER/ for what has nothing of its own."
        ),
    ],
    data: DataOption = DEFAULT_DATA,
    public: Annotated[bool, typer.Option("--public", help="Everybody.")] = False,
    signed_in: Annotated[bool, typer.Option("--signed-in", help="Every user and key.")] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Administrators and publishers.")
    ] = False,
    users: Annotated[
        str, typer.Option(metavar="A,B", help="These users, and administrators and publishers.")
    ] = "",
    groups: Annotated[str, typer.Option(metavar="A,B", help="Who is in these groups.")] = "",
    inherit: Annotated[
        bool, typer.Option("--inherit", help="As its folder says, else as the server does.")
    ] = False,
) -> None:
    """Say who may see a service or a folder; without options, show it. A running server follows within a second.

    It may be said before the service is published, and is kept when it is replaced, renamed or deleted.
    """
    from server.access.sharing import Sharing

    sharing = Sharing(site_of(data))
    named = split(users) + split(groups)
    chosen = [public, signed_in, private, inherit, bool(named)]
    if sum(chosen) > 1:
        raise typer.BadParameter(
            "give one of --public, --signed-in, --private, --inherit, or --users and --groups"
        )
    if inherit:
        sharing.inherit(name)
    elif any(chosen):
        level: Level = "public" if public else "signed-in" if signed_in else "named"
        sharing.share(name, level, split(users), split(groups))
        _warn(data, name, split(groups))
    typer.echo(f"{name}: {shared_with(data, name)}")


def shared_with(data: Path, name: str) -> str:
    """Return in words who may see a service or folder."""
    from server.access.sharing import Sharing

    permission, place = Sharing(site_of(data)).of(name)
    if permission is None:
        return "as the server says (access.new_services; public unless set otherwise)"
    return str(permission) if place == name else f"{permission} (as {place} says)"


def _warn(data: Path, name: str, groups: list[str]) -> None:
    """Tell of names that are good and may be slips."""
    from server.access.api_keys import ApiKeys
    from server.access.users import Users

    site = site_of(data)
    known = {group for user in Users(site).all() for group in user.groups}
    known |= {group for key in ApiKeys(site).all() for group in key.groups}
    for group in sorted({group.lower() for group in groups} - known):
        typer.secho(f"Nobody is in group {group} yet.", fg=typer.colors.YELLOW, err=True)
    tell_unpublished(data, name)
