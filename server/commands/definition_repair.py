"""`swath definition repair`: a definition whose files were moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.commands.definition_upkeep import (
    Definition,  # noqa: TC001 -- typer reads it at run time
)
from server.commands.listing import quoted

repair_app = typer.Typer(
    no_args_is_help=True,
    help="Put right what names files that were moved.",
    rich_markup_mode="markdown",
)


@repair_app.command()
def paths(
    definition: Definition,
    old: Annotated[str, typer.Argument(metavar="FROM", help="Folder or file as it was called.")],
    new: Annotated[str, typer.Argument(metavar="TO", help="Where it is now.")],
    *,
    regex: Annotated[
        bool,
        typer.Option(
            "--regex", help=r"FROM is a regular expression; \1 in TO stands for its first group."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, and change nothing.")
    ] = False,
) -> None:
    """Name files anew after they were moved: rasters, files beside them, terrain, the places of add.

    Files of the same size and time, or of the same size and header, are the same: nothing of them is
    read or built again. Where FROM fits no file, or none of the files is in its new place, nothing is
    changed. Relative folders count from the current one.
    """
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.path_repair import preview_repair, repair_paths
    from engine.build.path_rule import prefix_rule, regex_rule
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    folder = DefinitionFolder(definition)
    if not regex:
        old, new = _absolute(old), _absolute(new)
    rule = regex_rule(old, new) if regex else prefix_rule(old, new)
    if dry_run:
        report = preview_repair(folder, rule, f"{old} to {new}")
        typer.echo(
            f"Would name {report.files} files of {report.items} items anew; "
            f"{len(report.missing)} of them are not there."
        )
    else:
        with GuardedWorkers(forked=True) as workers, ProgressBars() as progress:
            report = repair_paths(folder, rule, f"{old} to {new}", workers, progress)
        typer.echo(
            f"Named {report.files} files of {report.items} items anew: {report.kept} items are as "
            f"they were, {report.changed} to be built again, {len(report.missing)} files not there."
        )
    for before, after in report.examples:
        typer.echo(f"  {before} → {after}")
    for path in report.missing[:10]:
        typer.secho(f"  not there: {path}", fg=typer.colors.YELLOW, err=True)
    if report.changed:
        typer.echo(f"Next: swath definition build {quoted(definition)}")


def _absolute(path: str) -> str:
    """Return a path as definitions keep it; those of other systems, with backslashes, as they are."""
    return path if not path or "\\" in path or path[1:2] == ":" else str(Path(path).absolute())
