"""`swath definition history|remove|calculate|statistics`: the service table kept in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.build.service_table import ServiceTable
    from engine.summary import BandStatistics

Definition = Annotated[Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")]
WhereOption = Annotated[
    str,
    typer.Option(
        metavar="CONDITION",
        help='Only items that fulfil it, as in "CloudCover < 10". [default: all]',
    ),
]
_MOST_SHOWN = 20


def history(
    definition: Definition,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="Only the newest; 0 = all.")
    ] = 0,
) -> None:
    """Show what was done to a definition, oldest first: UTC time, command, what it changed."""
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.history import history as history_of

    with DefinitionFolder(definition).table() as table:
        found = list(history_of(table, lines))
    for line in found:
        typer.echo(f"{line.moment}  {line.command:<12}  {line.text}")
    if not found:
        typer.echo("Nothing was done yet.")


def remove(
    definition: Definition,
    *,
    where: Annotated[
        str,
        typer.Option(metavar="CONDITION", help='Items to remove, as in "StatusId >= 100".'),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell which items it would be, and stop.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove the items that fulfil a condition; their files stay, their OBJECTIDs are not given again.

    The condition may name all fields, and StatusId and StatusMessage.
    """
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.history import note_history
    from engine.build.removal import remove_files, remove_items
    from engine.build.row_selection import select_rows
    from engine.errors import ConfigError

    if not where.strip():
        raise ConfigError("--where", "", 'expected a condition, as in "StatusId >= 100"')
    folder = DefinitionFolder(definition)
    with folder.table() as table:
        fids = select_rows(table, where)
        names = [row.name for fid in fids[:_MOST_SHOWN] if (row := table.row(fid)) is not None]
        typer.echo(f"{len(fids)} items fulfil it.")
        for fid, name in zip(fids, names, strict=False):
            typer.echo(f"  {fid:>7}  {name}")
        if len(fids) > len(names):
            typer.echo(f"  … and {len(fids) - len(names)} more")
        if not fids or dry_run:
            return
        if not yes:
            typer.confirm(f"Remove {len(fids)} items?", abort=True)
        with table.batch():
            files = remove_items(folder, table, fids)
            note_history(table, "remove", f"Removed {len(fids)} items where {where}.")
        remove_files(files)
    typer.echo(f"Removed {len(fids)} items.")
    typer.echo(f"Next: swath definition build {quoted(definition)}")


_CALCULATE_HELP = """Set a field to what an expression gives for each item; a new field gets its type.

An expression is made of fields, numbers, 'texts', null, + - * / %, parentheses, comparisons with
and, or, not, and functions:

* texts: upper, lower, trim, length, substr(text, from, count), left, right, replace(text, old, new),
  part(text, separator, number) (negative numbers count from the end), pad(text, width, fill),
  position, contains, startswith, endswith, concat(value, …), text(value)

* numbers: abs, round(value, digits), int, floor, ceil, sqrt, double, min, max, number(text), integer(text)

* dates: year, month, day, hour, minute, second, dayofyear, date(text); date + 1 is a day later

* if(condition, value, other), coalesce(value, …), isnull(value)

For example:

swath definition calculate s.isdef Tile "part(Name, '_', 2)"

swath definition calculate s.isdef ZOrder "if(CloudCover > 50, 1, 0)" --where "Year = 2020"

What has no answer (a division by zero, a text that is no number) is null. Doing it again changes nothing.
"""


def calculate(
    definition: Definition,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="Name of the field.")],
    expression: Annotated[str, typer.Argument(metavar="EXPRESSION", help="See above.")],
    *,
    where: WhereOption = "",
) -> None:
    """Set a field; see _CALCULATE_HELP."""
    from engine.build.calculate import calculate_field
    from engine.build.definition_folder import DefinitionFolder
    from server.authoring.progress_bars import ProgressBars

    with ProgressBars() as progress:
        done = calculate_field(DefinitionFolder(definition), field, expression, where, progress)
    made = f"Made field {done.field} ({done.kind}). " if done.is_new else ""
    typer.echo(
        f"{made}Set {done.field} in {done.changed} items, {done.unchanged} had the value already."
    )
    if done.empty:
        typer.secho(f"For {done.empty} items the expression gives null.", fg=typer.colors.YELLOW)
    if done.changed:
        typer.echo(f"Next: swath definition build {quoted(definition)}")


calculate.__doc__ = _CALCULATE_HELP


def statistics(
    definition: Definition,
    *,
    where: WhereOption = "",
    per_item: Annotated[
        bool, typer.Option("--per-item", help="A line for each item and band, too.")
    ] = False,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Read the pixels of these items again (runs build).")
    ] = False,
) -> None:
    """Print minimum, maximum, mean and deviation of each band, over all items or those of a condition.

    Samples are as the service gives them: without no data, after the processes of each item.
    """
    from engine.build.build import build_definition
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.history import note_history
    from engine.build.item_statistics import StatisticsReader, forget_statistics
    from server.authoring.progress_bars import ProgressBars
    from server.guarded_workers import GuardedWorkers

    folder = DefinitionFolder(definition)
    if recompute:
        with folder.table() as table:
            count = forget_statistics(table, where)
        with GuardedWorkers(timeout_s=600.0, forked=True) as workers, ProgressBars() as progress:
            build_definition(folder, None, workers, progress)
        with folder.table() as table:
            note_history(table, "statistics", f"Counted the samples of {count} items anew.")
    with folder.table() as table:
        names = _band_names(table)
        typer.echo(_statistics_line(("item", "band", "minimum", "maximum", "mean", "deviation")))
        reader = StatisticsReader(table, where)
        for item in reader.each():
            if per_item:
                _tell_bands(f"{item.fid} {item.name}", names, item.bands)
        _tell_bands(f"all {reader.items} items", names, reader.total())
        if reader.uncounted:
            why = f"{reader.uncounted} items have no statistics; run: swath definition build"
            typer.secho(f"{why} {definition}", fg=typer.colors.YELLOW, err=True)


def _band_names(table: ServiceTable) -> list[str]:
    from engine.build.definition_folder import read_facts

    facts = read_facts(table)
    return [band.name for band in facts.bands] if facts else []


def _tell_bands(label: str, names: list[str], bands: Iterable[BandStatistics]) -> None:
    for number, band in enumerate(bands):
        name = names[number] if number < len(names) else str(number + 1)
        found = (band.min, band.max, band.mean, band.std)
        values = ("none" if band.is_empty else f"{value:.6g}" for value in found)
        typer.echo(_statistics_line((label, name, *values)))


def _statistics_line(words: tuple[str, ...]) -> str:
    item, band, *values = words
    return f"{item[:40]:<40}  {band[:16]:<16}" + "".join(f"{value:>14}" for value in values)
