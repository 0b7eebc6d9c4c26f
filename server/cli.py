"""The `swath` command. Starts fast: what a command needs is imported when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from config.environment import check_environment
from config.layers import SettingsError
from engine.errors import ImageServerError
from engine.readers.source_access import SourceAccess, use_source_access
from server.commands import (
    bench,
    cache,
    compare,
    connection,
    definition,
    demo,
    explain,
    function,
    key,
    metrics,
    plugins,
    publish,
    serve,
    service,
    system,
    user,
)
from server.commands.options import DEFAULT_DATA
from server.version import PROGRAM_VERSION

_EPILOG = """\
From a folder of rasters to a live map:

swath definition create scenes.isdef

swath definition inspect /imagery

swath definition add scenes.isdef /imagery

swath definition build scenes.isdef

swath definition compile scenes.isdef -o scenes.zmd

swath publish scenes.zmd --name scenes

swath serve
"""

app = typer.Typer(
    name="swath",
    help="An open, dynamic image server: live mosaics straight from the delivered rasters.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"swath {PROGRAM_VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Look at the environment before any command does."""
    check_environment()
    use_source_access(
        SourceAccess(
            connections=str(Path(os.environ.get("SWATH_DATA", DEFAULT_DATA)) / "connections"),
            roots=tuple(filter(None, os.environ.get("SWATH_ROOTS", "").split(","))),
        )
    )


app.add_typer(definition.app, name="definition")
app.command()(publish.publish)
app.add_typer(service.app, name="service")
app.add_typer(user.app, name="user")
app.add_typer(key.app, name="key")
app.add_typer(function.app, name="function")
app.add_typer(system.app, name="system")
app.add_typer(connection.app, name="connection")
app.add_typer(metrics.app, name="metrics")
app.add_typer(cache.app, name="cache")
app.command()(serve.serve)
app.command()(explain.explain)
app.command()(bench.bench)
app.command()(compare.compare)
app.command()(demo.demo)
app.command()(plugins.plugins)


def main() -> None:
    """Run the command line; what the operator can repair is one line, not a traceback."""
    try:
        app()
    except (ImageServerError, SettingsError) as error:
        typer.secho(f"swath: {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
