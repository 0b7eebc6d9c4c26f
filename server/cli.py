"""The `swath` command. Starts fast: what a command needs is imported when it runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from config.load import SettingsError
from engine.errors import ImageServerError
from server.commands import (
    bench,
    compare,
    definition,
    demo,
    explain,
    function,
    plugins,
    publish,
    serve,
    service,
)
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
    """Keep options of all commands."""


app.add_typer(definition.app, name="definition")
app.command()(publish.publish)
app.add_typer(service.app, name="service")
app.add_typer(function.app, name="function")
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
