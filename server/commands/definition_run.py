"""`swath definition run`: one file from create to publish."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path  # noqa: TC003 -- typer reads it at run time
from typing import Annotated

import typer

from server.commands.options import DEFAULT_DATA

_HELP = """Make a service as a file says: create, add, fields, footprints, balance, seamlines, overviews, compile, publish.

The file is TOML; a table is a step, its keys are the options of the command of that name, with _ for -.
Relative paths count from the file. A step with nothing to do is left out: run it again after new scenes
have arrived, or by a timer; a run that was interrupted goes on where it stopped.

    [definition]
    path = "scenes.isdef"

    [service]                      # properties of definition.toml
    title = "Scenes"

    [[add]]
    type = "auto"
    paths = ["incoming"]
    recursive = true

    [[calculate]]
    field = "Year"
    expression = "year(AcqDate)"

    [balance]

    [overviews]
    mode = "auto"

    [compile]

    [publish]
    name = "scenes"

config/examples/run.toml has all tables.
"""


def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="The run file.")],
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            envvar="SWATH_DATA",
            help="Data folder to publish into, where the file names none. [default: swath-data beside it]",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, and change nothing.")
    ] = False,
) -> None:
    """Run a file; see _HELP."""
    from config.run_file import read_run_file
    from server.authoring.definition_run import RunOptions, run_definition

    wanted = read_run_file(config)
    options = RunOptions(data.absolute() if data else DEFAULT_DATA, dry_run)
    with chdir(config.absolute().parent):
        is_changed = run_definition(wanted, options)
    if not dry_run:
        typer.echo("Done." if is_changed else "Nothing was to be done.")


run.__doc__ = _HELP
