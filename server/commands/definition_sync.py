"""`swath definition sync|check`: a definition and the files that it was made of."""

from __future__ import annotations

import csv
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.definition_upkeep import (  # noqa: TC001 -- typer reads them at run time
    Definition,
    WhereOption,
)
from server.commands.listing import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.build.source_check import Fault
    from raster_types.adding.sync import SyncReport

_MOST_SHOWN = 50


class GoneItems(StrEnum):
    """What becomes of items whose files are gone."""

    MARK = "mark"
    REMOVE = "remove"
    KEEP = "keep"


def sync(
    definition: Definition,
    *,
    gone: Annotated[
        GoneItems,
        typer.Option(
            help="Items whose files are gone: mark them as not found, remove, or keep them."
        ),
    ] = GoneItems.MARK,
    gone_folders: Annotated[
        bool,
        typer.Option(
            "--gone-folders",
            help="Believe that items are gone even where their whole folder is (not mounted?).",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, and change nothing.")
    ] = False,
) -> None:
    """Look again through what was added: new, changed and gone files, with the options of before.

    Ends with code 1 where a folder that was added is not there or holds none of its rasters any more.
    """
    from engine.build.definition_folder import DefinitionFolder
    from raster_types.adding.sync import SyncOptions, sync_definition
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    options = SyncOptions(gone=gone.value, gone_folders=gone_folders, dry_run=dry_run)
    with GuardedWorkers(forked=True) as workers, ProgressBars() as progress:
        report = sync_definition(DefinitionFolder(definition), options, workers, progress)
    _tell_sync(report, options.gone, dry_run)
    if report.is_changed and not dry_run:
        typer.echo(f"Next: swath definition build {quoted(definition)}")
    if report.doubtful:
        raise typer.Exit(1)


def _tell_sync(report: SyncReport, gone: str, dry_run: bool) -> None:
    added = sum(each.added for each in report.added) + len(report.new)
    changed = sum(each.changed for each in report.added) + len(report.changed)
    verb = {"mark": "marked as not found", "remove": "removed", "keep": "gone but kept"}[gone]
    head = "Would be: " if dry_run else ""
    typer.echo(
        f"{head}{added} new, {changed} changed, {len(report.gone)} {verb}, {len(report.back)} back."
    )
    _tell_list("new", report.new)
    _tell_list("changed", report.changed)
    _tell_list("gone", (f"{fid}  {path}" for fid, path in report.gone))
    _tell_list("back", (f"{fid}  {name}" for fid, name in report.back))
    failed = [pair for each in report.added for pair in each.failed]
    _tell_list("failed", (f"{path}: {why}" for path, why in failed))
    for place, why in report.doubtful:
        typer.secho(f"{place} {why}; --gone-folders believes it", fg=typer.colors.YELLOW, err=True)


def _tell_list(what: str, lines: Iterable[str]) -> None:
    found = list(lines)
    for line in found[:_MOST_SHOWN]:
        typer.echo(f"  {what:<8} {line}")
    if len(found) > _MOST_SHOWN:
        typer.echo(f"  {what:<8} … and {len(found) - _MOST_SHOWN} more")


def check(
    definition: Definition,
    *,
    where: WhereOption = "",
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Read every block of every level; interrupted, it goes on where it stopped.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.csv", help="Write all that is wrong to a file."
        ),
    ] = None,
) -> None:
    """Look whether the files of items are there and as they were; ends with code 1 where not.

    Kinds: missing, changed (another size or time than when it was read), corrupt (cannot be read; build
    has noted parts that it could not read),
    failed (the item has a failed status for another reason). Changes nothing.
    """
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.source_check import CheckOptions, check_sources
    from raster_types.adding.added import side_files
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    folder = DefinitionFolder(definition)
    with folder.table() as table:
        beside = side_files(table)
    options = CheckOptions(where=where, is_deep=deep)
    with GuardedWorkers(timeout_s=600.0, forked=True) as workers, ProgressBars() as progress:
        report = check_sources(folder, options, beside, workers, progress)
    if output is not None:
        _write_faults(output, report.faults)
    _tell_faults(report.faults)
    read = f", {report.read} read whole" if deep else ""
    typer.echo(
        f"{report.items} items, {report.files} files{read}: {len(report.faults)} faults."
        if report.faults
        else f"{report.items} items, {report.files} files{read}: nothing is wrong."
    )
    if report.faults:
        raise typer.Exit(1)


def _tell_faults(faults: Sequence[Fault]) -> None:
    if faults:
        typer.echo(f"{'OBJECTID':>8}  {'what':<8}  {'item':<30}  file: why")
    for fault in faults[:_MOST_SHOWN]:
        name = Path(fault.path).name
        typer.echo(f"{fault.fid:>8}  {fault.kind:<8}  {fault.name[:30]:<30}  {name}: {fault.why}")
    if len(faults) > _MOST_SHOWN:
        typer.echo(f"{'…':>8}  and {len(faults) - _MOST_SHOWN} more; --output FILE.csv has all")


def _write_faults(path: Path, faults: Sequence[Fault]) -> None:
    from engine.errors import ConfigError

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("OBJECTID", "Name", "Kind", "File", "Why"))
            writer.writerows((f.fid, f.name, f.kind, f.path, f.why) for f in faults)
    except OSError as err:
        raise ConfigError(path, "", f"cannot be written: {err.strerror or err}") from err
