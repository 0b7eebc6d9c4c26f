"""`swath function`: raster functions in Python; a running server follows at once."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- typer reads it at run time
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.options import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from server.python_functions.manifest import FunctionManifest
    from server.python_functions.store import FunctionStore

app = typer.Typer(no_args_is_help=True, help="Raster functions in Python: list, add, change.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name in rendering rules.")]


def _store(data: Path) -> FunctionStore:
    from server.python_functions.store import FunctionStore

    return FunctionStore(data)


@app.command()
def add(
    name: NameArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.py", help="Holds the class.", exists=True, dir_okay=False),
    ],
    beside: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="MODULE.py", help="A module that the file imports."),
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Register a function in Esri's convention, or a new version of it.

    The file is copied and runs with the rights of the server, in a process of its own with limits of time
    and memory: register only what you trust. Clients name it, they never send code.
    """
    from engine.errors import InvalidParameter
    from server.protocols.arcgis.function_names import is_taken

    if is_taken(name):
        raise InvalidParameter("name", name, "a name that no raster function of Swath has")
    manifest = _store(data).add(name, file, beside or ())
    typer.echo(f"Registered {_signature(manifest)}, version {manifest.version[:12]}.")


@app.command("list")
def list_functions(data: DataOption = DEFAULT_DATA) -> None:
    """List the registered functions with their parameters."""
    from engine.errors import ConfigError
    from server.python_functions.manifest import read_manifest

    found = list(_store(data).current())
    if not found:
        typer.echo(f"No functions in {data}. Register one: swath function add NAME FILE.py")
    for name, folder in found:
        try:
            manifest = read_manifest(folder)
        except ConfigError as err:
            typer.secho(f"{name}: {err}", fg=typer.colors.RED)
            continue
        typer.echo(f"{_signature(manifest)}  {manifest.version[:12]}  {manifest.description[:60]}")


@app.command()
def remove(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Take a function out of the server."""
    _store(data).remove(name)
    typer.echo(f"Removed {name}.")


@app.command()
def rollback(
    name: NameArgument,
    version: Annotated[
        str, typer.Option("--version", help="Which one; by default the one before the current.")
    ] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Go back to an earlier version."""
    chosen = _store(data).rollback(name, version)
    typer.echo(f"{name} now runs version {chosen[:12]}.")


def _signature(manifest: FunctionManifest) -> str:
    parts = []
    for each in manifest.parameters:
        default = "" if each.is_raster or each.value is None else f" = {each.value!r}"
        parts.append(f"{each.name}: {each.data_type}{default}")
    return f"{manifest.name}({', '.join(parts)})"
