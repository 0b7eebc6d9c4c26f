"""`swath user`: who may sign in; a running server follows within a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.account_options import (
    GroupsOption,
    RoleOption,
    day_of,
    read_password,
    site_of,
    split,
    tell_table,
)
from server.commands.listing import folder_shown
from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from pathlib import Path

    from server.access.users import Users

app = typer.Typer(no_args_is_help=True, help="Users who may sign in: roles, groups, passwords.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name; case does not count.")]


def _users(data: Path) -> Users:
    from server.access.users import Users

    return Users(site_of(data))


@app.command()
def add(
    name: NameArgument,
    data: DataOption = DEFAULT_DATA,
    role: RoleOption = "user",
    groups: GroupsOption = "",
) -> None:
    """Add a user; asks for the password, or reads it from a pipe (one line)."""
    from server.access.names import checked_role

    users = _users(data)
    checked_role(role)
    users.check_free(name)
    new_password, was_there = read_password(), data.is_dir()
    users.add(name, new_password, role, split(groups))
    typer.echo(f"Added {name} as {role} to {data}{'' if was_there else ', a new data folder'}.")


@app.command("list")
def list_users(data: DataOption = DEFAULT_DATA) -> None:
    """List users with their roles and groups."""
    users = _users(data).all()
    if not users:
        typer.echo(
            f"No users in {folder_shown(data)}. Add one: swath user add NAME --role administrator"
        )
        return
    rows = [("name", "role", "groups", "since")]
    rows += [
        (user.name, user.role, ", ".join(user.groups) or "-", day_of(user.made_at))
        for user in users
    ]
    tell_table(rows)


@app.command()
def remove(
    name: NameArgument,
    data: DataOption = DEFAULT_DATA,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a user, with all tokens and permissions."""
    users = _users(data)
    users.check_known(name)
    if not yes:
        typer.confirm(f"Remove user {name}?", abort=True)
    users.remove(name)
    typer.echo(f"Removed {name}.")


@app.command()
def password(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Give a user another password; signs the user out everywhere."""
    users = _users(data)
    users.check_known(name)
    users.set_password(name, read_password())
    typer.echo(f"{name} has a new password; all tokens have ended.")


@app.command()
def role(
    name: NameArgument,
    new_role: Annotated[
        str, typer.Argument(metavar="ROLE", help="administrator, publisher or user.")
    ],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Give a user another role."""
    _users(data).set_role(name, new_role)
    typer.echo(f"{name} is {new_role} now.")


@app.command()
def groups(
    name: NameArgument,
    new_groups: Annotated[
        str, typer.Argument(metavar="A,B", help="Groups, with commas; '' for none.")
    ],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Let a user be in these groups and no other. A group needs no making: it is a name."""
    chosen = split(new_groups)
    _users(data).set_groups(name, chosen)
    typer.echo(f"{name} is in {', '.join(chosen) or 'no group'} now.")


@app.command()
def signout(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="End all tokens of all users.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """End all tokens of a user at once."""
    if bool(name) == everybody:
        raise typer.BadParameter("give either the NAME of a user or --all")
    if everybody:
        from server.access.signing_keys import SigningKeys

        SigningKeys(site_of(data)).rotate(at_once=True)
        typer.echo("All tokens have ended.")
        return
    _users(data).sign_out(name)
    typer.echo(f"All tokens of {name} have ended.")
