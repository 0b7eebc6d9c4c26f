"""`swath definition balance`: corrections that make a mosaic of many dates look like one picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 -- typer reads it at run time
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.listing import quoted

if TYPE_CHECKING:
    from engine.build.balance.options import BalanceReport


class Method(StrEnum):
    """What is corrected."""

    GAIN_OFFSET = "gain-offset"
    GAIN = "gain"
    DODGE = "dodge"


def balance(
    definition: Annotated[
        Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")
    ],
    *,
    method: Annotated[
        Method,
        typer.Option(
            help="gain-offset or gain: numbers for each band of each item. dodge: gains that change "
            "slowly across each item, towards the target or the smoothed mosaic.",
        ),
    ] = Method.GAIN_OFFSET,
    target: Annotated[
        str,
        typer.Option(
            metavar="FILE|ITEMID|NAME",
            help="A raster that all are to look like, or items that stay as they are (* and ? stand "
            "for others). [default: all move as little as they can]",
        ),
    ] = "",
    where: Annotated[
        str,
        typer.Option(help="Items to correct; their neighbours stay as they are. [default: all]"),
    ] = "",
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the corrections back, and do nothing else.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png", help="Before and after. [default: balance/ of the definition]"
        ),
    ] = None,
) -> None:
    """Balance colours: give items corrections so that neighbours agree where they overlap.

    Overlaps are compared on coarse grids; clouds and what has changed between two dates are left out.
    The corrections are processes of each item's chain and are replaced when this is run again; --remove
    brings the former definitions back. Interrupted, it goes on where it stopped; one more item costs
    its own overlaps alone.
    """
    from engine.build.balance.balance import balance_definition, remove_balance
    from engine.build.balance.options import BalanceOptions
    from engine.build.definition_folder import DefinitionFolder
    from server.authoring.progress_bars import ProgressBars
    from server.commands.stated_files import check_parent
    from server.guarded_workers import GuardedWorkers

    if picture is not None:
        check_parent(picture, "--picture")
    folder = DefinitionFolder(definition)
    if remove:
        count = remove_balance(folder, where)
        typer.echo(f"Took back the balance of {count} items.")
    else:
        options = BalanceOptions(method=method.value, target=target, where=where, picture=picture)
        with GuardedWorkers(timeout_s=600.0, forked=True) as workers, ProgressBars() as progress:
            report = balance_definition(folder, options, workers, progress)
        _tell(report)
        count = report.corrected
    if count:
        typer.echo(f"Next: swath definition build {quoted(definition)}")


def _tell(report: BalanceReport) -> None:
    if report.built:
        typer.echo(f"Built {report.built} items that waited.")
    typer.echo(
        f"Balanced {report.corrected} of {report.items} items by {report.overlaps} overlaps "
        f"({report.measured} compared now, {report.unusable} told nothing)."
    )
    before, after = (
        "  ".join(f"{step:.4g}" for step in steps)
        for steps in (report.step_before, report.step_after)
    )
    if before:
        typer.echo(f"Mean step between neighbours, band by band: {before} before, {after} after.")
    if report.alone:
        typer.echo(f"{report.alone} items overlap no other; they stay as they are.")
    if report.groups > 1:
        typer.echo(f"{report.groups} groups are not connected; each was balanced by itself.")
    if report.picture is not None:
        typer.echo(f"Before and after: {report.picture}")
